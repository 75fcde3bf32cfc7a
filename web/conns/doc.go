// Package conns keeps many network connections open at little cost, whatever protocol they speak.
//
// A connection that is quiet should cost nothing but its kernel socket, one parked goroutine, and a
// few hundred bytes. Four parts help a server to that. They are independent of each other, except
// that an Outbox needs a Flusher:
//
//	Outbox   the outgoing queue of one connection, bounded in bytes
//	Flusher  the goroutines that write for all connections of a server
//	Reader   waits for what one connection receives, and holds no buffer meanwhile
//	Drainer  the set of open connections; it closes them in slices when the server stops
//
// # Usage
//
// A server has one Flusher and one Drainer. Each connection has an Outbox, and a goroutine with a
// Reader: see the example, which is a server that sends back what it receives.
//
// # Ownership and stopping
//
// The connection belongs to whoever calls Init, who also closes it. An Outbox may be used from any
// goroutine. It has no goroutine while nothing waits. While something waits, it is a worker of the
// Flusher that writes, or, when the kernel's buffer is full, one goroutine of the Outbox's own. All
// of them have ended when Done is closed. To end an Outbox, call Finish and wait for Done; a write
// that fails ends it too, and calls broken.
//
// A Flusher has workers only while there is something to write. Stop waits for the last of them.
// Call it after Done of every Outbox.
//
// A Reader belongs to one goroutine, the one that reads the connection. A read is interrupted by
// the connection's read deadline, or by closing the connection.
//
// A Drainer starts no goroutine. Drain runs in the caller's; Wait returns when the last member has
// called Forget.
//
// # Ordering and delivery promises
//
//   - Frames leave in the order of Add, whole: no other frame gets between the bytes of one, also
//     when a queue is dropped while a part of a frame has left.
//   - Add never waits for the peer. It returns ErrFull when the peer does not take what was sent
//     before; the caller then closes the connection. One slow peer delays no other.
//   - A frame is written as it was given and shared between queues; it must not change any more.
//   - After Finish no frame is added. The stream ends with the last frame (TCP's FIN, or TLS's
//     close_notify). Bytes that the peer has not taken within CloseWait are lost; close_notify,
//     which crypto/tls writes with a deadline of its own, may take 5 s more.
//   - What was queued may be lost with the connection.
//
// # Limits
//
//	limit of Init    bytes that may wait behind the frame that is being written. A frame counts
//	                 with its capacity and 72 bytes, see Weight. A frame that is larger than the
//	                 limit may wait alone
//	timeout of Init  the time that the peer has to take one frame
//	BurstLimits      over a connection that cannot be written to without waiting (TLS in this
//	                 process, a pipe), so many limits may wait until a write has waited for
//	                 BurstWait: there, a server that sends a burst is ahead of its own writer
//	CloseWait        the time for the last frames after Finish
//
// # Testing
//
// Time is that of package time, so all of this runs in a testing/synctest bubble over net.Pipe. The
// ways of writing without waiting need a real TCP connection, as this package's own tests have.
package conns
