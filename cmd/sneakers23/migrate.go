package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"sneakers23/app"
	"sneakers23/app/operator"
	"sneakers23/app/store"
)

// migrateCmd works on the schema without a node.
type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Apply all pending steps."`
	Down   migrateDownCmd   `cmd:"" help:"Take the newest step back, and what it holds with it. Asks first unless --yes."`
	Status migrateStatusCmd `cmd:"" help:"List the steps and which are applied."`
}

type (
	migrateUpCmd   struct{ databaseFlag }
	migrateDownCmd struct {
		databaseFlag
		Yes bool `help:"Do not ask." short:"y"`
	}
	migrateStatusCmd struct{ databaseFlag }
)

// schema opens the database that the flags name for work on its schema, and makes a private one
// only if create is true.
func (f databaseFlag) schema(ctx context.Context, g *globals, term terminal, create bool) (*store.Schema, error) {
	return app.OpenSchema(ctx, f.config(g), create, newLog(term.err, g.JSON, slog.LevelWarn))
}

func (f databaseFlag) config(g *globals) store.Config {
	return store.Config{URL: f.DatabaseURL, DataDir: g.DataDir, BinDir: f.PostgresBin}
}

// Run is called by kong.
func (c *migrateUpCmd) Run(ctx context.Context, g *globals, term terminal) (err error) {
	s, err := c.schema(ctx, g, term, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	steps, err := s.Up(ctx)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(orEmpty(steps))
	}
	for _, st := range steps {
		term.out.Printf("applied %s\n", st.Name)
	}
	if len(steps) == 0 {
		term.out.Println("nothing to do, all steps are applied")
	}
	return nil
}

// Run is called by kong.
func (c *migrateDownCmd) Run(ctx context.Context, g *globals, term terminal) (err error) {
	if client, err := operator.Dial(g.DataDir); err == nil {
		defer client.Close()
		if client.Uses(c.config(g)) {
			return fmt.Errorf("node %s runs on this database and would be left without its tables: stop it first",
				client.Node.Name)
		}
	}
	if !c.Yes {
		if err := confirm(term,
			"This deletes what the newest step holds: for the first step, that is the whole store."); err != nil {
			return err
		}
	}
	s, err := c.schema(ctx, g, term, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	st, err := s.Down(ctx)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(st)
	}
	term.out.Printf("took back %s\n", st.Name)
	return nil
}

// Run is called by kong.
func (c *migrateStatusCmd) Run(ctx context.Context, g *globals, term terminal) (err error) {
	s, err := c.schema(ctx, g, term, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	steps, err := s.Status(ctx)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(orEmpty(steps))
	}
	table := term.out.Table()
	table.Row("STEP", "APPLIED")
	for _, st := range steps {
		when := "pending"
		if st.Applied {
			when = stamp(st.AppliedAt.Local())
		}
		table.Row(cmp.Or(st.Name, fmt.Sprintf("%05d, of a newer version of the program", st.Version)), when)
	}
	table.Print()
	return nil
}
