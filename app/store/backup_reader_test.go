package store

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sampleRows are the rows of a small backup, by table.
var sampleRows = map[string]string{
	"products": "1\tA\n2\tB\\n\n", "items": "1\t1\tA-1\n", "orders": "", "order_lines": "",
}

// sample is a small backup that needs no database.
func sample(t testing.TB) []byte {
	t.Helper()
	head := backupHead{
		Format: backupFormat, Version: backupVersion, Schema: 7, Revision: 9, LastIDs: map[string]int64{"products": 3},
		CreatedAt: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
		Tables: []table{
			{"products", []string{"id", "sku"}}, {"items", []string{"id", "product_id", "sku"}},
			{"orders", []string{"id"}}, {"order_lines", []string{"id"}},
		},
	}
	var file bytes.Buffer
	w, err := newBackupWriter(&file, head)
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int64)
	for _, table := range head.Tables {
		rows, err := w.begin(table, func(int64) {})
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(sampleRows[table.Name]) {
			if _, err := rows.Write([]byte(line)); err != nil {
				t.Fatal(err)
			}
		}
		counts[table.Name] = rows.n
	}
	if err := w.close(counts); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// readAll reads a backup to its end and returns the rows of each table.
func readAll(file io.ReaderAt, size int64) (map[string]string, error) {
	b, err := openBackup(file, size)
	if err != nil {
		return nil, err
	}
	all := make(map[string]string)
	for _, t := range b.head.Tables {
		err := b.readTable(t, func(rows io.Reader) (int64, error) {
			text, err := io.ReadAll(rows)
			all[t.Name] = string(text)
			return int64(bytes.Count(text, []byte("\n"))), err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func readBytes(file []byte) (map[string]string, error) {
	return readAll(bytes.NewReader(file), int64(len(file)))
}

// TestBackupIsAZipFile opens a backup as a person would, with names that say what is in it.
func TestBackupIsAZipFile(t *testing.T) {
	t.Parallel()
	file := sample(t)
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range archive.File {
		names = append(names, entry.Name)
		if entry.Mode() != 0o600 || entry.Modified.Year() != 2026 {
			t.Errorf("%s has mode %v and is of %v", entry.Name, entry.Mode(), entry.Modified)
		}
	}
	want := []string{
		"backup.json", "tables/products.copy", "tables/items.copy", "tables/orders.copy", "tables/order_lines.copy",
		"rows.json",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	got, err := readBytes(file)
	if diff := cmp.Diff(sampleRows, got); err != nil || diff != "" {
		t.Errorf("%v; rows (-want +got):\n%s", err, diff)
	}
}

// TestDamagedAnywhere damages each byte of a backup and cuts the backup off at each place. Either
// that is found, or the byte says nothing about rows, like one of a time: then the rows are right.
func TestDamagedAnywhere(t *testing.T) {
	t.Parallel()
	file := sample(t)
	unnoticed := 0
	for i := range file {
		for _, flip := range []byte{1 << (i % 8), 0xff} {
			damaged := bytes.Clone(file)
			damaged[i] ^= flip
			got, err := readBytes(damaged)
			switch {
			case err == nil && cmp.Equal(got, sampleRows):
				unnoticed++
			case err == nil:
				t.Errorf("%x at byte %d: read %v", flip, i, got)
			case !errors.Is(err, ErrDamagedBackup) && !errors.Is(err, ErrNoBackup):
				t.Errorf("%x at byte %d: %v", flip, i, err)
			}
		}
	}
	t.Logf("%d of %d changes say nothing about rows", unnoticed, 2*len(file))
	for length := range file {
		want := ErrDamagedBackup
		if length < 30+len(headEntry) {
			want = ErrNoBackup
		}
		if _, err := readBytes(file[:length]); !errors.Is(err, want) {
			t.Errorf("the first %d bytes: %v, want %v", length, err, want)
		}
	}
	for _, more := range [][]byte{{0}, []byte("PK"), file} {
		if _, err := readBytes(append(bytes.Clone(file), more...)); !errors.Is(err, ErrDamagedBackup) {
			t.Errorf("with %d bytes more: %v", len(more), err)
		}
	}
}

// entry is one of a zip file that a test makes.
type entry struct{ name, text string }

func entriesOf(t *testing.T, file []byte) (all []entry) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range archive.File {
		text, err := fs.ReadFile(archive, e.Name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{e.Name, string(text)})
	}
	return all
}

// replaced returns the entries with another text in one of them.
func replaced(t *testing.T, entries []entry, name, old, new string) []entry {
	t.Helper()
	entries = slices.Clone(entries)
	for i, e := range entries {
		if e.name == name {
			if !strings.Contains(e.text, old) {
				t.Fatalf("%s does not have %q: %s", name, old, e.text)
			}
			entries[i].text = strings.Replace(e.text, old, new, 1)
		}
	}
	return entries
}

func zipOf(t *testing.T, entries []entry) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, e := range entries {
		out, err := w.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(out, e.text) // into memory
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// TestWrongBackups reads well-made zip files that no backup is.
func TestWrongBackups(t *testing.T) {
	t.Parallel()
	good := entriesOf(t, sample(t))
	replace := func(name, old, new string) func() []entry {
		return func() []entry { return replaced(t, good, name, old, new) }
	}
	without := func(name string) func() []entry {
		return func() (all []entry) {
			for _, e := range good {
				if e.name != name {
					all = append(all, e)
				}
			}
			return all
		}
	}
	with := func(more ...entry) func() []entry {
		return func() []entry { return append(good[:len(good):len(good)], more...) }
	}
	spaces := strings.Repeat(" ", maxJSON)
	many := make([]entry, maxTables)
	for i := range many {
		many[i].name = fmt.Sprintf("tables/%d.copy", i)
	}
	for name, tt := range map[string]struct {
		entries func() []entry
		want    error
		text    string
	}{
		"another zip file":         {func() []entry { return []entry{{"hello.txt", "hello"}} }, ErrNoBackup, ""},
		"another format":           {replace(headEntry, backupFormat, "something"), ErrNoBackup, ""},
		"a later version":          {replace(headEntry, `"version": 2`, `"version": 3`), nil, "has version 3"},
		"a head of no JSON":        {replace(headEntry, "{", ""), ErrDamagedBackup, headEntry},
		"a head that is too large": {replace(headEntry, "{", "{"+spaces), ErrDamagedBackup, "bytes"},
		"the last of all revisions": {
			replace(headEntry, `"revision": 9`, `"revision": 9223372036854775807`), ErrDamagedBackup, headEntry,
		},
		"the last of all ids": {
			replace(headEntry, `"products": 3`, `"products": 9223372036854775807`), ErrDamagedBackup, headEntry,
		},
		"a step of nothing":         {replace(headEntry, `"schema": 7`, `"schema": 0`), ErrDamagedBackup, headEntry},
		"a table's name with words": {replace(headEntry, `"orders"`, `"orders; DROP"`), ErrDamagedBackup, headEntry},
		"a table listed twice":      {replace(headEntry, `"orders"`, `"items"`), ErrDamagedBackup, headEntry},
		"a table without columns": {replace(headEntry, `[
        "id"
      ]`, `[]`), ErrDamagedBackup, headEntry},
		"an id of no table":       {replace(headEntry, `"products": 3`, `"x": 3`), ErrDamagedBackup, headEntry},
		"no last entry":           {without(rowsEntry), ErrDamagedBackup, rowsEntry},
		"no head":                 {without(headEntry), ErrNoBackup, ""},
		"a table missing":         {without("tables/orders.copy"), ErrDamagedBackup, "orders.copy: it is missing"},
		"a table twice":           {with(good[2]), ErrDamagedBackup, "twice"},
		"a head twice":            {with(good[0]), ErrDamagedBackup, "twice"},
		"an unknown table":        {with(entry{"tables/x.copy", ""}), ErrDamagedBackup, "tables/x.copy"},
		"a path that leads out":   {with(entry{"../x", ""}), ErrDamagedBackup, "../x"},
		"many entries":            {with(many...), ErrDamagedBackup, "size"},
		"a name that is too long": {with(entry{strings.Repeat("x", 60_000), ""}), ErrDamagedBackup, ""},
		"names that are too long": {
			with(entry{strings.Repeat("x", 60_000), ""}, entry{strings.Repeat("y", 60_000), ""}),
			ErrDamagedBackup, "size",
		},
		"a wrong count":          {replace(rowsEntry, `"items": 1`, `"items": 2`), ErrDamagedBackup, "items.copy"},
		"a count missing":        {replace(rowsEntry, `"orders"`, `"other"`), ErrDamagedBackup, "lacks orders"},
		"a count too many":       {replace(rowsEntry, `"orders"`, `"x": 1, "orders"`), ErrDamagedBackup, rowsEntry},
		"counts that are large":  {replace(rowsEntry, "{", "{"+spaces), ErrDamagedBackup, "bytes"},
		"a row that is not full": {replace("tables/items.copy", "\n", ""), ErrDamagedBackup, "items.copy"},
		"a row more":             {replace("tables/items.copy", "\n", "\n\n"), ErrDamagedBackup, "items.copy"},
	} {
		_, err := readBytes(zipOf(t, tt.entries()))
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %.300v, want %v with %q", name, err, tt.want, tt.text)
		}
	}
}

// TestLongRow neither writes nor reads a row that PostgreSQL would have to hold for too long.
func TestLongRow(t *testing.T) {
	t.Parallel()
	row := bytes.Repeat([]byte("x"), maxRow+1<<16)
	if _, err := (&writtenRows{out: io.Discard}).Write(row); err == nil {
		t.Error("a row was written that is too long to be read")
	}
	n, err := io.Copy(io.Discard, &readRows{in: io.MultiReader(strings.NewReader("short\n"), bytes.NewReader(row))})
	if !errors.Is(err, ErrDamagedBackup) || n > maxRow+1<<16 {
		t.Errorf("read %d bytes of a row: %v", n, err)
	}
}

// TestNoBackups reads what is no zip file.
func TestNoBackups(t *testing.T) {
	t.Parallel()
	var old bytes.Buffer
	w := gzip.NewWriter(&old)
	_, _ = w.Write([]byte(`{"format":"sneakers23 backup","version":1}`)) // into memory
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                    {nil, ErrNoBackup},
		"a byte":                     {[]byte("P"), ErrNoBackup},
		"text":                       {[]byte(strings.Repeat("hello ", 100)), ErrNoBackup},
		"an empty zip file":          {zipOf(t, nil), ErrNoBackup},
		"a backup by an old version": {old.Bytes(), ErrOldBackup},
	} {
		if _, err := readBytes(tt.file); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// FuzzReadBackup reads well-made zip files, as checksums hide the rest from what is random. A table
// that is read has the rows that the file says.
func FuzzReadBackup(f *testing.F) {
	f.Add(`{"format":"sneakers23 backup","version":2,"schema":1,"tables":[{"name":"products","columns":["id"]}]}`,
		"1\n2\n", `{"products":2}`)
	f.Add(`{"format":"sneakers23 backup","version":2,"schema":1,"tables":[]}`, "", `{}`)
	f.Fuzz(func(t *testing.T, head, products, counts string) {
		file := zipOf(t, []entry{{headEntry, head}, {tableEntry("products"), products}, {rowsEntry, counts}})
		b, err := openBackup(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		for _, table := range b.head.Tables {
			err := b.readTable(table, func(rows io.Reader) (int64, error) {
				text, err := io.ReadAll(rows)
				return int64(bytes.Count(text, []byte("\n"))), err
			})
			if err == nil && (table.Name != "products" || int64(strings.Count(products, "\n")) != b.rows[table.Name]) {
				t.Errorf("%s has %q, and %d rows", table.Name, products, b.rows[table.Name])
			}
		}
	})
}
