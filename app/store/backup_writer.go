package store

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// backupWriter writes a backup from its beginning to its end, and never goes back.
type backupWriter struct {
	zip *zip.Writer
	at  time.Time // of the backup, and so of each entry
}

func newBackupWriter(to io.Writer, head backupHead) (*backupWriter, error) {
	w := &backupWriter{zip.NewWriter(to), head.CreatedAt}
	return w, w.writeJSON(headEntry, head)
}

// create begins the next entry. Unpacked, it is a file that other users can't read.
func (w *backupWriter) create(name string) (io.Writer, error) {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.at}
	header.SetMode(0o600)
	return w.zip.CreateHeader(header)
}

func (w *backupWriter) writeJSON(name string, value any) error {
	b, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	out, err := w.create(name)
	if err != nil {
		return err
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

// begin begins the next table.
func (w *backupWriter) begin(t table, progress func(int64)) (*writtenRows, error) {
	out, err := w.create(tableEntry(t.Name))
	return &writtenRows{out: out, progress: progress}, err
}

// close writes how many rows each table has, and the end of the file.
func (w *backupWriter) close(rows map[string]int64) error {
	if err := w.writeJSON(rowsEntry, rows); err != nil {
		return err
	}
	return w.zip.Close()
}

// writtenRows counts the rows of a table while they are written.
type writtenRows struct {
	out      io.Writer
	n        int64
	progress func(int64)
}

// progressEvery is how many rows are done between two calls of a Progress.
const progressEvery = 10_000

// Write writes what PostgreSQL sends at a time: a row, which ends with a line feed and has none
// within.
func (r *writtenRows) Write(row []byte) (int, error) {
	if len(row) > maxRow {
		return 0, fmt.Errorf("a row has %d bytes, and a backup takes rows of %d bytes at most", len(row), maxRow)
	}
	before := r.n
	r.n += int64(bytes.Count(row, []byte("\n")))
	if before/progressEvery != r.n/progressEvery {
		r.progress(r.n)
	}
	return r.out.Write(row)
}
