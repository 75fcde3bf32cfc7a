package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"sneakers23/app"
	"sneakers23/cmd/console"
)

// serveCmd runs a node until it is told to stop.
type serveCmd struct {
	databaseFlag
	Listen         string   `help:"Where shoppers connect, as host:port; port 0 lets the system choose." env:"SNEAKERS23_LISTEN" default:"127.0.0.1:4000"`
	NodeName       string   `help:"Name of this node among the others. Default: the host and the port." env:"SNEAKERS23_NODE_NAME" placeholder:"NAME"`
	Secret         []string `help:"Signs cookies and tokens, at least 32 characters; of a comma list the first signs and all verify. Default: one made at the first start and kept in the data directory." env:"SNEAKERS23_SECRET" placeholder:"TEXT"`
	AdminPassword  string   `help:"Opens the dashboard at /admin for the user admin, at least 12 characters. Default, for a node that only this machine reaches: one made at the first start and kept in the data directory." env:"SNEAKERS23_ADMIN_PASSWORD" placeholder:"TEXT"`
	Origins        []string `help:"Other origins whose pages may open sockets, as a comma list like https://shop.example." env:"SNEAKERS23_ORIGINS" placeholder:"URL"`
	TrustedProxies []string `help:"Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as a comma list of addresses and networks like 10.0.0.0/8. Default: nobody's are." env:"SNEAKERS23_TRUSTED_PROXIES" placeholder:"ADDRESS"`
	Seed           bool     `help:"Fill the database named by --database-url if it is empty; the private one is in any case." env:"SNEAKERS23_SEED"`

	ClusterListen  string   `help:"Where other nodes reach this one, as host:port; needs --secret and --cluster-secret." env:"SNEAKERS23_CLUSTER_LISTEN" placeholder:"HOST:PORT" group:"Cluster"`
	Join           []string `help:"Nodes to join, as a comma list of their --cluster-listen; it tells of the others." env:"SNEAKERS23_JOIN" placeholder:"HOST:PORT" group:"Cluster"`
	NatsURL        string   `help:"A NATS server outside that connects the nodes, instead of --cluster-listen." env:"SNEAKERS23_NATS_URL" placeholder:"URL" group:"Cluster"`
	CommandsListen string   `help:"Where operators of other machines and publishers reach this node, as host:port. Default: nowhere." env:"SNEAKERS23_COMMANDS_LISTEN" placeholder:"HOST:PORT" group:"Cluster"`
	PublishSecret  string   `help:"Lets systems outside publish to topics, as user publisher of --commands-listen; at least 16 characters." env:"SNEAKERS23_PUBLISH_SECRET" placeholder:"TEXT" group:"Cluster"`
	PublishTopics  []string `help:"Topics that they may publish to, as a comma list; a * at the end stands for any rest." env:"SNEAKERS23_PUBLISH_TOPICS" default:"product:*" group:"Cluster"`

	GatewayListen  string `help:"Where devices connect, as host:port, see docs/devices.md; the usual port is 6667. Default: nowhere." env:"SNEAKERS23_GATEWAY_LISTEN" placeholder:"HOST:PORT" group:"Devices"`
	GatewayTLSCert string `help:"File with a certificate and its chain (PEM): devices then connect with TLS. A file that is replaced is read anew." env:"SNEAKERS23_GATEWAY_TLS_CERT" placeholder:"FILE" type:"path" group:"Devices"`
	GatewayTLSKey  string `help:"File with the key of that certificate." env:"SNEAKERS23_GATEWAY_TLS_KEY" placeholder:"FILE" type:"path" group:"Devices"`
	DeviceLogDays  int    `help:"Days for which logs of devices are kept." env:"SNEAKERS23_DEVICE_LOG_DAYS" default:"30" group:"Devices"`

	LevelMedium      int           `help:"From so many pairs on a size is shown as medium, below as low." env:"SNEAKERS23_LEVEL_MEDIUM" default:"150" group:"Tuning"`
	LevelHigh        int           `help:"From so many pairs on a size is shown as high." env:"SNEAKERS23_LEVEL_HIGH" default:"500" group:"Tuning"`
	HealEvery        time.Duration `help:"Mean time between comparisons of the catalog with the database." env:"SNEAKERS23_HEAL_EVERY" default:"3s" group:"Tuning"`
	DrainDelay       time.Duration `help:"How long a stopping node goes on accepting, so that load balancers notice." env:"SNEAKERS23_DRAIN_DELAY" default:"0s" group:"Tuning"`
	DrainShare       float64       `help:"Share of its sockets that a stopping node closes in a second." env:"SNEAKERS23_DRAIN_SHARE" default:"0.05" group:"Tuning"`
	DrainLeast       int           `help:"But at least so many." env:"SNEAKERS23_DRAIN_LEAST" default:"50" group:"Tuning"`
	StopWithin       time.Duration `help:"Limit for an orderly stop after that." env:"SNEAKERS23_STOP_WITHIN" default:"30s" group:"Tuning"`
	PresenceEvery    time.Duration `help:"How often nodes tell each other who is here." env:"SNEAKERS23_PRESENCE_EVERY" default:"1.5s" group:"Tuning"`
	PresenceDown     time.Duration `help:"Silence after which the shoppers of a node are hidden." env:"SNEAKERS23_PRESENCE_DOWN" default:"30s" group:"Tuning"`
	PresencePermdown time.Duration `help:"Silence after which they are forgotten." env:"SNEAKERS23_PRESENCE_PERMDOWN" default:"20m" group:"Tuning"`
	SocketTimeout    time.Duration `help:"A socket silent for so long is closed." env:"SNEAKERS23_SOCKET_TIMEOUT" default:"60s" group:"Tuning"`
	MaxFrame         int           `help:"Largest frame in bytes that a shopper may send." env:"SNEAKERS23_MAX_FRAME" default:"65536" group:"Tuning"`
	MaxQueue         int           `help:"Bytes that may wait for a slow shopper before the socket is closed." env:"SNEAKERS23_MAX_QUEUE" default:"65536" group:"Tuning"`
	Epoll            bool          `help:"Let quiet sockets wait in epoll, which halves their memory. For Linux." env:"SNEAKERS23_EPOLL" group:"Tuning"`
	FeedPing         time.Duration `help:"A plain feed that is quiet for so long gets a sign of life." env:"SNEAKERS23_FEED_PING" default:"20s" group:"Tuning"`
	ImageMemory      int           `help:"MiB of images of products that the node keeps in memory. A product with six photos takes about 3." env:"SNEAKERS23_IMAGE_MEMORY" default:"128" group:"Tuning"`
	CartLines        int           `help:"Lines of a cart, and of an order; 20 at most." env:"SNEAKERS23_CART_LINES" default:"10" group:"Tuning"`
	CartRate         int           `help:"Adds and removes a second that one tab may make." env:"SNEAKERS23_CART_RATE" default:"20" group:"Tuning"`
	AddressShare     float64       `help:"Share of the places that one address (IPv6: one /64) may hold, of each kind: connections, sockets, feeds, long-poll sessions, waiting purchases, devices." env:"SNEAKERS23_ADDRESS_SHARE" default:"0.05" group:"Tuning"`
	NoLimits         bool          `help:"Lift that and every rate limit, for rehearsals on this machine. Refused with a listener that others reach." env:"SNEAKERS23_NO_LIMITS" group:"Tuning"`

	LogLevel  string `help:"Least level that is logged: debug, info, warn or error." enum:"debug,info,warn,error" env:"SNEAKERS23_LOG_LEVEL" default:"info" group:"Tuning"`
	LogFormat string `help:"How to log: text or json." enum:"text,json" env:"SNEAKERS23_LOG_FORMAT" default:"text" group:"Tuning"`
}

// Help is shown by serve --help.
func (serveCmd) Help() string {
	return `Every flag is an environment variable too. With no --database-url the node runs a real PostgreSQL of its
own under the data directory, with the programs that this machine has. Ctrl-C stops the node in an orderly way, a
second one at once.`
}

// Run is called by kong.
func (s *serveCmd) Run(ctx context.Context, g *globals, term terminal) error {
	signal.Ignore(syscall.SIGPIPE) // who read the log may go first: the node still stops in order
	cfg := s.config(g, term)
	if err := cfg.Validate(); err != nil {
		return usageError{err}
	}
	began := time.Now()
	node, err := app.Start(ctx, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped while starting")
		}
		return err
	}
	s.greet(term, g, node, time.Since(began))
	var failed error
	select {
	case <-ctx.Done():
		if !g.JSON {
			term.err.Println("stopping; once more ends it at once")
		}
	case <-node.Done():
		failed = node.Err()
	}
	return errors.Join(failed, node.Stop(context.Background()))
}

func (s *serveCmd) config(g *globals, term terminal) app.Config {
	cfg := app.DefaultConfig()
	cfg.Listen, cfg.DataDir, cfg.DatabaseURL, cfg.Seed = s.Listen, g.DataDir, s.DatabaseURL, s.Seed
	cfg.PostgresBin, cfg.Secrets, cfg.Origins = s.PostgresBin, s.Secret, s.Origins
	cfg.ClusterListen, cfg.Join, cfg.ClusterSecret, cfg.NATSURL = s.ClusterListen, s.Join, g.ClusterSecret, s.NatsURL
	cfg.CommandsListen, cfg.PublishSecret, cfg.PublishTopics = s.CommandsListen, s.PublishSecret, s.PublishTopics
	cfg.AdminPassword, cfg.TrustedProxies = s.AdminPassword, s.TrustedProxies
	if s.NodeName != "" {
		cfg.NodeName = s.NodeName
	}
	cfg.Levels.Medium, cfg.Levels.High = s.LevelMedium, s.LevelHigh
	cfg.HealEvery, cfg.DrainDelay, cfg.StopWithin = s.HealEvery, s.DrainDelay, s.StopWithin
	cfg.DrainShare, cfg.DrainLeast = s.DrainShare, s.DrainLeast
	cfg.PresenceEvery, cfg.PresenceDown, cfg.PresencePermdown = s.PresenceEvery, s.PresenceDown, s.PresencePermdown
	cfg.SocketTimeout, cfg.MaxFrame, cfg.MaxQueue = s.SocketTimeout, s.MaxFrame, s.MaxQueue
	cfg.FeedPing, cfg.Epoll = s.FeedPing, s.Epoll
	cfg.ImageMemory = s.ImageMemory
	cfg.CartLines, cfg.CartRate = s.CartLines, s.CartRate
	cfg.GatewayListen, cfg.GatewayTLSCert, cfg.GatewayTLSKey = s.GatewayListen, s.GatewayTLSCert, s.GatewayTLSKey
	cfg.DeviceLogDays = s.DeviceLogDays
	cfg.AddressShare, cfg.NoLimits = s.AddressShare, s.NoLimits
	cfg.Version = version()
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // the grammar lets only levels pass
	cfg.Log = newLog(term.err, s.LogFormat == "json", level)
	return cfg
}

// newLog logs as text, which writes durations with their unit, or as JSON, where their name has it.
func newLog(to *console.Writer, asJSON bool, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if !asJSON {
		return slog.New(slog.NewTextHandler(to, options))
	}
	options.ReplaceAttr = func(_ []string, a slog.Attr) slog.Attr {
		if a.Value.Kind() == slog.KindDuration {
			return slog.Float64(a.Key+"_ms", float64(a.Value.Duration())/float64(time.Millisecond))
		}
		return a
	}
	return slog.New(slog.NewJSONHandler(to.JSONLog(), options))
}

// greet tells where everything is: people on the standard error, so that the standard output has
// JSON or nothing.
func (s *serveCmd) greet(term terminal, g *globals, node *app.Node, took time.Duration) {
	if g.JSON {
		greeting := map[string]any{
			"name": node.Name(), "http": node.URL(), "admin": node.AdminURL(), "database": node.Database(),
			"data_dir": g.DataDir,
		}
		if devices := node.DevicesAddress(); devices != "" {
			greeting["devices"] = devices
		}
		if password := node.MadePassword(); password != "" {
			greeting["admin_password"] = password
		}
		_ = term.out.JSON(greeting) // the node runs, whoever reads it
		return
	}
	dir := ""
	if g.DataDir != defaultDataDir() {
		dir = " --data-dir " + shellWord(g.DataDir)
	}
	password := cmp.Or(node.MadePassword(), "as given by --admin-password")
	term.err.Printf(`
Sneakers23 is open, %.1f s after its start.

  shop        %s
  dashboard   %s  user admin, password %s
  devices     %s
  health      %s/readyz  %s/metrics
  database    %s
  data        %s
  node        %s, process %d

  release     %s release SHU6000%s
  watch       %s sell%s
  stop        Ctrl-C

`, took.Seconds(), node.URL(), node.AdminURL(), password, cmp.Or(node.DevicesAddress(), "not connected, see --gateway-listen"), node.URL(), node.URL(), node.Database(), g.DataDir, node.Name(), os.Getpid(),
		program(), dir, program(), dir)
}
