package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres"
)

// keeper is the connection over which schemas are made and dropped: a connection of its own for
// each would cost more than the schema.
var keeper struct {
	sync.Mutex
	conn *pgx.Conn
}

// newSchema makes an empty schema with a random name and returns it with the address that leads to
// it.
func newSchema(base string) (schema, connString string, err error) {
	schema = "test_" + strings.ToLower(rand.Text())
	if connString, err = postgres.WithSearchPath(base, schema); err != nil {
		return "", "", err
	}
	create := "CREATE SCHEMA " + pgx.Identifier{schema}.Sanitize()
	return schema, connString, keep("make the schema of a test", base, create)
}

// dropSchema removes a schema and all that is in it.
func dropSchema(base, schema string) error {
	return keep("drop the schema of a test", base, "DROP SCHEMA "+pgx.Identifier{schema}.Sanitize()+" CASCADE")
}

// keep runs a statement over the keeper's connection, which it makes if there is none that works.
// Its time counts from when the connection is free.
func keep(what, base, sql string) (err error) {
	keeper.Lock()
	defer keeper.Unlock()
	ctx, cancel := within(what)
	defer cancel()
	if keeper.conn == nil || keeper.conn.Ping(ctx) != nil {
		if keeper.conn, err = connect(ctx, base); err != nil {
			return err
		}
	}
	if _, err := keeper.conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

func execute(ctx context.Context, connString, sql string) error {
	conn, err := connect(ctx, connString)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

func connect(ctx context.Context, connString string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, connString)
	if err != nil {
		return nil, fmt.Errorf("connect to the test database: %w", err)
	}
	return conn, nil
}
