package app_test

import (
	"log/slog"
	"testing"

	"sneakers23/app"
	"sneakers23/app/postgres/pgtest"
)

// TestStageIsACopy opens a rehearsal beside a store that stands in a schema of its own, which the address names.
func TestStageIsACopy(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	node, err := app.Start(t.Context(), clusterConfig(t, db, "node"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = node.Stop(t.Context()) }()
	stage, err := app.OpenStage(t.Context(), app.DatabaseConfig{URL: db}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if stage.URL() == node.URL() || stage.AdminPassword() == "" {
		t.Errorf("it is at %s", stage.URL())
	}
	if err := stage.Close(); err != nil {
		t.Error(err)
	}
}
