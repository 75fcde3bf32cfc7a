// Package store keeps the database: it opens it, makes its schema what the program needs, and
// writes and restores backups. The meaning of the rows is the business of packages inventory,
// checkout and devices.
//
//	db, err := store.Open(ctx, store.Config{URL: url}, log)
//	err = db.Prepare(ctx, true) // makes the schema, and fills an empty store
//	…
//	err = db.Close(ctx)
//
// [Schema] does the work of an operator without a node: it applies and takes back steps of the
// schema, seeds, backs up and restores. [CopyStock] copies the stock into a schema of its own, for
// a rehearsal.
//
// # Promises
//
//   - A database that holds tables of something else is not touched, unless an operator says so.
//   - A database that was named and is behind is migrated by its operator; an empty one is made
//     ready. The private one belongs to the node, and is migrated at its start.
//   - A pooler that hands out connections by transaction is refused: locks, timeouts and statements
//     of a session would be lost.
//   - A backup is one moment of the store. A restore puts all of it back, or nothing, while nodes
//     run.
//   - A restore takes backups of every older step of the schema. It fills and migrates the tables
//     in a scratch schema, so that buyers wait only while the rows are replaced.
//   - A backup file is not trusted: damage is found, and no file makes a restore hold more than
//     some MiB.
//   - No error and no line of a log holds the password of the database.
package store
