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
//	http.Handle("/socket/", server) // clients connect to /socket/websocket
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
// # Ownership and stopping
//
// A socket has one goroutine, which reads; ServeHTTP starts it when the handshake
// is over, and returns. A channel has none while it is idle: the first message in
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
// Frames leave through a queue per socket. Goroutines that all sockets share, one
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
//	Timeout      a socket silent for so long is closed with 1002; pings are life (60 s)
//	WriteTimeout a client that does not take one frame in that time is cut off (10 s)
//	MaxFrame     a longer message closes the socket with 1009 (64 KiB)
//	MaxQueue     more bytes waiting close the socket with 1013; the frame being
//	             written does not count, and a larger frame may wait alone (64 KiB)
//	MaxChannels  joins beyond it get "too many channels joined" (100)
//	MaxMailbox   events beyond it get "too busy" (64)
//
// A frame that is no message closes the socket with 1011, text that is not UTF-8
// with 1007, a broken WebSocket frame with 1002, a "disconnect" broadcast with
// 1001, Drain with 1012. A socket that is closed has two seconds to send what waits
// and to hear the client's answer.
//
// An idle socket keeps a goroutine, 512 bytes for reading, and no buffer for
// writing.
//
// # What it speaks
//
// Serializer V2 (vsn ~> 2.0.0) in text frames, over WebSocket, without compression.
//
// # Testing
//
// Time is that of package time, so heartbeats and drains can be tested in a bubble of
// testing/synctest with gorilla's client over net.Pipe. Everything else is tested
// with real sockets on the loopback.
package channel
