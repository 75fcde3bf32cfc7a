package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"

	"sneakers23/app"
	"sneakers23/app/operator"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/store"
	"sneakers23/app/waittest"
	"sneakers23/migrations"
)

// member is a node of a cluster in this process, and a command line beside it.
type member struct {
	*app.Node
	client *operator.Client
	cfg    app.Config
}

const adminPassword = "of whom the shop is"

// clusterConfig is a node on the database at url that may be joined.
func clusterConfig(t *testing.T, url, name string, join ...string) app.Config {
	cfg := app.DefaultConfig()
	cfg.Listen, cfg.DataDir, cfg.DatabaseURL, cfg.Seed = "127.0.0.1:0", t.TempDir(), url, true
	cfg.NodeName, cfg.ClusterListen, cfg.Join = name, "127.0.0.1:0", join
	cfg.ClusterSecret = "the secret of this cluster"
	cfg.Secrets, cfg.AdminPassword = []string{"the secret that signs cookies and tokens"}, adminPassword
	return cfg
}

func startMember(t *testing.T, cfg app.Config) member {
	t.Helper()
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	client, err := operator.Dial(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return member{n, client, cfg}
}

// startCluster starts nodes that see each other.
func startCluster(t *testing.T, set func(*app.Config)) [3]member {
	t.Helper()
	var (
		all  [3]member
		join []string
		url  = pgtest.URL(t)
	)
	for i := range all {
		cfg := clusterConfig(t, url, fmt.Sprint("node", i), join...)
		if set != nil {
			set(&cfg)
		}
		all[i] = startMember(t, cfg)
		join = []string{all[0].ClusterAddress()}
	}
	for _, m := range all {
		waittest.Until(t, "all nodes see each other", func() bool { return len(m.nodes(t, "")) == len(all) })
	}
	return all
}

func (m member) nodes(t *testing.T, topic string) []operator.NodeView {
	t.Helper()
	nodes, err := m.client.Nodes(t.Context(), operator.NodesRequest{Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

// products are those of the node as text.
func (m member) products(t *testing.T) string {
	t.Helper()
	list, err := m.client.Products(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCommandsShowEverywhere gives each command to one node: when it returns, all show what it did.
func TestCommandsShowEverywhere(t *testing.T) {
	t.Parallel()
	all := startCluster(t, nil)
	same := func(what string, e operator.Everywhere, err error) {
		t.Helper()
		if err != nil || len(e.Missing) > 0 {
			t.Errorf("%s: %v, not shown by %v", what, err, e.Missing)
		}
		want := all[0].products(t)
		for _, m := range all[1:] {
			if got := m.products(t); got != want {
				t.Errorf("after %s node %s differs:\n%s\n%s", what, m.Name(), got, want)
			}
		}
	}
	released, err := all[1].client.Release(t.Context(), operator.ReleaseRequest{Product: "SHU6000"})
	same("release", released.Everywhere, err)
	restocked, err := all[2].client.Restock(t.Context(), operator.RestockRequest{Item: "SHU6001", Count: 7})
	same("restock", restocked.Everywhere, err)
	sold, err := all[0].client.Sell(t.Context(), operator.SellRequest{Count: 200, Unreleased: true})
	same("sell", sold.Everywhere, err)
	at := time.Now().Add(time.Hour).Truncate(time.Second)
	scheduled, err := all[0].client.Release(t.Context(), operator.ReleaseRequest{Product: "SHU6100", At: &at})
	same("release at a time", scheduled.Everywhere, err)
}

// TestFollowersAreCounted counts who follows a topic, at each node and from any.
func TestFollowersAreCounted(t *testing.T) {
	t.Parallel()
	all := startCluster(t, nil)
	for range 2 {
		defer follow(t, all[2].URL(), "product:1").close()
	}
	waittest.Until(t, "the followers are counted", func() bool {
		counts := map[string]int{}
		for _, n := range all[0].nodes(t, "product:1") {
			if n.Followers != nil {
				counts[n.Name] = *n.Followers
			}
		}
		return fmt.Sprint(counts) == "map[node0:0 node1:0 node2:2]"
	})
}

// follower reads a feed.
type follower struct {
	messages chan string // buffer: more than a test sends
	cancel   context.CancelFunc
	ended    chan struct{}
}

func (f *follower) close() {
	f.cancel()
	<-f.ended
}

func follow(t *testing.T, url, topic string) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{make(chan string, 1000), cancel, make(chan struct{})}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/feed?topic="+topic, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(f.ended)
		defer resp.Body.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := resp.Body.Read(buf)
			if n > 0 {
				f.messages <- string(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	return f
}

func (f *follower) wait(t *testing.T, words string) {
	t.Helper()
	for !strings.Contains(waittest.Receive(t, "a message with "+words, f.messages), words) {
	}
}

// TestPublishFromOutside publishes with an ordinary NATS client to one node: who follows the topic
// at another one hears it.
func TestPublishFromOutside(t *testing.T) {
	t.Parallel()
	const secret = "the word of publishers"
	all := startCluster(t, func(c *app.Config) { c.CommandsListen, c.PublishSecret = "127.0.0.1:0", secret })
	f := follow(t, all[2].URL(), "product:1")
	defer f.close()
	conn, err := nats.Connect(all[1].client.Node.NATS, nats.UserInfo("publisher", secret),
		nats.CustomInboxPrefix("_PUBLISHER"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	waittest.Until(t, "the reader follows", func() bool {
		for _, n := range all[0].nodes(t, "product:1") {
			if n.Followers != nil && *n.Followers == 1 {
				return true
			}
		}
		return false
	})
	for name, tt := range map[string]struct{ message, want string }{
		"no JSON":         {`hello`, "want JSON"},
		"a cart":          {`{"topic":"cart:x","event":"cart","payload":{}}`, "not among --publish-topics"},
		"an inner topic":  {`{"topic":"item_out:1","event":"item_out"}`, "not among --publish-topics"},
		"of the protocol": {`{"topic":"product:1","event":"phx_close"}`, "protocol"},
		"a product's block": {
			`{"topic":"product:1","event":"product","payload":{"html":"<article>"}}`, "belongs to the shop",
		},
		"of the shop": {
			`{"topic":"product:1","event":"released","payload":{"size_html":"<form>"}}`, "belongs to the shop",
		},
		"no event": {`{"topic":"product:1"}`, "must be there"},
		"too long": {`{"topic":"product:1","event":"e","payload":"` + strings.Repeat("x", 70_000) + `"}`, "at most"},
		"good":     {`{"topic":"product:1","event":"note","payload":{"text":"signing at noon"}}`, `"ok":true`},
	} {
		m, err := conn.Request("sneakers23.publish", []byte(tt.message), waittest.Limit())
		if err != nil || !strings.Contains(string(m.Data), tt.want) {
			t.Errorf("%s: got %v, %v, want %s", name, m, err, tt.want)
		}
	}
	f.wait(t, "signing at noon")
}

// TestNodesStartAtOnce has three nodes begin on an empty database at the same time.
func TestNodesStartAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var wg sync.WaitGroup
	for i := range 3 {
		cfg := config(t)
		cfg.DatabaseURL, cfg.NodeName = url, fmt.Sprint("node", i)
		wg.Go(func() {
			n, err := app.Start(t.Context(), cfg)
			if err != nil {
				t.Error(err)
				return
			}
			if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestMisfitDoesNotOpen starts a node with another secret: it says why, and never serves a page.
func TestMisfitDoesNotOpen(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	first := startMember(t, clusterConfig(t, url, "a"))
	for name, tt := range map[string]struct {
		set  func(*app.Config)
		want string
	}{
		"secret": {
			func(c *app.Config) { c.Secrets = []string{"quite another secret, as long as the other"} }, "--secret",
		},
		"cluster secret": {func(c *app.Config) { c.ClusterSecret = "another one that is long" }, "--cluster-secret"},
		"name":           {func(c *app.Config) { c.NodeName = "a" }, "--node-name"},
	} {
		cfg := clusterConfig(t, url, "b", first.ClusterAddress())
		tt.set(&cfg)
		n, err := app.Start(t.Context(), cfg)
		if err == nil {
			t.Errorf("%s: the node started", name)
			_ = n.Stop(context.WithoutCancel(t.Context()))
			continue
		}
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want a word of %s", name, err, tt.want)
		}
	}
}

// TestOlderProgram starts nodes on a database that a newer program has migrated: with a step that
// only adds they join those that are there and do all that shops do, but leave whole tables alone.
// With a step that does more they do not start.
func TestOlderProgram(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	a := startMember(t, clusterConfig(t, url, "a"))
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	step := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	step(`ALTER TABLE products ADD COLUMN later text NOT NULL DEFAULT ''`)
	step(`ALTER TABLE orders ADD COLUMN note text`)
	step(`INSERT INTO ` + migrations.Table + ` (version_id, is_applied) VALUES (999999, true)`)
	b := startMember(t, clusterConfig(t, url, "b", a.ClusterAddress()))
	waittest.Until(t, "the nodes see each other", func() bool { return len(a.nodes(t, "")) == 2 })
	if _, err := b.client.Restock(t.Context(), operator.RestockRequest{Item: "SHU6001", Count: 7}); err != nil {
		t.Errorf("restock: %v", err)
	}
	sold, err := a.client.Sell(t.Context(), operator.SellRequest{Count: 20, Unreleased: true})
	if err != nil || sold.Sold != 20 {
		t.Errorf("sell: %+v, %v", sold, err)
	}
	s, err := app.OpenSchema(t.Context(), store.Config{URL: url}, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Backup(t.Context(), io.Discard, func(string, int64) {}); err == nil ||
		!strings.Contains(err.Error(), "newer version") {
		t.Errorf("a backup by the older program: %v", err)
	}

	step(`UPDATE schema_range SET oldest = 999999`)
	n, err := app.Start(t.Context(), clusterConfig(t, url, "c", a.ClusterAddress()))
	if err == nil {
		_ = n.Stop(context.WithoutCancel(t.Context()))
	}
	if !errors.Is(err, migrations.ErrNewer) {
		t.Errorf("a node that is too old: %v, want ErrNewer", err)
	}
}

func TestClusterSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set  func(*app.Config)
		want string
	}{
		"no secret":   {func(c *app.Config) { c.Secrets = nil }, "a cluster needs a --secret"},
		"no password": {func(c *app.Config) { c.AdminPassword = "" }, "a cluster needs an --admin-password"},
		"short password": {
			func(c *app.Config) { c.AdminPassword = "hidden" }, "--admin-password is too short: at least 12",
		},
		"no password by NATS": {func(c *app.Config) {
			c.ClusterListen, c.Join, c.NATSURL, c.AdminPassword = "", nil, "nats://u:p@h:1", ""
		}, "a cluster needs an --admin-password"},
		"no cluster secret": {
			func(c *app.Config) { c.ClusterSecret = "" }, "--cluster-listen needs a --cluster-secret",
		},
		"short secret": {func(c *app.Config) { c.ClusterSecret = "short" }, "too short"},
		"join without": {func(c *app.Config) { c.ClusterListen = "" }, "--join needs --cluster-listen"},
		"two ways":     {func(c *app.Config) { c.NATSURL = "nats://u:secret@h:1" }, "choose one"},
		"bad NATS URL": {func(c *app.Config) {
			c.ClusterListen, c.Join, c.NATSURL = "", nil, "nats//u:hidden@h"
		}, "--nats-url can't be read"},
		"bad seed":     {func(c *app.Config) { c.Join = []string{"10.0.0.1"} }, "--join"},
		"bad listener": {func(c *app.Config) { c.ClusterListen = "x:99999" }, "--cluster-listen"},
		"open to nobody": {func(c *app.Config) {
			c.ClusterListen, c.Join, c.ClusterSecret, c.CommandsListen = "", nil, "", "0.0.0.0:1"
		}, "lets nobody in"},
		"carts published":    {func(c *app.Config) { c.PublishTopics = []string{"cart:*"} }, "cart:"},
		"all published":      {func(c *app.Config) { c.PublishTopics = []string{"*"} }, "cart:"},
		"c published":        {func(c *app.Config) { c.PublishTopics = []string{"ca*"} }, "cart:"},
		"one cart published": {func(c *app.Config) { c.PublishTopics = []string{"cart:x"} }, "cart:"},
		"star in the middle": {func(c *app.Config) { c.PublishTopics = []string{"a*b"} }, "no topic"},
		"the same secret":    {func(c *app.Config) { c.PublishSecret = c.ClusterSecret }, "must not be"},
	} {
		cfg := clusterConfig(t, "postgres://h/d", "a", "10.0.0.1:6222")
		tt.set(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) ||
			strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want a word of %q", name, err, tt.want)
		}
	}
	if err := clusterConfig(t, "postgres://h/d", "a", "10.0.0.1:6222").Validate(); err != nil {
		t.Errorf("a good one: %v", err)
	}
}
