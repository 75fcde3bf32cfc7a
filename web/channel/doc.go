// Package channel is a server for Phoenix Channels: what a client of that protocol
// (phoenix.js, for one) expects of a Phoenix server, in Go and without a framework.
//
// A client opens one socket and joins topics on it. A topic is a name, "room:lobby" for instance.
// For each joined topic the server makes a channel, which answers the join, handles the events that
// the client pushes, and pushes events back. Events that are broadcast to a topic reach all sockets
// that joined it: those of this process, and those of the nodes whose registries are linked with
// its own, see package pubsub.
//
// The client numbers what it sends: an answer carries the ref of what it answers. All that a
// channel sends to its client carries the join_ref, which is the ref of the join. So a client that
// joins again can tell what is meant for which of the two joins. Refs are the client's affair, and
// channels need not care.
//
// Every client may try to join every topic that a route leads to: whether it may is
// for Join to say.
//
// # Usage
//
//	server, err := channel.New(channel.Config{
//		PubSub: ps,
//		Routes: []channel.Route{
//			{Pattern: "room:*", New: func() channel.Channel { return &room{} }},
//		},
//	})
//	http.Handle("/socket/", server) // /socket/websocket and /socket/longpoll
//	...
//	err = server.Drain(ctx)
//
// The room is any type with a Join method, see [Channel]. It may have further methods:
//
//	HandleIn    takes the events that its client pushes             [InHandler]
//	HandleOut   takes broadcasts to its topic in place of its client [OutHandler]
//	HandleInfo  takes messages from Go code, timers and other topics [InfoHandler]
//	Terminate   tidies up                                            [Terminator]
//
// Any code with the PubSub can broadcast, without a socket:
//
//	ps.Broadcast("room:lobby", "shout", map[string]string{"text": "hello"})
//
// A callback talks by its [Socket]:
//
//	s.Push, s.Broadcast, s.BroadcastFrom  events, to its client, to all, to all others
//	m.Ref.Reply, m.Ref.Refuse             an answer that takes longer than HandleIn
//	s.Go                                  work beside the callbacks, a few at a time
//	s.Send, s.After, s.Every              a value for HandleInfo: now, later, again
//	s.Subscribe, s.Forward                another topic, for HandleInfo or the client
//	s.Stop                                the end, after what is answered now
//
// Package channeltest tests channels without a network; the packages below examples
// show one thing each. Errors become error replies: [Refuse] carries the response,
// [ErrUnknownEvent] is for events that a channel does not know, Config.ErrorResponse translates
// those of the application.
//
// Those who have no channel client read public topics by a [Feed], which has its own
// handler, limits and end.
//
// # Ownership and stopping
//
// A socket over a WebSocket has one goroutine, which reads; ServeHTTP starts it when
// the handshake is over, and returns. With Config.Epoll it has none either: a few
// goroutines, one per processor, read for all such sockets, and only the end of a
// socket has one of its own. A socket over long-poll has none: each request has that of
// its HTTP handler, and a timer ends the socket when no requests come. A channel has none while it
// is idle: the first message in its mailbox starts one that handles what there is and
// ends. The callbacks of one channel, from its route's New to Terminate, therefore
// never overlap and share its fields without a lock, and those of different channels
// of a socket run side by side. A callback that takes long holds up its own channel
// only. A panic in a callback is logged and ends that channel only; one in Connect or ID
// is net/http's affair, and refuses that client.
//
// All methods of a Socket, a Ref, a Timer and a Subscription may be called from any
// goroutine, and none waits for a client or a channel. A broadcast reaches the queues of
// all who joined before it returns. The function given to Go runs in a goroutine of its own,
// and is the only thing of a channel that does: a timer that waits and a topic that
// is subscribed to cost none.
//
// A channel ends when the client leaves, joins the topic again, or goes away. It also ends when its
// Join is refused, Stop is called, a callback or a task panics, or it falls too far behind. Then
// the contexts of a running callback and of the tasks are cancelled, and timers and subscriptions
// end. Late answers are dropped with an error. Messages that wait for the channel are dropped.
// Events that wait are answered as those to a topic that is not joined. Terminate is the last
// callback. Its context is not that of the callback before: it ends only when Drain runs out of
// patience, or Terminate has returned.
//
// A leave waits for its turn behind earlier events, and cancels nothing, unless the client joins
// the topic again meanwhile. In any case the new channel starts when the last callback of the old
// one has returned. Tasks are waited for by the socket: it has not ended before they have.
//
// Frames leave through a queue per socket. A long-poll's queue is emptied by the next poll. For
// WebSockets it is an Outbox of package conns: goroutines that all sockets share, one per processor
// at most, write what waits, many frames at a time and without waiting for any client; a client
// that does not take its frames gets a goroutine of its own until it has. All of them live only
// while something waits.
//
// Drain ends all of this, in slices, and returns when the last goroutine has ended.
// Nothing else stops a Server: http.Server.Shutdown knows nothing of WebSockets, and
// waits for polls. So to stop a program, let load balancers know, Drain while the
// http.Server still accepts (who comes back too early is refused with 503, and comes
// again), then Shutdown.
//
// # Ordering and delivery promises
//
//   - Events of a client reach a channel in the order they were sent; replies are in
//     that order too, but for those given later by a Ref.
//   - The mailbox is one queue: events, intercepted broadcasts, what was sent, timers
//     and other topics are handled in the order they came.
//   - An event is answered at most once.
//   - A join is answered, one too that the next join of its topic replaces before it is done:
//     with {"reason":"replaced by another join"}, and phx_close after that. Only one that
//     falls behind before it is done gets phx_error in place of an answer.
//   - Broadcasts go to the client without its channel. Those that are intercepted go
//     through the mailbox, and may therefore arrive after others that were made later.
//   - Pushes of one goroutine arrive in the order they were made, and so do the
//     broadcasts of one goroutine to one topic.
//   - A channel is subscribed to its topic before Join is called. Events that are broadcast or
//     pushed before the join is answered arrive after the answer, in order. So a Join that reads
//     the present state misses nothing.
//   - Nothing that a channel says is sent after its phx_close or phx_error.
//   - A frame that was queued may be lost with its connection; clients rejoin then,
//     and Join brings them up to date.
//   - Pushing and broadcasting never wait for a client. One that does not keep up is
//     closed when its queue is full, and costs the others nothing. A broadcast is
//     encoded once and shared by all who get it.
//
// # Limits
//
// Each kind of socket has its own, in [Config]; in parentheses the default.
//
//	Timeout      a WebSocket silent for so long is closed with 1002, with Config.Epoll
//	             up to an eighth later; pings are life (60 s)
//	WriteTimeout a client that does not take one frame in that time is cut off (10 s)
//	MaxFrame     a longer message closes the socket with 1009; in the body of a POST
//	             it is answered with 400 (64 KiB)
//	MaxQueue     more bytes waiting close the socket with 1013; the frame being
//	             written does not count, and a larger frame may wait alone; a frame counts
//	             with the memory it takes, and 72 bytes for its place (64 KiB). Over TLS
//	             in this process, where a burst may be ahead of its encryption, 8 times
//	             as many may wait until a write has waited for 250 ms
//	MaxChannels  joins beyond it get "too many channels joined"; as many channels may
//	             have ended but for a last callback, and as many joins wait for that (100)
//	MaxMailbox   events of the client beyond it get "too busy"; a long-poll's wait
//	             for room (64)
//	MaxMail      the same, for more bytes of events that wait for all channels of the
//	             socket, or are being handled (1 MiB)
//	PollWait     a poll waits so long for a message, a POST so long for room (10 s)
//	MaxPolls     long-poll sessions beyond it are refused with 403 (10,000)
//	PollSilence  a long-poll without a request for so long is closed (15 s)
//	FirstPoll    the same for one that had no request since it was opened (5 s)
//	Sockets      WebSockets of one client beyond it are refused with 429 (no limit)
//	Polls        its long-poll sessions beyond it are refused with 403 (no limit)
//	MaxBody      a longer body of a POST is answered with 400 (1 MiB)
//	MaxInfos     messages of others beyond it: Send returns ErrTooBusy; for a
//	             broadcast, intercepted or subscribed to, the channel ends with
//	             phx_error {"reason":"too busy"}, and its client joins again (1024)
//	MaxTasks     Go beyond it returns ErrTooManyTasks, as a reply "too many
//	             tasks" (10); a socket has MaxTasks × MaxChannels at most, those
//	             included that outlive their channels
//
// A topic, and the refs of a join, have 255 bytes at most, else the join is refused. What
// is pushed and broadcast to a channel before its join is answered counts like what
// waits for its socket, MaxQueue for all that are joining; beyond it that channel ends
// with phx_error {"reason":"too busy"}.
//
// Each timer has one place of its own in the mailbox: ticks are not lost, and do not
// pile up. Timers and subscriptions are as many as a channel makes: one that makes some
// for each event must bound them itself. How long headers, handshakes and bodies may
// take is for the http.Server to say, and how often one client may connect for
// Connect. The limits of feeds are in [FeedConfig].
//
// A frame that is no message closes the socket with 1011, text that is not UTF-8
// with 1007, a broken WebSocket frame with 1002, a "disconnect" broadcast with
// 1001, Drain with 1012. A socket that is closed has two seconds to send what waits
// and to hear the client's answer. How a long-poll is told is said below.
//
// An idle WebSocket holds no buffers; with three topics it costs about 8.5 KB, half of
// which is the stack of its goroutine, and with Config.Epoll less than 4 KiB. Over
// TLS in this process it also keeps 512 bytes for reading, and what TLS does.
//
// # What it speaks
//
// Two serializers: V2 (vsn ~> 2.0.0), text frames with arrays of five, and binary
// ones for payloads that are [Binary]; and V1 (vsn ~> 1.0.0, and without a vsn),
// text frames with objects, which has no binary payloads. Any other vsn is refused
// with 403. A broadcast is encoded once for each of them.
//
// Two transports, which share topics and all that is said above:
//
// WebSocket, at …/websocket, without compression. A subprotocol may be left out; who
// names some must name "phoenix". Beside it may stand the auth token of phoenix.js,
// base64url.bearer.phx.TOKEN, see [ConnectInfo].AuthToken.
//
// Long-poll, at …/longpoll. All is answered with HTTP's 200 and JSON that has the
// status in it, and is not to be stored. The token of a session comes as the header
// x-phoenix-longpoll-token, else as the last token of the query; an earlier one is the
// application's, and Connect sees only that.
//
//	GET   without a session opens one: {"status":410,"token":NEW,"messages":[]}
//	GET   waits for messages: {"status":200,"token":…,"messages":[TEXT,…]}, or 204
//	      when none came in time; of two at once the newer gets them
//	POST  publishes the message in its body, or up to 100 as lines of
//	      application/x-ndjson, the binary ones in base64, and answers
//	      {"status":200}; 400 for what is no message, and nothing is taken; 408 if a
//	      mailbox had no room in time, and the lines before may have been taken; 410
//	      when the session is gone
//
// A binary message is polled as base64 too. A refused connect is 403 whatever the
// reason, and so is a page of an origin that is not allowed; one of an allowed origin
// gets the headers of CORS. A session that is closed answers the poll that waits with
// what there is for it, else, and for all that come later, as one without a session:
// the client reconnects, or is refused.
//
// A session lives on the node that opened it, which its token names: see [Config].Node. A request
// that reaches another node is carried there by [Config].AskNode, and the answer back; where the
// node is gone, so is the session. If a client goes away while its poll waits at the other node,
// its messages are kept for its next poll. Messages between the nodes are lost when the line breaks
// or the client goes, as those on their way to a client are.
//
// # Testing
//
// Channels are tested with package channeltest. Time is that of package time, so
// timers, heartbeats and drains can be tested in a bubble of testing/synctest; this
// package's own tests use gorilla's client or net/http's there, over net.Pipe, and
// real sockets on the loopback for everything else.
package channel
