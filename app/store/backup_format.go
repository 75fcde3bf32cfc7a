package store

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// A backup is a zip file with these entries, in this order:
//
//   - backup.json, the head: what the backup is of, and its tables,
//   - tables/NAME.copy for each table of the head: its rows, as PostgreSQL's COPY writes them,
//   - rows.json: how many rows each table has, which the writer knows only in the end.
//
// The checksums of the entries find what was damaged, and zip's directory, which is at the end of
// the file, finds what was cut off.
const (
	backupFormat  = "sneakers23 backup"
	backupVersion = 2 // version 1 was a gzip file

	headEntry = "backup.json"
	rowsEntry = "rows.json"
)

func tableEntry(name string) string { return "tables/" + name + ".copy" }

// Bounds of what a file may make us hold. The rows of a table are never held.
const (
	maxJSON      = 1 << 20 // of backup.json and of rows.json
	maxRow       = 1 << 24 // PostgreSQL sends row by row, and collects each before it parses it
	maxTables    = 200
	maxColumns   = 200
	maxNumber    = 1 << 52 // of a revision or an id: pages read them as numbers, and more must be left to give
	maxDirectory = 1 << 15 // zip's directory: up to 130 bytes a table; package zip takes 0xffff for a sign
)

type backupHead struct {
	Format    string           `json:"format"`
	Version   int              `json:"version"`
	Schema    int64            `json:"schema"` // the newest step of the schema
	CreatedAt time.Time        `json:"created_at"`
	Revision  int64            `json:"revision"` // the last one that was given
	LastIDs   map[string]int64 `json:"last_ids"` // the last id that was given, of each table that numbers its rows
	Tables    []table          `json:"tables"`   // each behind those that it refers to
}

// Errors of a backup file.
var (
	ErrNoBackup      = errors.New("this is no backup of a Sneakers23 store")
	ErrDamagedBackup = errors.New("the backup is damaged or was cut off: nothing was changed")
	ErrOldBackup     = errors.New("this is a gzip file, and not a backup in the format of this program: " +
		"if sneakers23 made it, restore it with the version of the program that made it")
)

// damaged says in which entry, and how.
func damaged(entry string, how any) error {
	return fmt.Errorf("%w (%s: %v)", ErrDamagedBackup, entry, how)
}

// sqlName matches the names of tables and columns in all steps of the schema.
var sqlName = regexp.MustCompile(`^[a-z_]{1,63}$`)

// check refuses a head that this program can't read. It believes nothing.
func (h backupHead) check() error {
	switch {
	case h.Format != backupFormat:
		return ErrNoBackup
	case h.Version != backupVersion:
		return fmt.Errorf("the backup has version %d of its format, and this program reads version %d: "+
			"restore it with the version of the program that made it", h.Version, backupVersion)
	case h.Schema < 1 || len(h.Tables) == 0 || len(h.Tables) > maxTables:
		return damaged(headEntry, "its step or its tables can't be right")
	}
	known := make(map[string]bool)
	for _, t := range h.Tables {
		if !sqlName.MatchString(t.Name) || known[t.Name] || len(t.Columns) == 0 || len(t.Columns) > maxColumns {
			return damaged(headEntry, "it lists a table that can't be right")
		}
		known[t.Name] = true
	}
	if h.Revision < 1 || h.Revision > maxNumber {
		return damaged(headEntry, "its last revision can't be right")
	}
	for name, id := range h.LastIDs {
		if !known[name] || id < 1 || id > maxNumber {
			return damaged(headEntry, "it has a last id of no table, or one that can't be right")
		}
	}
	return nil
}
