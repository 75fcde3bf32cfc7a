package checkout

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres"
)

// An iteration of these benchmarks is a pair: the naive seller and the teller, in turns, with the
// same clients, the same pool and the same tables. The medians of the pairs are reported, see `make
// bench-teller`.
var (
	side  = flag.Duration("side", 200*time.Millisecond, "how long each side of a pair sells in the selling benchmarks")
	conns = flag.Int("conns", 16,
		"connections of the pool in the selling benchmarks; the teller uses one of them at a time")
)

// seller is what both sides of a pair are.
type seller interface {
	Buy(context.Context, Purchase) (Order, error)
}

// sizes of a shoe in these benchmarks; there are two shoes.
const sizes = 13

// crowded is how many pairs of each size no benchmark ever sells.
const crowded = 900_000_000

func BenchmarkSelling(b *testing.B) {
	hot := func(s *store) Purchase { return s.cart(s.Items[0]) }
	two := func(s *store) Purchase { return s.cart(s.Items[rand.IntN(sizes)], s.Items[sizes+rand.IntN(sizes)]) }
	b.Run("hot/buyers=256", func(b *testing.B) { comparePairs(b, 256, 0, hot) })
	b.Run("two/buyers=256", func(b *testing.B) { comparePairs(b, 256, 0, two) })
	for _, delay := range []time.Duration{100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond} {
		b.Run(fmt.Sprintf("two/buyers=256/commit_delay=%v", delay), func(b *testing.B) {
			comparePairs(b, 256, delay, two)
		})
	}
	b.Run("lone", func(b *testing.B) { comparePairs(b, 1, 0, hot) })
	b.Run("refused", benchmarkRefusals)
}

// rate is what one side of a pair did.
type rate struct {
	perSecond float64
	p50, p99  time.Duration
}

func (r rate) String() string {
	return fmt.Sprintf("%.0f/s, p50 %v, p99 %v",
		r.perSecond, r.p50.Round(10*time.Microsecond), r.p99.Round(10*time.Microsecond))
}

// comparePairs lets both sellers sell the same kind of carts to so many buyers, each of whom comes
// again at once. With a delay the database takes that much longer to flush what it commits, as on a
// slower disk.
func comparePairs(b *testing.B, buyers int, delay time.Duration, cart func(*store) Purchase) {
	s := newStore(b, 2, sizes, crowded)
	pool := salesPool(b, s.Pool, delay)
	durable(b, pool)
	b.Logf("%d buyers, a pool of %d connections", buyers, *conns)
	n := s.node(pool)
	sellers := []seller{naive{pool, n.stock}, n.teller}
	for _, from := range sellers { // prepares statements
		rush(b, from, buyers, 50*time.Millisecond, func() Purchase { return cart(s) }, nil)
	}
	var (
		fsyncs                []time.Duration
		naives, tellers       []float64
		naive50, teller50     []float64
		ratios, tails, halves []float64
	)
	for b.Loop() {
		fsync := fsyncLatency(b)
		x := rush(b, sellers[0], buyers, *side, func() Purchase { return cart(s) }, nil)
		y := rush(b, sellers[1], buyers, *side, func() Purchase { return cart(s) }, nil)
		b.Logf("fsync %v; naive %v; teller %v; %.1f times",
			fsync.Round(time.Microsecond), x, y, y.perSecond/x.perSecond)
		fsyncs = append(fsyncs, fsync)
		naives, tellers = append(naives, x.perSecond), append(tellers, y.perSecond)
		naive50, teller50 = append(naive50, x.p50.Seconds()), append(teller50, y.p50.Seconds())
		ratios = append(ratios, y.perSecond/x.perSecond)
		halves = append(halves, y.p50.Seconds()/x.p50.Seconds())
		tails = append(tails, y.p99.Seconds()/x.p99.Seconds())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(median(fsyncs).Microseconds()), "fsync-µs")
	b.ReportMetric(median(naives), "naive/s")
	b.ReportMetric(median(tellers), "teller/s")
	b.ReportMetric(median(naive50)*1e6, "naive-p50-µs")
	b.ReportMetric(median(teller50)*1e6, "teller-p50-µs")
	b.ReportMetric(median(ratios), "times")
	b.ReportMetric(median(halves), "p50-ratio")
	b.ReportMetric(median(tails), "p99-ratio")
	s.CheckBooks()
}

// benchmarkRefusals asks for a size that is out.
func benchmarkRefusals(b *testing.B) {
	s := newStore(b, 1, 1, 0)
	n := s.node(s.Pool)
	cart := s.cart(s.Items[0])
	asked := s.Pool.Stat().AcquireCount()
	var rates []float64
	for b.Loop() {
		r := rush(b, n.teller, 256, *side, func() Purchase { return cart }, ErrSoldOut)
		b.Log(r)
		rates = append(rates, r.perSecond)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(rates), "refusals/s")
	b.ReportMetric(float64(s.Pool.Stat().AcquireCount()-asked), "queries")
}

// rush lets buyers ask for one cart after the other until the time is up.
func rush(b *testing.B, from seller, buyers int, long time.Duration, cart func() Purchase, want error) rate {
	b.Helper()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		all   []time.Duration
		began = time.Now()
	)
	for range buyers {
		wg.Go(func() {
			var took []time.Duration
			for time.Since(began) < long {
				p := cart()
				asked := time.Now()
				if _, err := from.Buy(context.Background(), p); !errors.Is(err, want) {
					b.Errorf("got %v, want %v", err, want)
					return
				}
				took = append(took, time.Since(asked))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	wg.Wait()
	elapsed := time.Since(began)
	if len(all) == 0 {
		b.Fatal("nobody was served")
	}
	slices.Sort(all)
	return rate{float64(len(all)) / elapsed.Seconds(), all[len(all)/2], all[len(all)*99/100]}
}

func median[T float64 | time.Duration](v []T) T {
	return slices.Sorted(slices.Values(v))[len(v)/2]
}

// salesPool is a pool of the database of another, as large as the naive seller likes it. With a
// delay its connections wait that much longer for the disk at each commit.
func salesPool(b *testing.B, of *pgxpool.Pool, delay time.Duration) *pgxpool.Pool {
	cfg := of.Config()
	cfg.MaxConns = int32(*conns)
	if delay > 0 {
		cfg.ConnConfig.RuntimeParams["commit_delay"] = strconv.FormatInt(delay.Microseconds(), 10)
		cfg.ConnConfig.RuntimeParams["commit_siblings"] = "0" // also when no other transaction is about to commit
	}
	pool, err := pgxpool.NewWithConfig(b.Context(), cfg)
	if err == nil {
		err = pool.Ping(b.Context())
	}
	if err != nil && delay > 0 {
		b.Skipf("only a superuser of the database may set commit_delay: %v", err)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return pool
}

// durable refuses to compare on a database that does not wait for its disk.
func durable(b *testing.B, pool *pgxpool.Pool) {
	off, err := postgres.CheckDurability(b.Context(), pool)
	if err != nil {
		b.Fatal(err)
	}
	if len(off) > 0 {
		b.Fatalf("the database is not durable: %s", strings.Join(off, ", "))
	}
}

// fsyncLatency is how long it takes to write a block of a file and to wait for the disk, in the
// directory where the tests' own database is. It is the median of some.
func fsyncLatency(b *testing.B) time.Duration {
	f, err := os.Create(filepath.Join(b.TempDir(), "fsync"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 8192)
	var took []time.Duration
	for range 100 {
		began := time.Now()
		if _, err := f.WriteAt(block, 0); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	return median(took)
}
