// Package app puts a node together: which part starts before which, which stops after which, and
// which is passed to which. No other package assembles one; the command line and the tests start
// the very same [Node].
//
//	cfg := app.DefaultConfig()
//	cfg.Listen = "127.0.0.1:0"
//	node, err := app.Start(ctx, cfg)
//	…
//	err = node.Stop(ctx)
//
// # Ownership and stopping
//
// Start brings up, in this order: the lock on the data directory, the listener, the database with
// its schema, the services under a supervisor (the teller among them), the catalog, and last the
// file by which [operator.Dial] finds the node. After an error it ends whatever it had started.
// Stop goes the other way and is bounded: what does not end within Config.StopWithin is cut off,
// and named in the error. A service that panics is logged and started again. Too many failures
// close [Node.Done]; the caller then stops the node and exits.
//
// # Rooms below
//
// Package operator holds the commands to a running node. Package store keeps the database;
// [OpenSchema] opens one for work without a node. Package postgres runs a private PostgreSQL,
// package devices stores what devices report, and package rehearsal simulates shoppers.
package app
