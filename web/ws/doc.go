// Package ws is the server's side of WebSockets (RFC 6455), made for many that are quiet: no
// buffers at rest, and with Loops no goroutine either.
//
//	carrier, err := ws.Handshake(w, r, nil)
//	…
//	var c ws.Conn
//	c.Init(carrier, owner, flusher, ws.Limits{…})
//	if !loops.Add(&c) {
//		go c.Run()
//	}
//
// # Frames
//
// A frame is bytes with its header, made once and shared by all who get it: append a payload to
// NewFrame, and give it to Seal. Frames of a client are read in pieces, as they come; extensions
// (compression) are not offered.
//
// # Ownership and stopping
//
// The Owner gets each message from one goroutine at a time, then Ended, then Closed: after that
// nothing of the connection is left. Close may be called from any goroutine. The server stops its
// Flusher and its Loops after Closed of all connections.
//
// # Promises
//
//   - Pings are answered, and a client that is silent for too long is closed (1002). A part of a
//     message is no sign of life: else a client could take forever.
//   - A frame that breaks the protocol is refused as soon as its header has come: 1002, or 1009 for
//     a message that is too long.
//   - The close frame leaves behind what waits, or instead of it, and the connection is closed when
//     the client has answered or conns.CloseWait is over.
//   - Add never waits. A client that does not take what waits for it is its owner's to close.
package ws
