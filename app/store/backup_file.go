package store

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A backup is a gzip file. In it is a line of JSON, the head; then for each of its tables pieces of
// rows as PostgreSQL copies them in text, each behind its length in four bytes, a length of zero,
// and the number of rows in eight; and in the end a line that says so. Gzip's checksum finds what
// was damaged, the end what was cut off.
const (
	backupFormat  = "sneakers23 backup"
	backupVersion = 1
	backupEnd     = "end of backup\n"
)

// Bounds of what a file may make us hold.
const (
	maxHead  = 1 << 20
	maxPiece = 1 << 24 // PostgreSQL copies row by row
)

type backupHead struct {
	Format    string        `json:"format"`
	Version   int           `json:"version"`
	Schema    int64         `json:"schema"`
	CreatedAt time.Time     `json:"created_at"`
	Revision  int64         `json:"revision"` // the last one that was given
	LastIDs   []int64       `json:"last_ids"` // of numbered, in its order
	Tables    []backupTable `json:"tables"`
}

type backupTable struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// sql names the table and its columns.
func (t backupTable) sql() string {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	return pgx.Identifier{t.Name}.Sanitize() + " (" + strings.Join(columns, ", ") + ")"
}

// Errors of a backup file.
var (
	ErrNoBackup      = errors.New("this is no backup of a Sneakers23 store")
	ErrDamagedBackup = errors.New("the backup is damaged or was cut off: nothing was changed")
)

type backupWriter struct {
	gz  *gzip.Writer
	out *bufio.Writer
}

func newBackupWriter(to io.Writer, head backupHead) (*backupWriter, error) {
	b, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	gz := gzip.NewWriter(to)
	w := &backupWriter{gz, bufio.NewWriterSize(gz, 1<<16)}
	_, err = w.out.Write(append(b, '\n'))
	return w, err
}

// begin begins the next table.
func (w *backupWriter) begin(progress func(int64)) *backupRows {
	return &backupRows{out: w.out, progress: progress}
}

func (w *backupWriter) close() error {
	_, err := w.out.WriteString(backupEnd)
	return errors.Join(err, w.out.Flush(), w.gz.Close())
}

// backupRows takes the rows of a table.
type backupRows struct {
	out      *bufio.Writer
	rows     int64
	progress func(int64)
}

// progressEvery is how many rows are done between two words of it.
const progressEvery = 10_000

// Write takes a piece: PostgreSQL ends each row by a line feed, and has none within.
func (r *backupRows) Write(piece []byte) (int, error) {
	if len(piece) == 0 {
		return 0, nil
	}
	if len(piece) > maxPiece {
		return 0, fmt.Errorf("a row of %d bytes", len(piece))
	}
	before := r.rows
	r.rows += int64(bytes.Count(piece, []byte("\n")))
	if before/progressEvery != r.rows/progressEvery {
		r.progress(r.rows)
	}
	if err := binary.Write(r.out, binary.BigEndian, uint32(len(piece))); err != nil {
		return 0, err
	}
	return r.out.Write(piece)
}

func (r *backupRows) end() (rows int64, err error) {
	return r.rows, errors.Join(binary.Write(r.out, binary.BigEndian, uint32(0)),
		binary.Write(r.out, binary.BigEndian, r.rows))
}

// readBackup reads a backup to its end. Each table is given to take, which must read all of its
// rows.
func readBackup(
	from io.Reader, head func(backupHead) error, take func(backupTable, io.Reader) (rows int64, err error),
) error {
	gz, err := gzip.NewReader(from)
	if err != nil {
		return ErrNoBackup
	}
	in := bufio.NewReaderSize(gz, 1<<16)
	h, err := readHead(in)
	if err != nil {
		return err
	}
	if err := head(h); err != nil {
		return err
	}
	if !h.isComplete() {
		return ErrDamagedBackup
	}
	for _, table := range h.Tables {
		rows := &pieces{in: in}
		n, err := take(table, rows)
		if err == nil {
			err = rows.finish(n)
		}
		if err != nil {
			return err
		}
	}
	end := make([]byte, len(backupEnd))
	if _, err := io.ReadFull(in, end); err != nil || string(end) != backupEnd {
		return ErrDamagedBackup
	}
	if n, err := io.Copy(io.Discard, in); err != nil || n > 0 { // reads the checksum, too
		return ErrDamagedBackup
	}
	return nil
}

// readHead reads the head, and believes nothing.
func readHead(in *bufio.Reader) (h backupHead, err error) {
	var all []byte
	for {
		line, err := in.ReadSlice('\n')
		all = append(all, line...)
		if err == nil {
			break
		}
		switch {
		case errors.Is(err, io.EOF) || len(all) > maxHead:
			return h, ErrNoBackup
		case !errors.Is(err, bufio.ErrBufferFull):
			return h, ErrDamagedBackup
		}
	}
	if !bytes.HasPrefix(all, []byte(`{"format":"`+backupFormat+`"`)) {
		return h, ErrNoBackup
	}
	if json.Unmarshal(all, &h) != nil {
		return h, ErrDamagedBackup
	}
	if h.Version != backupVersion {
		return h, fmt.Errorf("the backup has version %d of its format, this program reads version %d: use the program that made it", h.Version, backupVersion)
	}
	return h, nil
}

// isComplete reports whether the head has what a backup of this program's schema has.
func (h backupHead) isComplete() bool {
	names := make([]string, len(h.Tables))
	for i, t := range h.Tables {
		names[i] = t.Name
		if len(t.Columns) == 0 || len(t.Columns) > 1000 {
			return false
		}
	}
	return slices.Equal(names, backupTables) && len(h.LastIDs) == len(numbered)
}

// pieces are the rows of a table as one stream.
type pieces struct {
	in   *bufio.Reader
	left uint32 // of the piece
	rows int64
	over bool
}

func (p *pieces) Read(b []byte) (int, error) {
	for p.left == 0 {
		if p.over {
			return 0, io.EOF
		}
		if err := binary.Read(p.in, binary.BigEndian, &p.left); err != nil || p.left > maxPiece {
			return 0, ErrDamagedBackup
		}
		p.over = p.left == 0
	}
	n, err := p.in.Read(b[:min(len(b), int(p.left))])
	p.left -= uint32(n)
	p.rows += int64(bytes.Count(b[:n], []byte("\n")))
	if err != nil {
		return n, ErrDamagedBackup
	}
	return n, nil
}

// finish reads how many rows there must have been.
func (p *pieces) finish(taken int64) error {
	var rows int64
	if err := binary.Read(p.in, binary.BigEndian, &rows); err != nil || !p.over || rows != p.rows || rows != taken {
		return ErrDamagedBackup
	}
	return nil
}
