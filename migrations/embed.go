// Package migrations holds the schema of the store as numbered steps, and applies them: the program
// and the tests go through the same functions.
//
// A step is a file, NNNNN_name.sql, with two directions, each of which is one statement to goose:
// it goes to the database in one round trip, and goose does not look for the ends of statements in
// it, which takes a buffer of 4 MiB for each line.
//
// Programs of two versions share a database while the newer one's steps only add. The database says
// which programs can live with it, see [State]. docs/deploying.md tells how a step is made.
//
// The restore of an older backup executes steps in a schema of its own, several in one transaction
// and with rows in the tables, see [Ups]. So a step names no schema, makes only objects that belong
// to a schema, and needs nothing that a transaction may not do.
package migrations

import "embed"

//go:embed *.sql
var files embed.FS
