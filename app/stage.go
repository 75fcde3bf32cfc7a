package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"sneakers23/app/operator"
	"sneakers23/app/store"
	"sneakers23/inventory"
)

// Stage is a shop for rehearsals: a node of its own in this process, on a copy of the stock in a
// schema of its own. Its sales do not touch the real stock.
type Stage struct {
	node    *Node
	copied  *store.Copy
	dataDir string
}

// OpenStage copies products and stock of the database, see [store.CopyStock], and opens a node on
// the copy. Close ends the node, and drops the copy.
func OpenStage(
	ctx context.Context, c store.Config, released func(sku string, really bool) bool, log *slog.Logger,
) (_ *Stage, err error) {
	s := &Stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := checkNode(c); err != nil {
		return nil, err
	}
	if s.copied, err = store.CopyStock(ctx, c, released, log); err != nil {
		return nil, err
	}
	return s, s.open(ctx, log)
}

// Release releases a product of the copy, as an operator does.
func (s *Stage) Release(ctx context.Context, sku string) error {
	_, err := s.node.operator.Release(inventory.ActingAs(ctx, "rehearsal"), operator.ReleaseRequest{Product: sku})
	return err
}

func (s *Stage) open(ctx context.Context, log *slog.Logger) (err error) {
	if s.dataDir, err = os.MkdirTemp("", "sneakers23-rehearsal-"); err != nil {
		return err
	}
	cfg := DefaultConfig()
	cfg.Listen, cfg.DataDir, cfg.DatabaseURL = "127.0.0.1:0", s.dataDir, s.copied.URL()
	cfg.NodeName, cfg.Log = "rehearsal", log
	cfg.NoLimits = true // all shoppers of a rehearsal have one address
	s.node, err = Start(ctx, cfg)
	return err
}

// URL of the shop.
func (s *Stage) URL() string { return s.node.URL() }

// AdminPassword opens its dashboard.
func (s *Stage) AdminPassword() string { return s.node.MadePassword() }

// Close ends the node at once and drops the copy.
func (s *Stage) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var errs []error
	if s.node != nil {
		hurry, done := context.WithTimeout(ctx, time.Second) // no client has to reconnect elsewhere
		_ = s.node.Stop(hurry)
		done()
	}
	if s.copied != nil {
		errs = append(errs, s.copied.Close())
	}
	if s.dataDir != "" {
		errs = append(errs, os.RemoveAll(s.dataDir))
	}
	return errors.Join(errs...)
}
