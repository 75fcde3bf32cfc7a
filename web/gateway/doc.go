// Package gateway is the server for devices: apps and kiosks that are not browsers, and report over
// TCP or TLS by a protocol of lines. A [Store] keeps the devices and what they have reported; this
// package knows connections and lines.
//
// # Protocol
//
// A line ends with \n or \r\n and has at most 1 MiB before that. KEY is the key of a device, 12
// hexadecimal characters. BASE64 is the standard encoding, with padding.
//
//	device sends           server answers
//	v:KEY                  OK, and then v:KEY:BASE64 if variables are wanted of the device
//	l:KEY:BASE64           nothing if all is well; BASE64 is a JSON array of log records
//	i:KEY:BASE64           nothing if all is well; BASE64 is a JSON array of variables
//	any other line         ERROR reason
//
//	server sends
//	v:KEY:BASE64           a JSON array of variables that an admin has changed
//
// A connection verifies one key, first of all, and may verify it again at any time. l: and i: are
// accepted with that key only. Many variables are sent in several lines v:KEY:BASE64, each of about
// 64 KiB at most. An array may be empty. A line without its end, before the end of the stream, is
// no line.
//
// # Answers
//
// These reasons are given for a line; all others are sentences of package devices about what the
// JSON holds, such as: variable "size": the value is not of type integer.
//
//	a line is v:KEY, l:KEY:BASE64 or i:KEY:BASE64     whatever else was sent
//	a key is 12 hexadecimal characters
//	verify first: send v:KEY                          l: or i:, or more than 4 KiB, before v:
//	this connection is verified with another key
//	key is unknown                                    after half a second
//	key was revoked                                   the same; a verified connection ends
//	too many connections use this key                 another may be tried
//	keys can't be verified at the moment, try again   the store fails
//	line is longer than 1 MiB                         as soon as it is; the rest is skipped
//	what follows the key is not base64
//	this line was not stored, send it again           the store fails, or the server stops
//	a device has at most 256 variables
//
// With these the connection ends:
//
//	silent for too long                               no line for Silence
//	the line did not become complete in time          not within LineTimeout of its first byte
//	no key was verified in time                       not within Unverified
//	too many connections                              plain TCP only; over TLS there is no answer
//	too many connections from your address            the same
//	internal error                                    a panic, which is logged
//
// # States of a connection
//
//	unverified   Only v: is accepted. Five bad lines end it, after the fifth answer.
//	verified     A hundred bad lines in a row end it. While a line waits for the store, nothing is
//	             read: the window of TCP fills, and the device is slowed. No other is.
//	draining     The server stops. The device reads the end of the stream, and is sent nothing
//	             more. Lines that it sent before it saw the end are still handled, for
//	             conns.CloseWait (2 s).
//	closing      What comes is ignored for conns.CloseWait, so that the last line arrives.
//
// A connection ends when the device closes it, breaks a limit, does not take what it is sent, or
// its key is revoked: [Server.Close] ends all connections of a device at this node after the answer
// "key was revoked", whatever they wait for.
//
// # Usage
//
//	server, err := gateway.New(gateway.Config{Store: store})
//	go server.Serve(listener)
//	...
//	server.Push(device, variables) // an admin has changed them
//	server.Close(device)           // its key was revoked
//	...
//	err = server.Drain(ctx)
//
// # Ownership and stopping
//
// Each connection has one goroutine at a time, which waits in a read, without a buffer; it reads,
// calls the Store, and ends with the connection. Lines to a device wait in a queue that is bounded
// in bytes. A few goroutines of the server write the queues, see package conns. All methods of a
// Server may be called from any goroutine, and none but Serve, Drain and Reverify waits.
//
// Drain closes the listeners, whose Serve returns, then the connections in slices, and returns when
// the last goroutine has ended.
//
// A panic in the Store ends the connection that called it.
//
// # Ordering and delivery promises
//
//   - The lines of a connection are handled one after the other, in order. However they are cut
//     into packets, they are the same lines.
//   - An OK proves that all lines before its v: were handled: accepted, or answered with ERROR.
//   - An l: that was read is given to Store.Log, and is accepted when that returns nil; an i: to
//     Store.Report, again and again for 30 s while that fails. A line that was not stored is
//     answered with ERROR. There is no such answer while a connection drains or closes.
//   - A device that stops to send when it sees the end of the stream loses nothing by Drain, unless
//     the store takes longer than conns.CloseWait.
//   - OK comes before anything that is pushed. The wanted variables are read after the connection
//     is known to Push, so that no change falls in between. If a change comes meanwhile, they are
//     read again.
//   - Push is only a write to a socket: it proves nothing. A device proves by i: what it has.
//   - A bad line harms nothing but itself. A device that is slow, silent, stuck, or sends rubbish
//     delays no other.
//   - Config.Presence is told of each change of a device's connections, in order.
//   - A key is in no log, and in no error. Neither is what a device sends.
//
// # Limits
//
// In parentheses the default, see [Config].
//
//	MaxConnections  more are turned away (20,000)
//	Addresses       connections of one client beyond it are turned away (no limit)
//	PerKey          more connections of a device are not verified (32)
//	Verifying       keys that are verified at a time; others wait for their turn (16)
//	MaxQueue        a device for which more bytes wait is closed, see package conns; what is
//	                wanted of it at the verification may be more (64 KiB)
//	Silence         without a line, a connection is closed; a device that has nothing to say
//	                verifies its key again now and then (5 min)
//	Unverified      the same for one that is not verified, its TLS handshake included (30 s)
//	LineTimeout     from the first byte of a line to its end (30 s)
//	WriteTimeout    for a device to take one line (10 s)
//	WrongKeyWait    before the answer to a key that is wrong, or can't be verified (500 ms)
//
// TCP's own keepalive finds within two minutes that a device has vanished without a word.
//
// # Memory
//
// An idle, verified device costs one goroutine with a stack of 2 KiB and 1.6 KB of objects; the
// process grows by 4.6 KB for it. Over TLS in this process it is about 19 KB.
//
// A line that comes in one packet of 4 KiB needs no memory of its own. An incomplete one is kept in
// a buffer of 4 KiB; one that outgrows it, in a buffer of 64 KiB, of which there are 512; one that
// outgrows that, in one of 1 MiB, of which there are 64. A line has its buffer until it is handled.
// One device may have 8 of these. When none is left, the connection is not read until one is free:
// so lines hold 96 MiB in all, and 8 KiB for each connection, whatever devices do; what is decoded
// of them and waits for the Store is about as much again. The JSON of large lines is decoded for as
// many at a time as there are processors. Before a key is verified, a line has no more than 4 KiB.
// A line that is too long is skipped without memory.
//
// # Testing
//
// Time is that of package time: the tests run in bubbles of testing/synctest over net.Pipe, and
// over real connections where the kernel matters. FuzzLine and FuzzSplit hold the parser and the
// splitter. TestIdleCost measures what an idle device costs.
package gateway
