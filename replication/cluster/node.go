package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Config of a node.
type Config struct {
	DataDir string // exists already
	Name    string // of the node
	HTTP    string // URL of the shop, for those who find the node by its file
	About   string // for them too, see [Address]
	Log     *slog.Logger
}

// Node is this node's place among the others.
type Node struct {
	cfg    Config
	addr   Address
	server *server.Server
	conn   *nats.Conn
}

// startTimeout bounds the start of the embedded server, which takes some milliseconds.
const startTimeout = 10 * time.Second

// Start runs the embedded server. Nobody finds it before Announce.
func Start(cfg Config) (*Node, error) {
	n, err := start(cfg)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded NATS: %w", err), n.Stop(context.Background()))
	}
	return n, nil
}

// start returns also a node that is half there: it must be stopped.
func start(cfg Config) (*Node, error) {
	n := &Node{cfg: cfg}
	pair, err := nkeys.CreateUser()
	if err != nil {
		return n, err
	}
	public, err := pair.PublicKey()
	if err != nil {
		return n, err
	}
	seed, err := pair.Seed()
	if err != nil {
		return n, err
	}
	n.server, err = server.NewServer(&server.Options{
		ServerName:   cfg.Name,
		Host:         "127.0.0.1",
		Port:         server.RANDOM_PORT,
		Nkeys:        []*server.NkeyUser{{Nkey: public}},
		NoSigs:       true, // signals are the program's
		PingInterval: time.Second,
		MaxPayload:   8 << 20, // a list of some ten thousand items
		MaxPingsOut:  2,       // a hung peer is noticed in seconds; NATS's own default is minutes
	})
	if err != nil {
		return n, err
	}
	n.server.SetLoggerV2(natsLog{cfg.Log}, false, false, false)
	n.server.Start()
	if !n.server.ReadyForConnections(startTimeout) {
		return n, fmt.Errorf("not ready within %v", startTimeout)
	}
	n.addr = Address{
		Name: cfg.Name, PID: os.Getpid(), Started: time.Now(), HTTP: cfg.HTTP, About: cfg.About, NATS: n.server.ClientURL(), Seed: string(seed),
	}
	key, err := n.addr.key()
	if err != nil {
		return n, err
	}
	n.conn, err = nats.Connect("", nats.InProcessServer(n.server), key, nats.Name(cfg.Name),
		nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			cfg.Log.Error("NATS connection", "err", err)
		}))
	if err != nil {
		return n, err
	}
	return n, nil
}

// Announce writes the file by which the command line finds the node: commands may come from now on, and find whoever
// has subscribed to them before.
func (n *Node) Announce() error {
	if err := n.conn.FlushTimeout(startTimeout); err != nil {
		return fmt.Errorf("tell where the node is: %w", err)
	}
	if err := n.addr.write(n.cfg.DataDir); err != nil {
		return fmt.Errorf("tell where the node is: %w", err)
	}
	return nil
}

// Conn is the node's own connection. It lives until Stop.
func (n *Node) Conn() *nats.Conn { return n.conn }

// Stop takes no more requests, waits until those that came are answered or ctx ends, and ends the server.
func (n *Node) Stop(ctx context.Context) error {
	err := os.Remove(filepath.Join(n.cfg.DataDir, AddressFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if n.conn != nil {
		closed := make(chan struct{})
		n.conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
		if drained := n.conn.Drain(); drained == nil {
			select {
			case <-closed:
			case <-ctx.Done():
				err = errors.Join(err, fmt.Errorf("requests not answered in time: %w", context.Cause(ctx)))
			}
		}
		n.conn.Close()
	}
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	}
	return err
}

// natsLog passes on what NATS says. Its notices are about its own start and stop: debug to us.
type natsLog struct{ log *slog.Logger }

func (l natsLog) Noticef(f string, v ...any) { l.log.Debug("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Warnf(f string, v ...any)   { l.log.Warn("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Errorf(f string, v ...any)  { l.log.Error("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Fatalf(f string, v ...any)  { l.log.Error("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Debugf(string, ...any)      {}
func (l natsLog) Tracef(string, ...any)      {}
