package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// benchNode starts a node of a cluster in this process.
func benchNode(b *testing.B, url, name string, join ...string) *Node {
	b.Helper()
	cfg := DefaultConfig()
	cfg.Listen, cfg.DataDir, cfg.DatabaseURL, cfg.Seed = "127.0.0.1:0", b.TempDir(), url, true
	cfg.NodeName, cfg.ClusterListen, cfg.Join = name, "127.0.0.1:0", join
	cfg.ClusterSecret = "the secret of this cluster"
	cfg.Secrets, cfg.AdminPassword = []string{"the secret that signs cookies and tokens"}, "the password of admins"
	n, err := Start(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := n.Stop(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	})
	return n
}

// pushes are the changes that were committed and have not been pushed elsewhere yet, by item and
// level.
type pushes struct {
	mu        sync.Mutex
	committed map[inventory.ItemID][]push
	took      []time.Duration
	arrived   chan struct{} // buffer: more than any run commits
}

type push struct {
	level inventory.Level
	at    time.Time
}

func (p *pushes) commit(changes []inventory.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range changes {
		if c.Item != nil {
			p.committed[c.Item.ID] = append(p.committed[c.Item.ID], push{
				inventory.DefaultThresholds.Level(c.Item.Available), time.Now(),
			})
		}
	}
}

// pushed takes the newest of the item's changes that led to this level, and all before it: those
// were coalesced.
func (p *pushes) pushed(item inventory.ItemID, level inventory.Level) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.committed[item]
	for i, c := range slices.Backward(all) {
		if c.level == level {
			p.took = append(p.took, time.Since(c.at))
			p.committed[item] = all[i+1:]
			break
		}
	}
	select {
	case p.arrived <- struct{}{}:
	default:
	}
}

// BenchmarkPushElsewhere measures from the commit at one node to the push at a socket of another,
// of three: 1,000 changes a second, each of which shows.
func BenchmarkPushElsewhere(b *testing.B) {
	url := pgtest.URL(b)
	first := benchNode(b, url, "a")
	seed := first.cluster.Routes()
	benchNode(b, url, "b", seed)
	far := benchNode(b, url, "c", seed)
	p := &pushes{committed: make(map[inventory.ItemID][]push), arrived: make(chan struct{}, 1<<20)}
	defer followAll(b, far, p)()

	items := emptied(b, first)
	first.stock.OnCommitted(p.commit) // no commit is under way
	b.ResetTimer()
	for b.Loop() {
		toggle(b, first, items, 1000, time.Millisecond)
	}
	b.StopTimer()
	for quiet := time.NewTimer(time.Second); ; {
		select {
		case <-p.arrived:
			continue
		case <-quiet.C:
		}
		break
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.took)
	if len(p.took) < b.N*500 {
		b.Fatalf("%d of %d changes were pushed", len(p.took), b.N*1000)
	}
	for _, percentile := range []int{50, 99} {
		b.ReportMetric(float64(p.took[len(p.took)*percentile/100].Microseconds())/1000,
			fmt.Sprintf("p%d-ms", percentile))
	}
	b.ReportMetric(float64(len(p.took))/float64(b.N), "pushes/op")
}

// followAll reads the products' topics from a node, as a reader of feeds does, until stop is
// called.
func followAll(b *testing.B, n *Node, p *pushes) (stop func()) {
	b.Helper()
	ws, resp, err := websocket.DefaultDialer.Dial(strings.Replace(n.URL(), "http", "ws", 1)+
		"/feed?topic=product:1&topic=product:2", nil)
	if err != nil {
		b.Fatal(err)
	}
	resp.Body.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			_, data, err := ws.ReadMessage()
			if err != nil {
				return
			}
			var m struct {
				Event   string
				Payload struct {
					ItemID inventory.ItemID `json:"item_id"`
					Level  inventory.Level  `json:"level"`
				}
			}
			if json.Unmarshal(data, &m) == nil && m.Event == "stock_change" {
				p.pushed(m.Payload.ItemID, m.Payload.Level)
			}
		}
	}()
	return func() {
		ws.Close()
		<-ended
	}
}

// emptied sells all that there is.
func emptied(b *testing.B, n *Node) (items []inventory.ItemID) {
	b.Helper()
	if _, err := n.db.Pool.Exec(b.Context(),
		`UPDATE item_availabilities SET available_count = 0, stocked_count = sold_count`); err != nil {
		b.Fatal(err)
	}
	if err := n.healer.Heal(b.Context()); err != nil {
		b.Fatal(err)
	}
	for p := range n.stock.Catalog().Products() {
		for _, it := range p.Items {
			items = append(items, it.ID)
		}
	}
	return items
}

// toggle makes changes at a steady pace: each puts one pair of an item on the shelf, or sells it.
func toggle(b *testing.B, n *Node, items []inventory.ItemID, changes int, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var wg sync.WaitGroup
	busy := make([]sync.Mutex, len(items)) // an item's changes are one after the other
	for i := range changes {
		<-tick.C
		wg.Go(func() {
			at := i % len(items)
			busy[at].Lock()
			defer busy[at].Unlock()
			now, _, _ := n.stock.Catalog().Item(items[at])
			var err error
			if now.Available > 0 {
				_, err = n.ledger.SellUpTo(context.WithoutCancel(b.Context()), map[inventory.ItemID]int{items[at]: 1},
					ledger.AlsoUnreleased)
			} else {
				err = n.ledger.Restock(context.WithoutCancel(b.Context()), items[at], 1)
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}
