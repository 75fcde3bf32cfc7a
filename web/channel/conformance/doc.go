// Package conformance holds web/channel against phoenix.js, the client that defines
// the protocol: the npm package phoenix, in the version of assets/package-lock.json,
// runs under Node against a server made of web/channel. It has tests only.
//
// # Scenarios
//
// A scenario is a function in js/scenarios: what a page would do, with assertions. It
// runs against a server of its own, once for each transport and each serializer that it
// is meant for:
//
//	go test ./web/channel/conformance -run 'Phoenix/websocket/v2/leave$'
//
// One Node process runs all scenarios of a transport and a serializer, one after the
// other. With -isolated each scenario has a process of its own and its full size, which
// takes five times as long. $NODE names another Node than the one on the PATH.
//
// The server's channels do what a scenario asks of them by events and join params
// (room_test.go, presences_test.go); what a client cannot ask for, such as a restart
// of the server, is asked of a second address (control_test.go). Whatever goes wrong,
// the scenario prints what phoenix.js logged and fails.
//
// phoenix.js knows serializer V2 only. V1 is put into it by its options encode and
// decode, as the last phoenix.js that spoke it had it.
package conformance
