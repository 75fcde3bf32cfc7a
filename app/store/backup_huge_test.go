package store

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"testing"
)

// TestUnreadableDisk is told from a damaged file.
func TestUnreadableDisk(t *testing.T) {
	t.Parallel()
	file := sample(t)
	for after := range int64(len(file)) {
		_, err := readAll(brokenDisk{bytes.NewReader(file), after}, int64(len(file)))
		if errors.Is(err, ErrDamagedBackup) || errors.Is(err, ErrNoBackup) {
			t.Errorf("a disk that can't be read behind %d bytes: %v", after, err)
		}
	}
}

// brokenDisk can't be read behind a place.
type brokenDisk struct {
	io.ReaderAt
	after int64
}

func (d brokenDisk) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > d.after {
		return 0, &fs.PathError{Op: "read", Path: "x", Err: fs.ErrInvalid}
	}
	return d.ReaderAt.ReadAt(p, at)
}

// TestHugeBackup reads the ends of a backup of more than 4 GiB, most of which is not there: its
// directory needs records of another kind. A file that claims to have more entries than a backup
// has is refused before there is room for them.
func TestHugeBackup(t *testing.T) {
	t.Parallel()
	const huge = 5 << 30
	good := entriesOf(t, sample(t))
	file := &sparse{}
	w := zip.NewWriter(file)
	for _, e := range good {
		header := &zip.FileHeader{Name: e.name}
		if e.name == "tables/orders.copy" {
			header.CompressedSize64, header.UncompressedSize64 = huge, huge
			out, err := w.CreateRaw(header)
			if err != nil {
				t.Fatal(err)
			}
			zeros := make([]byte, 1<<28)
			for range huge / len(zeros) {
				if _, err := out.Write(zeros); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		out, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(out, e.text) // into memory
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := openBackup(file, file.size)
	if err != nil || b.rows["products"] != 2 || b.entries["tables/orders.copy"].UncompressedSize64 != huge {
		t.Fatalf("a huge backup: %v", err)
	}
	last := &file.parts[len(file.parts)-1]
	right := last.data
	for what, change := range map[string]func(tail []byte){
		"many entries":         func(tail []byte) { binary.LittleEndian.PutUint64(tail[32:], huge/100) },
		"a long directory":     func(tail []byte) { binary.LittleEndian.PutUint64(tail[40:], huge/100) },
		"a record elsewhere":   func(tail []byte) { binary.LittleEndian.PutUint64(tail[bigEndLen+8:], 40) },
		"no record":            func(tail []byte) { tail[0] = 'x' },
		"no locator":           func(tail []byte) { tail[bigEndLen] = 'x' },
		"two sets of numbers":  func(tail []byte) { binary.LittleEndian.PutUint32(tail[bigLen-6:], 40) },
		"a comment at its end": func(tail []byte) { tail[bigLen-1] = 1 },
	} {
		last.data = bytes.Clone(right)
		change(last.data[len(last.data)-bigLen:])
		err := checkEnd(file, file.size)
		if !errors.Is(err, ErrDamagedBackup) {
			t.Errorf("a huge backup with %s: %v", what, err)
		}
	}
}

// sparse is a file of which long parts are zeros that take no room.
type sparse struct {
	size  int64
	parts []part
}

type part struct {
	at   int64
	data []byte
}

func (s *sparse) Write(p []byte) (int, error) {
	if len(p) < 1<<20 {
		s.parts = append(s.parts, part{s.size, bytes.Clone(p)})
	}
	s.size += int64(len(p))
	return len(p), nil
}

func (s *sparse) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	for _, part := range s.parts {
		if from := part.at - at; from >= 0 && from < int64(len(p)) {
			copy(p[from:], part.data)
		} else if from < 0 && -from < int64(len(part.data)) {
			copy(p, part.data[-from:])
		}
	}
	if left := s.size - at; left < int64(len(p)) {
		return int(left), io.EOF
	}
	return len(p), nil
}
