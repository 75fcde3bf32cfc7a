package presence_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sneakers23/replication/cluster"
	"sneakers23/replication/presence"
)

// replica is a tracker on a node of a cluster.
type replica struct {
	*presence.Tracker
	node  *cluster.Node
	bytes *atomic.Int64 // that it has sent to others
}

// startReplicas connects so many by real NATS servers in this process.
func startReplicas(b *testing.B, n int) []replica {
	b.Helper()
	var all []replica
	var seeds []string
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	b.Cleanup(func() {
		cancel()
		served.Wait()
		for _, r := range all {
			_ = r.node.Stop(context.Background())
		}
	})
	for i := range n {
		node, err := cluster.Start(cluster.Config{
			DataDir: b.TempDir(), Name: fmt.Sprint("node", i), HTTP: "http://node", Listen: "127.0.0.1:0", Join: seeds,
			Secret: "the secret of this cluster", Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			b.Fatal(err)
		}
		r := replica{node: node, bytes: new(atomic.Int64)}
		stream := node.Stream("presence", func(from cluster.Peer, data []byte) { _ = r.Receive(from.Name, data) })
		r.Tracker, err = presence.New(presence.Options{Name: fmt.Sprint("node", i), Link: presence.Link{
			Send: func(m []byte) error {
				r.bytes.Add(int64(len(m)))
				return stream.Send(m)
			},
			Ask: func(ctx context.Context, to string, q []byte) ([]byte, error) {
				return node.Ask(ctx, to, "presence", q)
			},
		}})
		if err != nil {
			b.Fatal(err)
		}
		node.Handle("presence", r.Answer)
		node.OnResync(func(p cluster.Peer) { r.Missed(p.Name) })
		served.Go(func() { _ = node.Serve(ctx) })
		served.Go(func() { _ = r.Serve(ctx) })
		if err := node.Join(ctx); err != nil {
			b.Fatal(err)
		}
		all = append(all, r)
		seeds = []string{all[0].node.Routes()}
	}
	return all
}

// BenchmarkStorm lets 50,000 owners come within ten seconds, spread over three nodes, and measures
// how long after the last one all nodes list all of them; then what it costs when nothing happens.
func BenchmarkStorm(b *testing.B) {
	owners, spread, rest := 50_000, 10*time.Second, 30*time.Second
	if testing.Short() {
		owners, spread, rest = 5000, time.Second, time.Second
	}
	for b.Loop() {
		replicas := startReplicas(b, 3)
		began, before := time.Now(), usage()
		var wg sync.WaitGroup
		for i, r := range replicas {
			wg.Go(func() {
				for j := i; j < owners; j += len(replicas) {
					due := began.Add(spread * time.Duration(j) / time.Duration(owners))
					if wait := time.Until(due); wait > 0 {
						<-time.After(wait)
					}
					if _, err := r.NewOwner(b.Context()).Track("carts", fmt.Sprint("key", j),
						storedCart(j)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		last := time.Now()
		b.ReportMetric((usage()-before).Seconds()/last.Sub(began).Seconds(), "cores/storm")
		for _, r := range replicas {
			for {
				list, err := r.List("carts")
				if err != nil || time.Since(last) > time.Minute {
					b.Fatalf("%d listed, %v", len(list), err)
				}
				if len(list) == owners {
					break
				}
				<-time.After(10 * time.Millisecond)
			}
		}
		b.ReportMetric(time.Since(last).Seconds(), "s/converged")
		idle(b, replicas, rest)
	}
}

// idle measures what trackers with all of that cost when nothing happens.
func idle(b *testing.B, replicas []replica, rest time.Duration) {
	<-time.After(2 * time.Second) // the last deltas leave
	var sent int64
	for _, r := range replicas {
		sent -= r.bytes.Load()
	}
	began, before := time.Now(), usage()
	<-time.After(rest)
	took := time.Since(began)
	for _, r := range replicas {
		sent += r.bytes.Load()
	}
	b.ReportMetric(float64(sent)/took.Seconds(), "bytes/s-idle")
	b.ReportMetric(100*(usage()-before).Seconds()/took.Seconds()/float64(len(replicas)), "%cpu-idle-node")
}

// usage is the CPU time of this process.
func usage() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // never fails for oneself
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func storedCart(i int) any {
	return map[string]any{
		"page": "/products/SHU6000", "page_loaded_at": 1772366400000 + i, "items": []int{1 + i%13, 14 + i%13},
	}
}
