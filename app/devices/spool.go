package devices

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"sneakers23/app/privatefile"
)

// maxSpool bounds what is read of a spool file.
const maxSpool = 1 << 30

// load reads what the writer before could not write. It is the first to be written. A file that
// can't be read is laid aside, so that no later one takes its place.
func (w *Writer) load() {
	if w.loaded {
		return
	}
	w.loaded = true
	entries, err := readSpool(w.cfg.Spool)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		aside := w.cfg.Spool + ".unread"
		w.cfg.Log.Error("logs of devices in the spool file are not written: the file can't be read",
			"file", w.cfg.Spool, "kept_as", aside, "err", errors.Join(err, os.Rename(w.cfg.Spool, aside)))
		return
	}
	w.cfg.Log.Info("logs of devices come from the spool file", "records", len(entries))
	w.todo = batches(entries)
	w.spooled = true
}

// readSpool reads a file of entries, a line of JSON each.
func readSpool(name string) (entries []entry, err error) {
	text, err := privatefile.ReadUpTo(name, maxSpool)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(text) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(entries)+1, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// save writes all that is to be written into the spool file, in place of what the file holds, which
// is among it.
func (w *Writer) save() error {
	var text bytes.Buffer
	for _, batch := range w.todo {
		for _, e := range batch {
			line, err := encode(e)
			if err != nil {
				return err
			}
			text.Write(line)
			text.WriteByte('\n')
		}
	}
	return privatefile.Write(w.cfg.Spool, text.Bytes())
}

// number gives each entry of the spool file its id, in the file too: if the node is killed between
// a commit and the removal of the file, the next one finds that the ids are taken, and writes
// nothing twice.
func (w *Writer) number(ctx context.Context) error {
	var missing []*entry
	for _, batch := range w.todo {
		for i := range batch {
			if batch[i].ID == 0 {
				missing = append(missing, &batch[i])
			}
		}
	}
	var drawn []int64
	if err := w.cfg.Pool.QueryRow(ctx, drawIDs, len(missing)).Scan(&drawn); err != nil {
		return err
	}
	for i, e := range missing {
		e.ID = drawn[i]
	}
	if err := w.save(); err != nil {
		return fmt.Errorf("write the spool file: %w", err)
	}
	w.numbered = true
	return nil
}

// forget removes the spool file when all of it is written.
func (w *Writer) forget() {
	if !w.spooled {
		return
	}
	if err := os.Remove(w.cfg.Spool); err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.cfg.Log.Error("the spool file of device logs is written and can't be removed: delete it", "file", w.cfg.Spool,
			"err", err)
	}
	w.spooled = false
}
