package app

import (
	"context"
	"errors"
	"log/slog"

	"sneakers23/app/operator"
	"sneakers23/app/store"
)

// OpenSchema opens a database for work on its schema, see [store.OpenSchema]. The private one of a
// data directory is not opened while a node with that directory uses another one.
func OpenSchema(ctx context.Context, c store.Config, create bool, log *slog.Logger) (*store.Schema, error) {
	if err := checkNode(c); err != nil {
		return nil, err
	}
	return store.OpenSchema(ctx, c, create, log)
}

// checkNode refuses a private database if the node of the data directory uses another one.
func checkNode(c store.Config) error {
	if !c.IsPrivate() {
		return nil
	}
	client, err := operator.Dial(c.DataDir)
	if errors.Is(err, operator.ErrNoNode) {
		return nil
	}
	if err != nil {
		return err
	}
	defer client.Close()
	if !client.Uses(c) {
		return errors.New("the node that runs here uses another database: name that with --database-url (DATABASE_URL)")
	}
	return nil
}
