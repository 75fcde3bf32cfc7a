// Package postgres runs a private PostgreSQL server under a node's data directory, for a node that
// is given no other.
//
// # Usage
//
//	pg, err := postgres.Start(ctx, postgres.Config{Dir: ".data", Log: log})
//	if err != nil {
//		return err // says what to do
//	}
//	supervisor.Add(pg) // Serve starts the server again when it dies under the node
//	…
//	defer pg.Stop(stopCtx) // after the pool is closed and Serve has returned
//
// pg.URL() is for pgx, and for an operator's psql: as the user that runs the server, or as root.
// The server listens on a Unix socket only, in the data directory or, where that path is too long,
// in a directory of /tmp; both have mode 0700, and whoever can enter them is trusted. There is no
// TCP, and no password to keep.
//
// # What is on disk
//
// With Dir = .data:
//
//	.data/postgres             PostgreSQL's own data directory (or a link to it)
//	.data/postgres.log         its log; put away as postgres.log.old when it is large and the
//	                           server starts
//	.data/postgres.start.lock  held, exclusive, by who starts or stops the server
//	.data/postgres.use.lock    held, shared, by every user of the server, as long as he uses it
//	.data/postgres.run.lock    held, exclusive, by the server itself and all its processes, which
//	                           inherit it
//	.data/postgres.initdb-…    a cluster in the making; moved to .data/postgres when it is whole
//
// They are file locks of the kernel: a killed process has lost its locks the moment it is gone, and
// the files mean nothing by being there.
//
// PostgreSQL does not run as root. A root node's server runs as the user postgres, or nobody;
// existing data's as the owner of the data. Where that user can't pass through the directories
// above the data (a checkout under root's home), .data/postgres is a link to a directory under
// /var/lib/sneakers23, and binaries from npm are copied there. So make the data directory of a root
// node passable (0755, or at least 0711).
//
// # Ownership and stopping
//
// Every Start is a share, also several in one process: nodes and command lines on one data
// directory share one server. Stop gives the share back, and the last one stops the server
// (PostgreSQL's fast shutdown). Killed users count no more. A server whose users were all killed
// goes on, and the next Start takes it over; so the data is never recovered without need, and
// nothing that was committed is lost. A server that was started by hand on the data is neither used
// nor stopped: Start is refused.
//
// The one goroutine that outlives a call of this package reaps the server that this process has
// started. It ends with the server: before the last user's Stop returns, else when the others stop
// it or this process ends.
//
// # Promises
//
//   - Never two servers on one data directory. A server is started only by the holder of the start
//     lock, and only when the run lock is free: then not even a backend that has outlived its
//     killed server is at work. This holds between containers that share the directory, and for a
//     process that got the pid of a dead server.
//   - A data directory is whole or absent. Anything else is left alone, and the error says so.
//   - Existing data is opened by the major version that wrote it, or not at all.
//   - The address stays the same as long as the Server lives, through any number of restarts.
//   - The settings that make a commit last (fsync, full_page_writes, synchronous_commit) are never
//     touched. CheckDurability tells what an operator made of them.
//   - Everything that waits ends with its context, and after minutes at the latest, with an error
//     that quotes the log.
//
// # Testing
//
// Package pgtest gives tests a schema of their own, on a server of this package or the one that
// DATABASE_URL names. Package initdbtest makes the clusters of tests by copying one. This package's
// own tests run on any PostgreSQL: PG_BINDIR=/usr/lib/postgresql/16/bin go test ./app/postgres.
package postgres
