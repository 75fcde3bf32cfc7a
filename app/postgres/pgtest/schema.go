package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres"
)

// newSchema makes an empty schema with a random name and returns it with the address that leads to
// it.
func newSchema(ctx context.Context, base string) (schema, connString string, err error) {
	schema = "test_" + strings.ToLower(rand.Text())
	if connString, err = postgres.WithSearchPath(base, schema); err != nil {
		return "", "", err
	}
	return schema, connString, execute(ctx, base, "CREATE SCHEMA "+pgx.Identifier{schema}.Sanitize())
}

// dropSchema removes a schema and all that is in it.
func dropSchema(base, schema string) error {
	ctx, cancel := within("drop the schema of a test")
	defer cancel()
	return execute(ctx, base, "DROP SCHEMA "+pgx.Identifier{schema}.Sanitize()+" CASCADE")
}

func execute(ctx context.Context, connString, sql string) error {
	conn, err := pgx.Connect(ctx, connString)
	if err != nil {
		return fmt.Errorf("connect to the test database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
