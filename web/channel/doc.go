// Package channel is a server for Phoenix Channels: what a client of that protocol
// (phoenix.js, for one) expects of a Phoenix server, in Go and without a framework.
//
// A client opens one socket and joins topics on it. For each joined topic the
// server makes a channel, which answers the join, handles the events that the
// client pushes, and pushes events back. What is broadcast to a topic reaches all
// sockets that joined it.
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
// The room is any type with a Join method, see [Channel]; [InHandler] and
// [Terminator] add to it. Whoever has the PubSub can broadcast, without a socket:
//
//	ps.Broadcast("room:lobby", "shout", map[string]string{"text": "hello"})
//
// Errors become error replies: [Refuse] carries the response, [ErrUnknownEvent] is
// for events that a channel does not know, Config.ErrorResponse translates those of
// the application.
//
// Those who have no channel client read public topics by a [Feed], which has its own
// handler, limits and end.
//
// # Ownership and stopping
//
// A socket over a WebSocket has one goroutine, which reads; ServeHTTP starts it when
// the handshake is over, and returns. A socket over long-poll has none: its requests
// run on theirs, and a timer ends it when they stay away. A channel has none while it is idle: the first message in
// its mailbox starts one that handles what there is and ends. Join, HandleIn and
// Terminate of one channel therefore never overlap, and those of different channels
// of a socket run side by side. A callback that takes long holds up its own channel
// only. A panic in a callback is logged and ends that channel only.
//
// A channel ends when the client leaves, joins the topic anew, or goes away, when
// its Join is refused, when a callback panics. Then the context of a callback that
// still runs is cancelled, and Terminate is the last one called. A topic that is
// joined anew starts when Terminate of the old channel has returned.
//
// Frames leave through a queue per socket. That of a long-poll is emptied by the next
// poll. For WebSockets, goroutines that all sockets share, one
// per processor at most, write what waits, many frames at a time and without waiting
// for any client; a client that does not take its frames gets a goroutine of its
// own until it has. All of them live only while something waits.
//
// Drain ends all of this, in slices, and returns when the last goroutine has ended.
// Nothing else stops a Server; the http.Server must stop accepting before, or its
// clients are refused.
//
// # Ordering and delivery promises
//
//   - Events of a client reach a channel in the order they were sent; replies are in
//     that order too.
//   - Pushes of one goroutine arrive in the order they were made, and so do the
//     broadcasts of one goroutine to one topic.
//   - A channel is subscribed to its topic before Join is called. What is broadcast or
//     pushed before the join is answered arrives after the answer, in order. So a
//     Join that reads the present state misses nothing.
//   - Nothing of a channel is sent after its phx_close or phx_error.
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
//	Timeout      a WebSocket silent for so long is closed with 1002; pings are life (60 s)
//	WriteTimeout a client that does not take one frame in that time is cut off (10 s)
//	MaxFrame     a longer message closes the socket with 1009 (64 KiB)
//	MaxQueue     more bytes waiting close the socket with 1013; the frame being
//	             written does not count, and a larger frame may wait alone (64 KiB)
//	MaxChannels  joins beyond it get "too many channels joined" (100)
//	MaxMailbox   events beyond it get "too busy"; a long-poll's wait for room (64)
//	PollWait     a poll waits so long for a message, a POST so long for room (10 s)
//	PollSilence  a long-poll without a request for so long is closed (15 s)
//	MaxBody      a longer body of a POST is answered with 400 (1 MiB)
//
// A frame that is no message closes the socket with 1011, text that is not UTF-8
// with 1007, a broken WebSocket frame with 1002, a "disconnect" broadcast with
// 1001, Drain with 1012. A socket that is closed has two seconds to send what waits
// and to hear the client's answer. How a long-poll is told is said below.
//
// An idle WebSocket keeps a goroutine, 512 bytes for reading, and no buffer for
// writing.
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
// the client connects anew, or is refused.
//
// A session lives on the node that opened it, which its token names: see
// [Config].Node. Polls that reach another node open a session there.
//
// # Testing
//
// Time is that of package time, so heartbeats and drains can be tested in a bubble of
// testing/synctest with gorilla's client, or net/http's, over net.Pipe. Everything else is tested
// with real sockets on the loopback.
package channel
