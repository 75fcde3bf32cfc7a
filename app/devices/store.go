package devices

import (
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Store reads and changes devices, and reads what they have said. Its methods may be called from any goroutine.
//
//	Add(ctx, name string) (Device, Key, error)
//	List(ctx) ([]Device, error)
//	Revoke(ctx, name string) (Device, error)
//	Verify(ctx, Key) (Device, error)
//	Saw(ctx, []ID) error
//	Report(ctx, ID, []Variable) error
//	Want(ctx, ID, []Variable, who string) error
//	Wanted(ctx, ID) ([]Variable, error)
//	Variables(ctx, ID) ([]VariableState, error)
//	Search(ctx, Query) (Page, error)
//	Follow(ctx, Query, after int64) (records []Logged, next int64, err error)
type Store struct {
	pool    *pgxpool.Pool
	secrets []string
	log     *slog.Logger
}

// A Writer is a service that takes log records in and writes them in batches.
//
//	NewWriter(WriterConfig{Pool, Dir string, Log}) *Writer
//	Serve(ctx) error                        // run it under a supervisor; at the end of ctx it writes or spools what it holds
//	Write(ctx, ID, []Record) error          // nil: the records are accepted. Waits while the buffer is full
//	Drain()                                 // before connections are closed at a stop: Write no longer waits
//
// A Sweep finds what changed for connections that are verified already.
//
//	NewSweep(*Store) *Sweep
//	Next(ctx) (Changes, error)              // once a second, from one goroutine
