package cluster

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
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

// embed starts the embedded server. It lets in the bearer of the public key, operators and publishers. When another node
// refuses it, refused is called.
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
		NoSigs:       true, // signals are the program's
		PingInterval: time.Second,
		MaxPayload:   maxPayload,
		MaxPingsOut:  2, // a hung peer is noticed in seconds; NATS's own default is minutes

		ConnectErrorReports:   callsAMinute, // a node that is away is called every second, and that is said every minute
		ReconnectErrorReports: callsAMinute,
	}
	if cfg.Secret != "" {
		opts.Users = append(opts.Users, &server.User{Username: operatorUser, Password: cfg.Secret})
	}
	if cfg.Publishers != "" {
		opts.Users = append(opts.Users, &server.User{
			Username: publisherUser, Password: cfg.Publishers,
			Permissions: &server.Permissions{
				Publish:   &server.SubjectPermission{Allow: []string{PublishSubject}},
				Subscribe: &server.SubjectPermission{Allow: []string{"_PUBLISHER.>"}}, // for answers: nats --inbox-prefix _PUBLISHER
			},
		})
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
	s.SetLoggerV2(natsLog{cfg.Log, refused}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		s.Shutdown()
		return nil, fmt.Errorf("not ready within %v: is another program at %s?", startTimeout, cfg.Listen)
	}
	return s, nil
}

// forgetAfter is for how long a node that went without a goodbye is called again, about once a second.
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
	opts.CustomRouterAuthentication = doorkeeper{cfg.Log, password}
	for _, address := range cfg.others() {
		opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats-route", Host: address, User: url.UserPassword(cfg.Name, password)})
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

// doorkeeper lets in the nodes that know the secret, and tells who did not.
type doorkeeper struct {
	log      *slog.Logger
	password string
}

// Check is called by NATS for each node that connects.
func (d doorkeeper) Check(c server.ClientAuthentication) bool {
	opts := c.GetOpts()
	if subtle.ConstantTimeCompare([]byte(opts.Password), []byte(d.password)) == 1 {
		return true
	}
	d.log.Error("refused a node: it has another --cluster-secret (SNEAKERS23_CLUSTER_SECRET)",
		"replica", opts.Username, "address", c.RemoteAddress().String())
	return false
}

// natsLog passes on what NATS says. Its notices and warnings are about its own start, stop and configuration: debug to us.
// That another node does not let it in is told nowhere but in this log.
type natsLog struct {
	log     *slog.Logger
	refused func()
}

func (l natsLog) Noticef(f string, v ...any) { l.log.Debug("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Warnf(f string, v ...any)   { l.log.Debug("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Fatalf(f string, v ...any)  { l.log.Error("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Debugf(string, ...any)      {}
func (l natsLog) Tracef(string, ...any)      {}

func (l natsLog) Errorf(f string, v ...any) {
	says := fmt.Sprintf(f, v...)
	if strings.Contains(says, "Route Error") && strings.Contains(says, "Authorization Violation") {
		l.refused()
	}
	l.log.Warn("NATS", "says", says)
}
