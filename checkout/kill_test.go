package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// tellerProcess names the database of a process that sells one cart: it reads the purchase and
// writes the order.
const tellerProcess = "CHECKOUT_TELLER_PROCESS"

func runTellerProcess(url string) error {
	ctx, cancel := within("a process sells one cart")
	defer cancel()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	quiet := slog.New(slog.DiscardHandler)
	d := inventory.NewDispatcher()
	stock := inventory.NewServer(inventory.NewStore(pool), inventory.DefaultThresholds, d, quiet)
	committer := ledger.New(ledger.Config{
		Pool: pool, Inventory: stock, Patience: waittest.Limit(), MaxWait: waittest.Limit(),
	})
	teller := NewTeller(TellerConfig{Ledger: committer, Inventory: stock})
	for _, serve := range []func(context.Context) error{stock.Serve, d.Serve, committer.Serve, teller.Serve} {
		go serve(ctx) // they end with the process
	}
	var p Purchase
	if err := json.NewDecoder(os.Stdin).Decode(&p); err != nil {
		return err
	}
	o, err := teller.Buy(ctx, p)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(o)
}

// startTeller starts a process that sells the cart over a database's address.
func startTeller(t *testing.T, url string, p Purchase) (cmd *exec.Cmd, order func() (Order, error)) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(exe)
	cmd.Env = append(os.Environ(), tellerProcess+"="+url, "GORACE=atexit_sleep_ms=0",
		fmt.Sprintf("TEST_PATIENCE=%f", waittest.Factor())) // it need not measure again
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if err := json.NewEncoder(in).Encode(p); err != nil {
		t.Fatal(err)
	}
	return cmd, func() (o Order, err error) {
		err = json.NewDecoder(out).Decode(&o)
		_ = cmd.Wait()
		return o, err
	}
}

// TestKilledNode kills a process that sells the last pair after its commit and before anybody hears
// of it. The same form sent to another process gets the order.
func TestKilledNode(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	line, cut := pgtest.NewCutter(t, s.Pool, func() pgtest.Fault { return pgtest.HoldsAnswer })
	p := s.cart(s.Items[0])
	first, order := startTeller(t, connString(cut), p)
	waittest.Done(t, "the process commits", line.Committed)
	if err := first.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if o, err := order(); err == nil {
		t.Errorf("the killed process told of %+v", o)
	}
	if left := s.Item(s.Items[0]).Available; left != 0 {
		t.Fatalf("%d pairs are left, want the last one sold", left)
	}
	_, order = startTeller(t, connString(s.Pool), p)
	o, err := order()
	if err != nil {
		t.Fatal(err)
	}
	third := s.node(s.Pool)
	if again := third.buy(p); cmp.Diff(again.Lines, o.Lines) != "" || again.ID != o.ID || len(o.Lines) != 1 {
		t.Errorf("one process says %+v, another %+v", o, again)
	}
	s.CheckBooks()
}

// connString is the address of a pool's connections, as another process can use it.
func connString(pool *pgxpool.Pool) string {
	c := pool.Config().ConnConfig
	return fmt.Sprintf("host='%s' port=%d dbname='%s' user='%s' password='%s' sslmode=prefer search_path=%s",
		c.Host, c.Port, c.Database, c.User, c.Password, c.RuntimeParams["search_path"])
}
