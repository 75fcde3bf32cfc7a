package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sneakers23/app/store"
)

// backupCmd writes the store to a file.
type backupCmd struct {
	databaseFlag
	File  string `arg:"" help:"Where to write it; - for the standard output." name:"FILE"`
	Force bool   `help:"Replace the file if there is one."`
}

// Help is shown by backup --help.
func (backupCmd) Help() string {
	return `Writes products, stock, movements, orders and devices as they are at one moment to a zip file, also while
nodes run. The file holds what shoppers bought, so it is readable by you alone.`
}

// Run is called by kong.
func (b *backupCmd) Run(ctx context.Context, g *globals, term terminal) (err error) {
	if is, err := os.Stat(b.File); b.File != "-" && err == nil {
		switch {
		case !is.Mode().IsRegular():
			return fmt.Errorf("%s is no file: name one, or - for the standard output", b.File)
		case !b.Force:
			return fmt.Errorf("%s is there already: name another file, or replace it with --force", b.File)
		}
	}
	raw, ok := term.out.Raw()
	if b.File == "-" && !ok {
		return usageError{
			errors.New("a backup is not for reading: send it on, like " + program() + " backup - > shop.backup"),
		}
	}
	s, err := b.schema(ctx, g, term, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if b.File == "-" {
		_, err := s.Backup(ctx, raw, func(string, int64) {})
		return err
	}
	info, size, err := b.write(ctx, s, newProgress(term, g.JSON))
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(info)
	}
	term.out.Printf("%s: %s, %d bytes\n", b.File, inWords(info.Rows), size)
	return nil
}

// write writes beside the file, and puts it in its place when it is whole.
func (b *backupCmd) write(
	ctx context.Context, s *store.Schema, p *progress,
) (info store.BackupInfo, size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(b.File), filepath.Base(b.File)+".partial-") // mode 0600
	if err != nil {
		return info, 0, err
	}
	partial := f.Name()
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(partial))
		}
	}()
	info, err = s.Backup(ctx, f, func(table string, rows int64) { p.note(fmt.Sprintf("%s: %d", table, rows)) })
	p.done()
	if err != nil {
		return info, 0, err
	}
	if err := f.Sync(); err != nil {
		return info, 0, err
	}
	stat, err := f.Stat()
	if err != nil {
		return info, 0, err
	}
	if err := f.Close(); err != nil {
		return info, 0, err
	}
	return info, stat.Size(), os.Rename(partial, b.File)
}

// inWords lists the rows of a backup, as far as people care.
func inWords(rows map[string]int64) string {
	return fmt.Sprintf("%d products, %d sizes, %d orders, %d stock movements",
		rows["products"], rows["items"], rows["orders"], rows["stock_movements"])
}

// restoreCmd puts the store into the state of a backup.
type restoreCmd struct {
	databaseFlag
	File string `arg:"" help:"The backup; - for the standard input." name:"FILE"`
	Yes  bool   `help:"Do not ask." short:"y"`
}

// Help is shown by restore --help.
func (restoreCmd) Help() string {
	return `Replaces the whole store by what the backup holds: what was sold and ordered since is gone. It asks first,
unless --yes. Nodes may run meanwhile: buyers wait while the rows are replaced (20 s for 200,000 orders), and every
node shows the restored stock within 5 s. A backup by an older version of the program is migrated on the way. A backup
that is damaged changes nothing.`
}

// restored is what restore did, for programs.
type restored struct {
	store.BackupInfo
	Replaced map[string]int64 `json:"replaced"`
}

// Run is called by kong.
func (r *restoreCmd) Run(ctx context.Context, g *globals, term terminal) (err error) {
	f, err := r.open(term)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := r.schema(ctx, g, term, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	file, err := f.Stat()
	if err != nil {
		return err
	}
	info, err := s.CheckBackup(ctx, f, file.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", r.File, err)
	}
	now, err := s.Counts(ctx)
	if err != nil {
		return err
	}
	if !r.Yes && r.File == "-" {
		return usageError{errors.New("a backup from the standard input needs --yes: there is nobody to ask")}
	}
	if !r.Yes {
		question := fmt.Sprintf("The store has %s.\nThis replaces it by the backup of %s: %s.",
			inWords(now), stamp(info.CreatedAt.Local()), inWords(info.Rows))
		if err := confirm(term, question); err != nil {
			return err
		}
	}
	p := newProgress(term, g.JSON)
	err = s.Restore(ctx, f, file.Size(), func(table string, rows int64) { p.note(fmt.Sprintf("%s: %d", table, rows)) })
	p.done()
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(restored{info, now})
	}
	term.out.Printf("restored %s; running nodes show it within 5 s\n", inWords(info.Rows))
	return nil
}

// open opens the backup. One from the standard input is kept in a file first: it is read to its end
// before anything is changed.
func (r *restoreCmd) open(term terminal) (*os.File, error) {
	from := term.in
	if r.File != "-" {
		f, err := os.Open(r.File)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s", r.File)
		}
		if err != nil {
			return nil, err
		}
		if is, err := f.Stat(); err == nil && is.Mode().IsRegular() {
			return f, nil
		}
		defer f.Close()
		from = f // a pipe
	}
	f, err := os.CreateTemp("", "sneakers23-restore-") // mode 0600
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(f, from)
	return f, errors.Join(err, os.Remove(f.Name())) // it lives as long as it is open
}
