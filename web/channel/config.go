package channel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/quota"
	"sneakers23/web/ws"
)

// Config says what a kind of socket is and how much one may cost. Only Routes must
// be given; the zero value of every other field stands for the default named there.
type Config struct {
	// PubSub carries the broadcasts. Default: a registry of this server's own.
	PubSub *pubsub.PubSub
	// Log gets the life of the server. Topics may be secrets: above the level
	// Debug the pattern of the route stands for them. Default: nothing is logged.
	Log *slog.Logger

	// Connect decides whether a client may connect; its result is what [Socket.Assigns] returns. An
	// error refuses with 403, a [ConnectError] with its own status; by long-poll it is always 403,
	// since phoenix.js knows no other there. It runs in the HTTP handler. Default: every client
	// may.
	Connect func(ConnectInfo) (assigns any, err error)
	// ID names the socket: a broadcast of the event "disconnect" to the topic of that name closes
	// it. Sockets may share a name; "" is none. Names are topics like those of channels: take care
	// that no client can choose what is broadcast there. It is asked after Connect, before the
	// socket is open: a "disconnect" between Connect and the end of the handshake is missed. To
	// shut a client out, make Connect refuse it first. Then broadcast "disconnect" again when the
	// handshakes of that moment are over. Default: none.
	ID func(assigns any) string
	// Routes finds the channel for a topic; the first that fits is taken. To be empty
	// and not nil says that there is none on purpose: then no topic can be joined.
	Routes []Route
	// ErrorResponse finds the response to an error of Join or HandleIn that is no
	// [Refusal]; nil if it knows none. Such errors are logged, and the client gets
	// {"reason":"internal error"}. It is called by many channels at once.
	ErrorResponse func(error) any

	// Origins lists who may connect from a browser besides the very host that is
	// asked, as scheme://host[:port]. Requests without an Origin always may.
	Origins []string
	// Scheme says how the client asked, "http" or "https"; a server behind a proxy
	// may know it from a header. Default: https if the request came by TLS.
	Scheme func(*http.Request) string

	// Client says whose a request is, for Sockets and Polls: it must be given with them.
	Client func(*http.Request) netip.Prefix
	// Sockets bounds how many WebSockets each client has: others are refused with 429.
	// Polls does so with long-poll sessions, and refuses with 403. Several servers and
	// feeds may share one. Default: the limits below, for all clients together.
	Sockets, Polls *quota.PerClient

	// Node names this node in the tokens of its long-poll sessions, where clients
	// can read it: who gets a request for a session of another node knows whose it
	// is. Default: no name. With AskNode, one of up to 64 letters, digits, dots,
	// dashes and underscores, which begins with a letter or digit.
	Node string

	// AskNode asks another node, by the Node of its Config, for a long-poll session
	// that it has, and returns what its [Server.AnswerNode] answers. An error means
	// that the session is gone with its node: the client opens another one, here.
	// It is called by many requests at once, with node spelled as Node must be, but
	// perhaps by a stranger; ctx ends with the client or when the answer is too late.
	// A question is as long as MaxBody in base64, and 1 KiB more, at the most.
	// Default: sessions are polled where they were opened.
	AskNode func(ctx context.Context, node string, question []byte) (answer []byte, err error)

	// Epoll lets quiet WebSockets wait in a few loops for all of them instead of a
	// goroutine each, which saves most of their memory. It needs Linux. Connections
	// with something around them, TLS in this process for instance, have their
	// goroutine all the same. Default: a goroutine each.
	Epoll bool

	Timeout      time.Duration // a WebSocket silent for so long is closed; 60 s
	WriteTimeout time.Duration // a client that takes nothing for so long is cut off; 10 s
	MaxFrame     int           // bytes of a message from a client; 64 KiB
	// bytes that may wait for a client behind the frame being written, 72 more for each frame; 64
	// KiB
	MaxQueue    int
	MaxChannels int // topics a socket may have joined at a time, each of 255 bytes at most; 100
	MaxMailbox  int // events of its client that may wait for one channel; 64
	MaxMail     int // bytes of events of its client that may wait for all channels of a socket, or be handled; 1 MiB
	MaxInfos    int // messages of others that may wait for one channel; 1024
	MaxTasks    int // tasks of one channel at a time; 10

	PollWait time.Duration // how long a poll waits for a message, and a POST for room; 10 s
	// long-poll sessions at a time, which unlike sockets no open connection bounds, of all clients
	// together; 10,000
	MaxPolls    int
	PollSilence time.Duration // a long-poll session without a request for so long is closed; 15 s
	// the same for one that had no request since it was opened; 5 s, or PollSilence if that is less
	FirstPoll time.Duration
	MaxBody   int // bytes of the body that publishes a batch; 1 MiB

	DrainShare float64 // how much of the sockets Drain closes in a second; 0.05
	DrainLeast int     // but at least so many; 50
}

// Route leads the topics that match Pattern to a kind of channel. A pattern is a
// topic, or ends with a * that stands for any rest: "room:lobby", "room:*".
type Route struct {
	Pattern string
	New     func() Channel // called for every join, on the channel's goroutine
}

func (r *Route) matches(topic string) bool {
	if prefix, ok := strings.CutSuffix(r.Pattern, "*"); ok {
		return strings.HasPrefix(topic, prefix)
	}
	return topic == r.Pattern
}

func checkPattern(p string) error {
	if star := strings.IndexByte(p, '*'); p == "" || star >= 0 && star < len(p)-1 {
		return fmt.Errorf("channel: bad pattern %q: want a topic, or a * at the end", p)
	}
	return nil
}

// withDefaults fills in what was left out, or says what is wrong.
func (c Config) withDefaults() (Config, error) {
	if c.PubSub == nil {
		c.PubSub = pubsub.New()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Connect == nil {
		c.Connect = func(ConnectInfo) (any, error) { return nil, nil }
	}
	if c.ID == nil {
		c.ID = func(any) string { return "" }
	}
	if c.Scheme == nil {
		c.Scheme = schemeOf
	}
	err := errors.Join(
		checkRoutes(c.Routes),
		c.checkEpoll(),
		c.checkNode(),
		checkClient(c.Client, c.Sockets, c.Polls),
		orDefault("Timeout", &c.Timeout, 60*time.Second),
		orDefault("WriteTimeout", &c.WriteTimeout, 10*time.Second),
		orDefault("MaxFrame", &c.MaxFrame, 64<<10),
		orDefault("MaxQueue", &c.MaxQueue, 64<<10),
		orDefault("MaxChannels", &c.MaxChannels, 100),
		orDefault("MaxMailbox", &c.MaxMailbox, 64),
		orDefault("MaxMail", &c.MaxMail, 1<<20),
		orDefault("MaxInfos", &c.MaxInfos, 1024),
		orDefault("MaxTasks", &c.MaxTasks, 10),
		orDefault("PollWait", &c.PollWait, 10*time.Second),
		orDefault("MaxPolls", &c.MaxPolls, 10_000),
		orDefault("PollSilence", &c.PollSilence, 15*time.Second),
		orDefault("FirstPoll", &c.FirstPoll, 5*time.Second),
		orDefault("MaxBody", &c.MaxBody, 1<<20),
		orDefault("DrainShare", &c.DrainShare, 0.05),
		orDefault("DrainLeast", &c.DrainLeast, 50),
	)
	c.FirstPoll = min(c.FirstPoll, c.PollSilence)
	return c, err
}

func checkClient(client func(*http.Request) netip.Prefix, quotas ...*quota.PerClient) error {
	for _, q := range quotas {
		if q != nil && client == nil {
			return errors.New("channel: a quota needs Config.Client")
		}
	}
	return nil
}

// clientOf is the client of a request, as far as anybody wants to know.
func clientOf(client func(*http.Request) netip.Prefix, r *http.Request) netip.Prefix {
	if client == nil {
		return netip.Prefix{}
	}
	return client(r)
}

func (c *Config) checkEpoll() error {
	if c.Epoll && !ws.HaveLoops {
		return errors.New("channel: Config.Epoll needs Linux")
	}
	return nil
}

func (c *Config) checkNode() error {
	if c.AskNode != nil && !nodeNames.MatchString(c.Node) {
		return fmt.Errorf("channel: Config.Node %q is no name that other nodes could ask for", c.Node)
	}
	return nil
}

func orDefault[T int | float64 | time.Duration](name string, value *T, standard T) error {
	if *value < 0 {
		return fmt.Errorf("channel: Config.%s is negative", name)
	}
	if *value == 0 {
		*value = standard
	}
	return nil
}

func checkRoutes(routes []Route) error {
	if routes == nil {
		return errors.New("channel: Config.Routes is missing")
	}
	for _, r := range routes {
		if err := checkPattern(r.Pattern); err != nil {
			return err
		}
		if r.New == nil {
			return fmt.Errorf("channel: the route %q has no New", r.Pattern)
		}
	}
	return nil
}

// ConnectInfo is what is known of a client that wants to connect.
type ConnectInfo struct {
	Params url.Values // of the query, vsn included
	// AuthToken is what phoenix.js sends for its option authToken, kept out of the
	// query and so out of logs: as a subprotocol of the WebSocket, as the header
	// x-phoenix-authtoken of a long-poll. "" if there is none.
	AuthToken string
	// Request is the one to be upgraded, or the poll that opens a session, with
	// the headers and the remote address. It must not be kept.
	Request *http.Request
}

// ConnectError refuses a connect with a status of its own, 429 for instance. The
// reason is told to the client.
type ConnectError struct {
	Status int // one of HTTP's errors, 400 to 599; any other becomes 403
	Reason string
}

// Error returns the reason.
func (e *ConnectError) Error() string { return "channel: connect refused: " + e.Reason }

// status is what the request is answered with: nothing that a client could take for
// an answer to its handshake, or net/http for a mistake.
func (e *ConnectError) status() int {
	if e.Status < 400 || e.Status > 599 {
		return http.StatusForbidden
	}
	return e.Status
}
