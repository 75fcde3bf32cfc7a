package channel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/conns"
	"sneakers23/web/origin"
	"sneakers23/web/quota"
)

// FeedConfig says what a [Feed] tells, and to whom. PubSub, Public and State must be
// given; the zero value of every other field stands for the default named there.
type FeedConfig struct {
	// PubSub carries the events.
	PubSub *pubsub.PubSub
	// Log gets what went wrong. Default: nothing is logged.
	Log *slog.Logger

	// Public lists the topics that anybody may read, as a [Route] has them: a topic,
	// or a prefix and a *. All others are refused with 403.
	Public []string
	// State returns what brings a reader of a topic up to date: the payload of the
	// event "state", which comes before all others. The reader is subscribed by
	// then, so it misses nothing. An error refuses the whole feed: a [ConnectError]
	// with its own status and words, others with that of ErrorStatus. It runs in
	// the HTTP handler.
	State func(ctx context.Context, topic string) (payload any, err error)
	// ErrorStatus finds the HTTP status for an error of State. Default: 500 for all.
	ErrorStatus func(error) int

	// Origins lists whose pages may read the feed besides those of the very host
	// that is asked, as scheme://host[:port]. Requests without an Origin always may.
	Origins []string
	// Scheme says how the client asked, as in [Config].
	Scheme func(*http.Request) string
	// Client says whose a request is, for Readers: it must be given with that.
	Client func(*http.Request) netip.Prefix
	// Readers bounds how many readers each client has: others are refused with 429.
	// Default: no bound.
	Readers *quota.PerClient

	Ping         time.Duration // a sign of life is sent when so long nothing else was; 20 s
	Retry        time.Duration // a stream that ended should come back after about so long; 2 s
	WriteTimeout time.Duration // a client that takes nothing for so long is cut off; 10 s
	MaxQueue     int           // bytes that may wait for a reader behind what is being written; 64 KiB
	MaxTopics    int           // topics in one feed; 100

	DrainShare float64 // of the readers are closed per second of Drain; 0.05
	DrainLeast int     // but at least so many; 50
}

// Feed lets clients without a channel library read public topics. It answers
//
//	GET /feed?topic=TOPIC&topic=TOPIC…
//
// as a WebSocket, or as a stream of server-sent events where the request accepts
// text/event-stream. Either way each message is one JSON object:
//
//	{"topic":TOPIC,"event":EVENT,"payload":PAYLOAD}
//
// First comes one with the event "state" for each topic, in the order they were asked for, then
// what is broadcast. A reader is subscribed before its states are read: nothing is missed between
// the two, and an event that the state knew already may follow it. The states of the next
// connection make good what was lost with one; there is nothing to resume.
//
// A message is encoded once for all readers of a kind. A reader that is behind by
// more than MaxQueue bytes is closed, a WebSocket with 1013; it costs the others
// nothing. A WebSocket reader costs what an idle socket of a [Server] costs, and
// must answer pings: one that was silent for three of them is closed with 1002. What
// it says is ignored. A stream costs the goroutine of its HTTP handler; it lifts the
// write timeout of the http.Server for itself.
//
// A request that cannot be served is answered in words: 400 for no topic, too many
// or a malformed query, 403 for a topic that is not public and for a page of another
// origin, 406 for a request that is neither a handshake nor accepts a stream, 429 for
// a client that has as many readers as it may.
//
// All methods may be called from any goroutine. The owner ends the feed by Drain or Close.
type Feed struct {
	cfg     FeedConfig
	public  []Route
	origins []origin.Origin
	flusher *conns.Flusher
	frames  *pubsub.Encoding // for WebSocket
	blocks  *pubsub.Encoding // for streams
	readers *conns.Drainer[reader]

	sockets, streams, tooSlow atomic.Int64 // see FeedStats
}

// reader is an open connection: a [feedSocket] or a [feedStream].
type reader interface {
	Restart() bool // see conns.Member
	// kind is where it is counted.
	kind() *atomic.Int64
	// forgotten releases its client's place.
	forgotten()
}

// FeedStats counts the readers of a feed.
type FeedStats struct {
	WebSockets int // open now
	Streams    int // open now
	TooSlow    int // closed so far for a queue that was full
}

// NewFeed returns a feed for the configuration, or says what is wrong with it. It
// starts nothing.
func NewFeed(cfg FeedConfig) (*Feed, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	origins, err := parseOrigins(cfg.Origins)
	if err != nil {
		return nil, err
	}
	f := &Feed{
		cfg:     cfg,
		origins: origins,
		flusher: conns.NewFlusher(runtime.GOMAXPROCS(0)),
		readers: conns.NewDrainer[reader](conns.DrainerConfig{
			What: "feeds", Log: cfg.Log, Share: cfg.DrainShare, Least: cfg.DrainLeast,
		}),
	}
	for _, pattern := range cfg.Public {
		f.public = append(f.public, Route{Pattern: pattern})
	}
	f.frames = pubsub.NewEncoding(func(m *pubsub.Message) ([]byte, error) { return f.encode(m, feedFrame) })
	f.blocks = pubsub.NewEncoding(func(m *pubsub.Message) ([]byte, error) { return f.encode(m, feedBlock) })
	return f, nil
}

func (c FeedConfig) withDefaults() (FeedConfig, error) {
	if c.PubSub == nil || c.State == nil || len(c.Public) == 0 {
		return c, errors.New("channel: FeedConfig.PubSub, Public and State must be set")
	}
	for _, p := range c.Public {
		if err := checkPattern(p); err != nil {
			return c, fmt.Errorf("%w in FeedConfig.Public", err)
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.ErrorStatus == nil {
		c.ErrorStatus = func(error) int { return http.StatusInternalServerError }
	}
	if c.Scheme == nil {
		c.Scheme = schemeOf
	}
	return c, errors.Join(
		checkClient(c.Client, c.Readers),
		orDefault("Ping", &c.Ping, 20*time.Second),
		orDefault("Retry", &c.Retry, 2*time.Second),
		orDefault("WriteTimeout", &c.WriteTimeout, 10*time.Second),
		orDefault("MaxQueue", &c.MaxQueue, 64<<10),
		orDefault("MaxTopics", &c.MaxTopics, 100),
		orDefault("DrainShare", &c.DrainShare, 0.05),
		orDefault("DrainLeast", &c.DrainLeast, 50),
	)
}

// Stats returns how many readers there are.
func (f *Feed) Stats() FeedStats {
	return FeedStats{WebSockets: int(f.sockets.Load()), Streams: int(f.streams.Load()), TooSlow: int(f.tooSlow.Load())}
}

// admit registers a reader, unless the feed is draining. From then on it is forget that
// releases the client's place.
func (f *Feed) admit(r reader) bool {
	if !f.readers.Admit(r) {
		return false
	}
	r.kind().Add(1)
	return true
}

// forget is called by a reader as its last act.
func (f *Feed) forget(r reader) {
	r.kind().Add(-1)
	r.forgotten()
	f.readers.Forget(r)
}

// Drain closes the readers, a slice every second as [Server.Drain] does: a WebSocket
// with 1012, a stream by its end. New WebSockets are refused with 503. New streams
// are cut off without an answer, because a browser tries again after that, and never
// after a 503. When ctx ends the others are closed at once, and Drain returns ctx's
// cause. It always waits for the last reader to be gone.
func (f *Feed) Drain(ctx context.Context) error {
	err := f.readers.Drain(ctx)
	f.readers.Wait()
	f.flusher.Stop()
	return err
}

// Close is Drain without patience.
func (f *Feed) Close() { f.Drain(atOnce()) }
