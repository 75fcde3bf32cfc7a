// Package devices holds what devices are and what they have said: their keys, logs and variables, in PostgreSQL. A device is
// an app or a kiosk that reports over a connection of its own; this package knows neither connections nor pages.
//
// # Usage
//
// A [Store] answers questions and makes changes, each in one transaction. A [Writer] takes log records in and writes them in
// batches. [ParseRecords] and [ParseVariables] read what a device has sent; their errors are sentences that a device may be sent.
//
// # Ownership and stopping
//
// The methods of a Store may be called from any goroutine. A Writer is a service: its owner runs Serve, and Write may be called
// from any goroutine meanwhile.
package devices
