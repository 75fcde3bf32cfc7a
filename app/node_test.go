package app_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"sneakers23/app"
	"sneakers23/app/operator"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func config(t *testing.T) app.Config {
	cfg := app.DefaultConfig()
	cfg.Listen, cfg.DataDir, cfg.DatabaseURL, cfg.Seed = "127.0.0.1:0", t.TempDir(), pgtest.URL(t), true
	return cfg
}

// TestNode starts the very node that the program runs, commands it and stops it.
func TestNode(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(n.URL() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("readyz: %d %s", resp.StatusCode, body)
	}
	client, err := operator.Dial(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	products, err := client.Products(t.Context())
	if err != nil || len(products) != 2 {
		t.Errorf("got %d products, %v, want 2", len(products), err)
	}
	done, err := client.Release(t.Context(), operator.ReleaseRequest{Product: products[0].SKU})
	if err != nil || !done.Released || done.Already {
		t.Errorf("release: %+v, %v", done, err)
	}
	if _, err := client.Sell(t.Context(), operator.SellRequest{Count: operator.MaxSell + 1}); err == nil {
		t.Error("more than MaxSell pairs were sold at once")
	}
	if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: %v", err)
	}
	select {
	case <-n.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if n.Err() != nil {
		t.Errorf("a node that was stopped failed with %v", n.Err())
	}
	if _, err := operator.Dial(cfg.DataDir); !errors.Is(err, operator.ErrNoNode) {
		t.Errorf("dial a stopped node: %v, want ErrNoNode", err)
	}
	if _, err := client.Products(t.Context()); err == nil {
		t.Error("a stopped node answered")
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n, err := app.Start(ctx, config(t))
	if err == nil {
		t.Error("started under a context that had ended")
		_ = n.Stop(context.WithoutCancel(t.Context()))
	}
}

func TestStopWaitsForDrainDelay(t *testing.T) {
	t.Parallel()
	for delay := time.Second; !answersFor(t, delay); delay *= 2 {
		if delay > time.Minute {
			t.Fatalf("the node did not say within %v that it is stopping", delay)
		}
		t.Logf("no request came within %v", delay)
	}
}

// answersFor stops a node, which goes on answering for the delay, and says that it is stopping. It
// returns false if the delay was over before that was asked.
func answersFor(t *testing.T, delay time.Duration) bool {
	t.Helper()
	cfg := config(t)
	cfg.DrainDelay = delay
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	began := time.Now()
	go func() { stopped <- n.Stop(context.WithoutCancel(t.Context())) }()
	answered := false
	waittest.Until(t, "it answers, and says that it is stopping", func() bool {
		resp, err := http.Get(n.URL() + "/readyz")
		if err != nil {
			if time.Since(began) < delay {
				t.Fatalf("refused while draining: %v", err)
			}
			return true
		}
		resp.Body.Close()
		answered = resp.StatusCode == http.StatusServiceUnavailable
		return answered
	})
	if err := waittest.Receive(t, "the end of Stop", stopped); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < delay {
		t.Errorf("stopped after %v, want at least %v", took, delay)
	}
	return answered
}
