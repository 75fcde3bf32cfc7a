package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Node is this node's place among the others.
type Node struct {
	cfg     Config
	addr    Address
	server  *server.Server
	local   *nats.Conn     // to the embedded server, for commands
	conn    *nats.Conn     // to the other nodes, by the embedded server or the NATS outside
	arrived chan *nats.Msg // buffer backlog: what comes while Serve is at work; more is lost, and noticed by its number
	out     *outbox        // to all other nodes, nil until there is conn
	allSent chan struct{}  // closed at the end of the goroutine that sends what is in out
	refused atomic.Bool    // another node has not let this one in

	telling sync.Mutex // one status after the other

	// guards what is set up before Serve, and the counts of streams
	mu        sync.Mutex
	asking    map[string]map[*context.CancelCauseFunc]bool // questions to others that wait, by run
	streams   map[string]*Stream
	questions map[string]Handler
	resync    []func(Peer)
	joined    bool
	met       *witnesses // nil when it has joined
	nameTold  bool       // that its name is reported by others
	behind    time.Time  // since when others have a newer catalog

	here    atomic.Pointer[[]Peer] // a list that never changes again
	changed chan struct{}          // buffer 1: a token says that here or why has changed
	why     atomic.Pointer[Mismatch]
	asked   sync.WaitGroup // questions of others that are being answered
	answers context.Context
	cancel  context.CancelFunc
	slots   chan struct{} // buffer maxQuestions: the bound of asked
}

// backlog is how many messages of other nodes may wait.
const backlog = 16 << 10

// maxQuestions is how many questions of other nodes are answered at a time. Most of them are polls
// that wait.
const maxQuestions = 20_000

// Start runs the embedded server, or connects to the NATS outside. Streams and questions are set up
// next; then Serve must run, and Join makes the node one of the cluster. Programs cannot find it
// before Announce.
func Start(cfg Config) (*Node, error) {
	n := &Node{
		cfg: cfg, arrived: make(chan *nats.Msg, backlog), allSent: make(chan struct{}), changed: make(chan struct{}, 1),
		asking: make(map[string]map[*context.CancelCauseFunc]bool), met: newWitnesses(cfg.Name),
		streams: make(map[string]*Stream), questions: make(map[string]Handler),
		slots: make(chan struct{}, maxQuestions),
	}
	if n.cfg.Status == nil {
		n.cfg.Status = func() Status { return Status{} }
	}
	n.here.Store(new([]Peer))
	n.answers, n.cancel = context.WithCancel(context.Background())
	if err := n.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("cluster: %w", err), n.Stop(context.Background()))
	}
	return n, nil
}

// start leaves a node that is half there when it fails: it must be stopped.
func (n *Node) start() error {
	run := rand.Text()
	pair, err := nkeys.CreateUser()
	if err != nil {
		return err
	}
	public, err := pair.PublicKey()
	if err != nil {
		return err
	}
	seed, err := pair.Seed()
	if err != nil {
		return err
	}
	// The run makes the name unique: two nodes of one name shall learn that from us.
	n.server, err = embed(n.cfg, n.cfg.Name+"."+run, public, func() { n.refused.Store(true) })
	if err != nil {
		return fmt.Errorf("embedded NATS: %w", err)
	}
	n.addr = Address{
		Name: n.cfg.Name, Run: run, PID: os.Getpid(), Started: time.Now(), HTTP: n.cfg.HTTP, About: n.cfg.About,
		NATS: n.server.ClientURL(), Seed: string(seed),
	}
	key, err := n.addr.key()
	if err != nil {
		return err
	}
	if n.local, err = n.connect("", nats.InProcessServer(n.server), key); err != nil {
		return err
	}
	if n.cfg.NATS != "" {
		if n.conn, err = n.connectOutside(); err != nil {
			return fmt.Errorf("--nats-url (SNEAKERS23_NATS_URL): %w", err)
		}
	} else if n.conn, err = n.connect("", nats.InProcessServer(n.server), key); err != nil {
		return err
	}
	n.out = newOutbox(n.conn.Publish, n.cfg.Log)
	go func() {
		defer close(n.allSent)
		n.out.send()
	}()
	if _, err := n.conn.ChanSubscribe(clusterSubjects+">", n.arrived); err != nil {
		return err
	}
	_, err = n.conn.Subscribe(questionSubjects+run+".>", n.answer)
	return err
}

// writeTimeout bounds one write to a NATS outside, so that the node reconnects when NATS does not
// read. Meanwhile the outbox takes messages; questions wait.
const writeTimeout = 5 * time.Second

// connectOutside connects to the NATS outside. If that is away, the node sells alone until it is
// there.
func (n *Node) connectOutside() (*nats.Conn, error) {
	bounded := nats.FlusherTimeout(writeTimeout)
	conn, err := n.connect(n.cfg.NATS, bounded)
	if errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) {
		n.cfg.Log.Error("NATS at --nats-url does not answer, will go on trying; other nodes are not heard of until then", "err", err)
		return n.connect(n.cfg.NATS, bounded, nats.RetryOnFailedConnect(true), nats.ConnectHandler(n.checkOutside))
	}
	if err == nil {
		n.checkOutside(conn)
	}
	return conn, err
}

// checkOutside warns of a NATS that does not carry all that nodes say.
func (n *Node) checkOutside(conn *nats.Conn) {
	if conn.MaxPayload() < maxPayload {
		n.cfg.Log.Warn("NATS at --nats-url carries short messages only: set its max_payload, or long lists of changes wait for the healer, and long-poll requests of that size fail",
			"max_payload", conn.MaxPayload(), "want", maxPayload)
	}
}

// connect opens a connection that lives until Stop, whatever happens to the server.
func (n *Node) connect(url string, options ...nats.Option) (*nats.Conn, error) {
	return connect(url, append(options, nats.Name(n.cfg.Name), nats.NoEcho(),
		nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.ReconnectJitter(50*time.Millisecond,
			time.Second),
		nats.PingInterval(time.Second), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				n.cfg.Log.Error("NATS connection lost, will connect again", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { n.cfg.Log.Info("NATS connection is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			n.cfg.Log.Error("NATS connection", "err", err)
		}))...)
}

// Announce writes the file by which the command line finds the node: commands may come from now on,
// and find whoever has subscribed to them before.
func (n *Node) Announce() error {
	if err := n.local.FlushTimeout(startTimeout); err != nil {
		return fmt.Errorf("tell where the node is: %w", err)
	}
	if err := n.addr.write(n.cfg.DataDir); err != nil {
		return fmt.Errorf("tell where the node is: %w", err)
	}
	return nil
}

// Conn is the node's own connection to the server that takes its commands. It lives until Stop.
func (n *Node) Conn() *nats.Conn { return n.local }

// Address is where the node is.
func (n *Node) Address() Address { return n.addr }

// Routes is where other nodes reach this one, empty for a node alone.
func (n *Node) Routes() string {
	if a := n.server.ClusterAddr(); a != nil {
		return a.String()
	}
	return ""
}

// Peers are the other nodes, as far as this one hears of them, by name. The list must not be
// changed. Peers may be called from any goroutine.
func (n *Node) Peers() []Peer { return *n.here.Load() }

// Dropped counts the messages to all others that were dropped since the start because NATS did not
// take them. It may be called from any goroutine.
func (n *Node) Dropped() uint64 { return n.out.dropped() }

// Self is this node as the others see it.
func (n *Node) Self() Peer {
	s := n.status()
	return s.peer()
}

// Stop takes no more commands and waits for those that came, whose doings are still told; then it
// says goodbye, waits until the questions of others are answered, and ends the server. Work that is
// not done when ctx ends is cut off. Serve should run until then, but need not.
func (n *Node) Stop(ctx context.Context) error {
	err := os.Remove(filepath.Join(n.cfg.DataDir, AddressFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	err = errors.Join(err, drain(ctx, n.local), n.goodbye(ctx))
	stop := context.AfterFunc(ctx, n.cancel)
	defer stop()
	n.asked.Wait()
	err = errors.Join(err, drain(ctx, n.conn))
	if n.out != nil {
		<-n.allSent // soon: the connection is closed
	}
	n.cancel()
	n.asked.Wait() // those that came meanwhile
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	}
	return err
}

// drain lets requests that came before be answered, and closes the connection.
func drain(ctx context.Context, conn *nats.Conn) (err error) {
	if conn == nil || conn.IsClosed() {
		return nil
	}
	closed := make(chan struct{})
	conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
	if drained := conn.Drain(); drained == nil {
		select {
		case <-closed:
		case <-ctx.Done():
			err = fmt.Errorf("requests not answered in time: %w", context.Cause(ctx))
		}
	}
	conn.Close()
	return err
}
