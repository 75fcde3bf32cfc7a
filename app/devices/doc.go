// Package devices holds what devices are and what they have said: their keys, logs and variables,
// in PostgreSQL. A device is an app or a kiosk that reports over a connection of its own; this
// package knows neither connections nor pages.
//
// # Usage
//
// [ParseRecords] and [ParseVariables] read what a device has sent; their errors are sentences that
// a device may be sent. A [Store] answers questions and makes changes, each in one transaction. A
// [Writer] takes log records in and writes them in batches. A [Sweep] finds what other nodes have
// changed about devices that are connected here. A [Retention] drops old logs.
//
// # Ownership and stopping
//
// The methods of a Store may be called from any goroutine. A Sweep belongs to one goroutine. A
// Writer and a Retention are services: their owner runs Serve under a supervisor and waits for its
// end. Write may be called from any goroutine. To stop, the owner calls [Writer.Drain], closes the
// connections of devices, and then ends the context of Serve, which writes what is left or keeps it
// in the spool file.
//
// # Promises
//
//   - A record that Write has accepted is written once, whatever the database does. A node that is
//     killed loses at most MaxBatchRecords or MaxBatchBytes twice; a disk that takes no spool file
//     loses what a stopping node holds.
//   - The records of one Write are written in their order, and two Writes of one connection too.
//     Between connections there is no order but that of the time of receipt.
//   - [Store.Search] orders by the time of receipt and then by id. [Store.Follow] orders by id, and
//     tells of no id before all lower ones are committed or given up. [Store.Tail] does the same,
//     returns the newest records, and counts the others.
//   - What an admin wants of a variable stays until the device reports that type and value, a later
//     want replaces it, or an admin withdraws it.
//   - Changes of one device come one after the other: each locks the row of the device first.
//   - A Sweep reports each revocation and each change of a variable at least once.
//
// # Testing
//
// The tests run on a real PostgreSQL, and cut the line to it at chosen moments: see line_test.go.
// BenchmarkSearch, BenchmarkCopy and BenchmarkGateway measure what docs/performance.md says.
package devices
