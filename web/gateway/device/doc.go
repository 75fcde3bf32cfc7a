// Package device is the client for programs on devices: apps and kiosks that report log records and
// variables to the gateway of a shop, and apply variables that an admin changes on its dashboard.
// It uses the standard library alone.
//
// # Usage
//
//	kiosk, err := device.New(device.Config{
//		Addresses: []string{"gateway.shop.example:6667"},
//		Key:       os.Getenv("DEVICE_KEY"), // what `sneakers23 devices add NAME` printed
//		TLS:       &tls.Config{},
//		OnChange:  apply,
//	})
//	...
//	go func() { ended <- kiosk.Run(ctx) }()
//
//	err = kiosk.Log(device.Record{Message: "door opened", Fields: map[string]any{"door": 2}})
//	err = kiosk.Set(device.Integer("visitors", 12), device.Boolean("open", true))
//	err = kiosk.Flush(ctx) // waits until the gateway has read all of it
//
// The example below is a whole program. Package devicetest has a small gateway for tests.
//
// # Ownership and stopping
//
// [Client.Run] owns the connection and all goroutines, and waits for them: a writer (its own), a
// reader for each connection, and one that calls Config.OnChange while there are changes. It ends
// when its context does, or when the gateway refuses the key:
//
//	ErrUnknownKey, ErrRevoked   end Run: another attempt would be refused, too
//	anything else               is logged and given to Config.OnError; Run reconnects
//
// [Client.Log] and [Client.Set] never wait for the network. They hold a lock for as long as it
// takes to copy what they were given, and no goroutine holds that lock while it waits.
// [Client.Flush] waits, for as long as its context permits. A program that ends calls Flush with a
// deadline before it cancels the context of Run; what is not sent by then is lost with the process.
//
// # Connection
//
//	     dial      v:KEY          OK
//	away ────► connecting ────► verified ──┐ v:KEY … OK, every Heartbeat at the latest
//	 ▲            │                │  ▲────┘
//	 └────────────┴────────────────┘
//	  any error; then a random pause
//
// The bounds of each step are settings:
//
//   - The pause is random, between zero and a limit (exponential backoff with full jitter). The
//     limit starts at Config.BackoffBase and doubles with each failure, up to Config.BackoffMax.
//   - The limit starts over after a connection on which the gateway has accepted the key and
//     answered one more question. Acceptance alone does not count: otherwise a gateway that accepts
//     and then closes would get its devices back at full speed.
//   - Every connection attempt, write and answer may take Config.AnswerWithin. After that the
//     connection is closed.
//   - The heartbeat is the line v:KEY, which a gateway answers with OK also on a verified
//     connection. It is sent when three quarters of Config.Heartbeat to all of it have passed since
//     the last one, so that devices do not send it in step.
//
// # Delivery
//
// The protocol does not acknowledge log records. But a gateway reads the lines of a connection in
// order, so the OK for a v:KEY proves that it has read all lines before it. The client therefore
// keeps each record in its spool until a v:KEY behind it is answered, and sends the unanswered ones
// again on the next connection. This gives these promises:
//
//   - Records arrive at least once, in the order of Log. After a lost connection some may arrive
//     twice: those of the last seconds, 256 KiB of lines at most. A field with a number of your own
//     tells repeated ones apart.
//   - A record is lost only if the spool is full (see below), the process ends, the gateway refuses
//     it with ERROR, or the gateway is killed within moments of reading it: OK says that the
//     gateway has accepted the record, not that it has stored it.
//   - The client asks at each heartbeat and for Flush; when lines are unanswered, a quarter of
//     Config.Heartbeat after the last question; and at once when 128 KiB or half of the spool are
//     unanswered.
//   - Of each variable the last value arrives. All last values are sent again on every new
//     connection. Values in between may be skipped.
//   - Between records and variables no order is promised.
//
// An ERROR on a verified connection refuses one line. The client checks records and variables by
// the limits of the gateway, so what Log and Set have taken is not refused for its form. The reason
// tells what follows:
//
//	… send it again   the gateway could not store the line: the client reconnects, and sends all
//	                  unanswered lines again
//	… try again       the gateway could not verify the key now: the client asks again after a
//	                  quarter of Config.Heartbeat
//	any other         the connection goes on, and the line is not sent again
//
// # Bounds
//
// The spool holds Config.SpoolRecords and Config.SpoolBytes at most, where each record counts 64
// bytes more than its JSON. Beyond that the oldest record that is not on its way is dropped. The
// next line then begins with a log record that says how many were dropped, also in its field
// "dropped". [Stats] counts them too.
//
// A client reports up to MaxVariables names, and as many changes wait for OnChange. A line of the
// gateway may have 1 MiB; a longer one is skipped without being kept. Lines that are malformed are
// ignored and logged, as are single variables in them.
//
// # Changes by an admin
//
// The gateway sends the value that an admin wants after each OK, until the device reports that
// value. OnChange is called with the wanted values, and its result decides:
//
//	nil          all are accepted: the client reports them like Set, and keeps them as the last
//	             values
//	Declined     those that it names are declined, the others are accepted
//	other error  all are declined
//
// A declined value stays wanted, and the dashboard shows it beside the reported one. The client
// logs the reason to the gateway once for each value. OnChange is offered the value again with each
// OK, which is every few seconds, so an error is also right for "not now". A device that takes
// another value instead calls Set with it, and declines.
//
// Calls of OnChange do not overlap. While one runs, the client keeps the last wanted value of each
// variable, and offers them together. A value that is being applied or is reported already is not
// offered again.
//
// # Secrets
//
// The key is the only proof of who a device is, and each line has it: over plain TCP anyone on the
// way can read it. No error, and no line of the log, contains the key.
//
// # Testing
//
// Config.Dial may return one end of a net.Pipe. Everything works in a testing/synctest bubble then:
// heartbeats, pauses and deadlines take no time.
package device
