// Package operator is what operators may do with a running node: the commands, the node's side that
// carries them out, and the client that the command line uses.
//
//	client, err := operator.Dial(".data") // or DialAt, for a node on another machine
//	done, err := client.Restock(ctx, operator.RestockRequest{Item: "SHU6001", Count: 200})
//
// A command is a request over NATS on the subject of its node; request and reply are JSON. The
// client sends the name that its operator goes by; [Operator] logs it with what was done. A command
// is added in four places: its name and its requests in command.go, a method of [Operator] that
// does it, a line in [Operator.Listen], and a method of [Client].
//
// [Desk] and [DeviceDesk] do the same for the buttons of the dashboard, with words for people who
// have no command line.
//
// # Promises
//
//   - A command that changes something returns when every live node shows it, or names those that
//     did not within [EverywhereWithin].
//   - A command that looks like a slip of the finger returns a [Question], and nothing was done.
//   - An error says whether something may have been done.
//   - A command that panics is answered with an error, and harms nothing else.
package operator
