package cluster

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/time/rate"
)

// maxPayload bounds a message of NATS: a list of some ten thousand items.
const maxPayload = 8 << 20

// startTimeout bounds the start of the embedded server, which takes some milliseconds.
const startTimeout = 10 * time.Second

// PublishSubject is where publishers say what is to be broadcast.
const PublishSubject = "sneakers23.publish"

// operatorUser and publisherUser are whom programs on other machines come in as.
const (
	operatorUser  = "operator"
	publisherUser = "publisher"
)

// users are those programs, and what they may do.
func (c Config) users() (users []*server.User) {
	if c.Secret != "" {
		users = append(users, user(operatorUser, operatorPassword(c.Secret), operatorSubjects+">", "_INBOX.>"))
	}
	if c.Publishers != "" { // for answers: nats --inbox-prefix _PUBLISHER
		users = append(users, user(publisherUser, c.Publishers, PublishSubject, "_PUBLISHER.>"))
	}
	return users
}

func user(name, password, publish, subscribe string) *server.User {
	return &server.User{Username: name, Password: password, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{publish}},
		Subscribe: &server.SubjectPermission{Allow: []string{subscribe}},
	}}
}

// operatorPassword is what operators send.
func operatorPassword(secret string) string { return derive(secret, "operator") }

// embed starts the embedded server. It lets in the bearer of the public key, operators and
// publishers. When another node refuses it, refused is called.
func embed(cfg Config, name, publicKey string, refused func()) (*server.Server, error) {
	host, port, err := splitAddress(cfg.Commands, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	opts := &server.Options{
		ServerName:   name,
		Host:         host,
		Port:         port,
		Nkeys:        []*server.NkeyUser{{Nkey: publicKey}},
		Users:        cfg.users(),
		NoSigs:       true, // signals are the program's
		PingInterval: time.Second,
		MaxPayload:   maxPayload,
		MaxPingsOut:  2, // a hung peer is noticed in seconds; NATS's own default is minutes

		ConnectErrorReports:   callsAMinute, // of calls to a node that is away, see natsLog
		ReconnectErrorReports: callsAMinute,
	}
	if cfg.Listen != "" && cfg.NATS == "" {
		if err := route(opts, cfg); err != nil {
			return nil, err
		}
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, err
	}
	fatal := make(chan string, 1) // buffer 1: the first is the cause
	s.SetLoggerV2(natsLog{cfg.Log, refused, fatal}, false, false, false)
	s.Start()
	if err := awaitStart(s, fatal); err != nil {
		s.Shutdown()
		return nil, err
	}
	return s, nil
}

// awaitStart returns when the server takes connections, or has told why it never will: a port of
// another program.
func awaitStart(s *server.Server, fatal <-chan string) error {
	const look = 100 * time.Millisecond
	for range startTimeout / look {
		if s.ReadyForConnections(look) {
			return nil
		}
		select {
		case why := <-fatal:
			return fmt.Errorf("%s: see --cluster-listen and --commands-listen", why)
		default:
		}
	}
	return fmt.Errorf("not ready within %v", startTimeout)
}

// forgetAfter is for how long a node that went without a goodbye is called again, about once a
// second.
const forgetAfter = 20 * time.Minute

// callsAMinute is how often a node that is away is called.
const callsAMinute = int(time.Minute / server.DEFAULT_ROUTE_RECONNECT)

// route opens the server to other nodes, and lets it call them.
func route(opts *server.Options, cfg Config) error {
	host, port, err := splitAddress(cfg.Listen, "")
	if err != nil {
		return err
	}
	password := derive(cfg.Secret, "route")
	opts.Cluster = server.ClusterOpts{
		Name: "sneakers23", Host: host, Port: port, Username: cfg.Name, Password: password,
		PoolSize:       -1, // one connection: what a node says comes in the order in which it said it
		Compression:    server.CompressionOpts{Mode: server.CompressionOff},
		ConnectRetries: int(forgetAfter / server.DEFAULT_ROUTE_RECONNECT),
		PingInterval:   time.Second,
		MaxPingsOut:    2,
		WriteDeadline:  2 * time.Second,
	}
	opts.CustomRouterAuthentication = doorkeeper{cfg.Log, rate.NewLimiter(rate.Every(time.Second), 10), password}
	for _, address := range cfg.others() {
		opts.Routes = append(opts.Routes, &url.URL{
			Scheme: "nats-route", Host: address, User: url.UserPassword(cfg.Name, password),
		})
	}
	return nil
}

// splitAddress reads host:port; 0 lets the system choose.
func splitAddress(address, otherwise string) (host string, port int, err error) {
	if address == "" {
		address = otherwise
	}
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		return "", 0, fmt.Errorf("address %q: want host:port", address)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// doorkeeper lets in the nodes that know the secret, and tells who did not, unless there are too
// many to tell.
type doorkeeper struct {
	log      *slog.Logger
	tell     *rate.Limiter
	password string
}

// longestName bounds what is logged of the name of one that was refused.
const longestName = 64

// Check is called by NATS for each node that connects.
func (d doorkeeper) Check(c server.ClientAuthentication) bool {
	opts := c.GetOpts()
	if subtle.ConstantTimeCompare([]byte(opts.Password), []byte(d.password)) == 1 {
		return true
	}
	if d.tell.Allow() {
		d.log.Error("refused a node: it has another --cluster-secret (SNEAKERS23_CLUSTER_SECRET)",
			"replica", opts.Username[:min(len(opts.Username), longestName)], "address", c.RemoteAddress().String())
	}
	return false
}
