package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"sneakers23/inventory"
	"sneakers23/replication"
	"sneakers23/web/forwarded"
	"sneakers23/web/origin"
)

// Config is everything that can be set of a node. DefaultConfig fills it; the command line changes
// it; Start validates it once.
type Config struct {
	Listen      string   // host:port of the shop; port 0 lets the system choose
	DataDir     string   // what the node keeps: the private database, its secret, how to find it
	DatabaseURL string   // empty: a private PostgreSQL under DataDir
	PostgresBin string   // where the programs of the private PostgreSQL are; empty: they are looked for
	Seed        bool     // fill an empty database; the private one is filled in any case
	NodeName    string   // of this node among the others; empty: the host's and the port
	Secrets     []string // sign cookies and tokens; the first signs, all verify. Empty: one kept in DataDir
	Origins     []string // other origins whose pages may open sockets, like https://shop.example

	// AdminPassword lets the user admin see the dashboard. Empty: one kept in DataDir, for a node
	// that only its own machine reaches.
	AdminPassword string

	ClusterListen  string   // host:port at which other nodes reach this one; empty: none does
	Join           []string // host:port of some of the others
	ClusterSecret  string   // lets nodes in, and operators of other machines
	NATSURL        string   // of a NATS outside, which then connects the nodes
	CommandsListen string   // host:port for commands and publishers; empty: a loopback port that the system chooses
	PublishSecret  string   // lets systems outside publish to topics; empty: none may
	PublishTopics  []string // patterns of the topics that they may publish to

	GatewayListen string // host:port at which devices connect; empty: none does
	// file with the certificate for devices, in PEM with its chain; empty: they connect without TLS
	GatewayTLSCert string
	GatewayTLSKey  string // file with its key

	// TrustedProxies are addresses and networks, like 10.0.0.0/8, of proxies whose X-Forwarded-For
	// and -Proto are believed.
	TrustedProxies []string

	Levels     inventory.Thresholds
	HealEvery  time.Duration // mean time between comparisons of the catalog with the database
	DrainDelay time.Duration // how long a stopping node goes on accepting, so that load balancers notice
	StopWithin time.Duration // the limit for an orderly stop after that
	DrainShare float64       // how much of its sockets a stopping node closes in a second
	DrainLeast int           // but at least so many

	// How often nodes tell each other who is here, and after how long a silence those of a node are
	// hidden, and forgotten.
	PresenceEvery, PresenceDown, PresencePermdown time.Duration

	SocketTimeout time.Duration // a socket silent for so long is closed
	MaxFrame      int           // bytes of a frame that a shopper may send
	MaxQueue      int           // bytes that wait for a slow shopper before the socket is closed, or a feed
	Epoll         bool          // quiet sockets wait by epoll, without a goroutine each; for Linux
	FeedPing      time.Duration // a feed that is quiet for so long gets a sign of life
	ImageMemory   int           // MiB of images of products that a node keeps in memory
	CartLines     int           // that a shopper may put into a cart
	CartRate      int           // adds and removes a second of one tab
	DeviceLogDays int           // how many days logs of devices are kept

	// AddressShare is how much of the places of each kind one address may hold, an IPv6 address
	// with all of its /64: see limits.
	AddressShare float64
	// NoLimits lifts that and every rate limit, for rehearsals, in which all shoppers have one
	// address. It is refused where others can reach the node. Wrong passwords are delayed all the
	// same.
	NoLimits bool

	Version string
	Log     *slog.Logger
}

// minSecret is the shortest secret in bytes that is taken.
const minSecret = 32

var nodeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Validate tells what is wrong with the configuration, and how to set it right.
func (c Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	host, port, err := net.SplitHostPort(c.Listen)
	number, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || portErr != nil || number > 65535:
		wrong("--listen %q is no host:port like 127.0.0.1:4000", c.Listen)
	case !loopback(host) && len(c.Secrets) == 0:
		wrong("--listen %s is open to others: that needs a --secret of your own (at least %d characters; try: openssl rand -hex 32)",
			c.Listen, minSecret)
	}
	errs = append(errs, c.validateCluster()...)
	errs = append(errs, c.validateAdmin(err == nil && !loopback(host)))
	if c.NodeName != "" && !nodeName.MatchString(c.NodeName) {
		wrong("--node-name %q: use letters, digits, dot, dash and underscore, 64 at most", c.NodeName)
	}
	for i, s := range c.Secrets {
		if len(s) < minSecret {
			wrong("--secret number %d is too short: at least %d characters", i+1, minSecret)
		}
	}
	for _, o := range c.Origins {
		if parsed, err := origin.Parse(o); err != nil || parsed.Scheme() != "http" && parsed.Scheme() != "https" {
			wrong("--origins: %q is no origin like https://shop.example", o)
		}
	}
	for _, p := range c.TrustedProxies {
		if _, err := forwarded.Parse([]string{p}); err != nil {
			wrong("--trusted-proxies: %q is no address like 10.0.0.7 and no network like 10.0.0.0/8", p)
		}
	}
	errs = append(errs, c.validateGateway(), c.validateNumbers(), c.validateNoLimits())
	if c.Epoll && runtime.GOOS != "linux" {
		wrong("--epoll is for Linux: leave it out here")
	}
	return errors.Join(errs...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// loopbackAddress tells whether only this machine reaches host:port.
func loopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopback(host)
}

// DefaultConfig is a node on this machine alone, with a database of its own.
func DefaultConfig() Config {
	return Config{
		Listen:           "127.0.0.1:4000",
		DataDir:          ".data",
		Levels:           inventory.DefaultThresholds,
		HealEvery:        replication.DefaultHealEvery,
		StopWithin:       30 * time.Second,
		DrainShare:       0.05,
		DrainLeast:       50,
		SocketTimeout:    60 * time.Second,
		MaxFrame:         64 << 10,
		MaxQueue:         64 << 10,
		PresenceEvery:    1500 * time.Millisecond,
		PresenceDown:     30 * time.Second,
		PresencePermdown: 20 * time.Minute,
		FeedPing:         20 * time.Second,
		ImageMemory:      128,
		CartLines:        10,
		CartRate:         20,
		DeviceLogDays:    30,
		AddressShare:     0.05,
		PublishTopics:    []string{"product:*"},
		Version:          "development",
		Log:              slog.New(slog.DiscardHandler),
	}
}
