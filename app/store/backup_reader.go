package store

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
)

// backupReader reads a backup. It believes nothing that the file says.
type backupReader struct {
	head    backupHead
	entries map[string]*zip.File
	rows    map[string]int64 // by table, as rows.json says
}

// openBackup reads all but the rows. The file must stay open as long as the reader is used.
func openBackup(file io.ReaderAt, size int64) (*backupReader, error) {
	if err := checkBeginning(file, size); err != nil {
		return nil, err
	}
	if err := checkEnd(file, size); err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return nil, readError("directory", err)
	}
	b := &backupReader{entries: make(map[string]*zip.File)}
	for _, entry := range archive.File {
		if b.entries[entry.Name] != nil {
			return nil, damaged("directory", fmt.Sprintf("it has %.100q twice", entry.Name))
		}
		b.entries[entry.Name] = entry
	}
	if err := b.readJSON(headEntry, &b.head); err != nil {
		return nil, err
	}
	if err := b.head.check(); err != nil {
		return nil, err
	}
	if err := b.readJSON(rowsEntry, &b.rows); err != nil {
		return nil, err
	}
	return b, b.checkEntries()
}

// checkEntries refuses a backup with more or less than what its head lists.
func (b *backupReader) checkEntries() error {
	unknown := maps.Clone(b.entries)
	delete(unknown, headEntry)
	delete(unknown, rowsEntry)
	for _, t := range b.head.Tables {
		delete(unknown, tableEntry(t.Name)) // a missing one is found when it is read
		if _, ok := b.rows[t.Name]; !ok {
			return damaged(rowsEntry, "it lacks "+t.Name)
		}
	}
	for name := range unknown {
		return damaged("directory", fmt.Sprintf("it has %.100q, which no backup has", name))
	}
	if len(b.rows) != len(b.head.Tables) {
		return damaged(rowsEntry, "it has a table that the backup does not have")
	}
	return nil
}

func (b *backupReader) readJSON(name string, value any) error {
	in, err := b.open(name)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(in, maxJSON+1))
	switch {
	case err != nil:
		return readError(name, err)
	case len(text) > maxJSON:
		return damaged(name, fmt.Sprintf("it has more than %d bytes", maxJSON))
	}
	if err := json.Unmarshal(text, value); err != nil {
		return damaged(name, err)
	}
	return nil
}

// readTable gives the rows of a table to take, which must read them to io.EOF, where the checksum
// is compared, and returns how many they were.
func (b *backupReader) readTable(t table, take func(io.Reader) (int64, error)) error {
	name := tableEntry(t.Name)
	in, err := b.open(name)
	if err != nil {
		return err
	}
	rows := &readRows{in: in, entry: name}
	taken, err := take(rows)
	switch want := b.rows[t.Name]; {
	case rows.err != nil: // take may have wrapped it
		return rows.err
	case err != nil:
		return err
	case rows.n != want || taken != want:
		return damaged(name, fmt.Sprintf("it has %d rows, and %s says %d", taken, rowsEntry, want))
	}
	return nil
}

// open opens an entry. Its reader needs no Close.
func (b *backupReader) open(name string) (io.Reader, error) {
	entry := b.entries[name]
	if entry == nil {
		return nil, damaged(name, "it is missing")
	}
	in, err := entry.Open()
	if err != nil {
		return nil, readError(name, err)
	}
	return in, nil
}

// readRows counts the rows of a table while they are read.
type readRows struct {
	in    io.Reader
	entry string
	n     int64
	row   int // how much of the row was read that is not complete
	err   error
}

func (r *readRows) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.n += int64(bytes.Count(p[:n], []byte("\n")))
	if end := bytes.LastIndexByte(p[:n], '\n'); end >= 0 {
		r.row = n - end - 1
	} else {
		r.row += n
	}
	switch {
	case err == io.EOF:
		return n, err
	case err != nil:
		r.err = readError(r.entry, err)
	case r.row > maxRow:
		r.err = damaged(r.entry, fmt.Sprintf("a row has more than %d bytes", maxRow))
	}
	return n, r.err
}

// readError tells a file that is damaged from a disk that can't be read.
func readError(entry string, err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	return damaged(entry, err)
}
