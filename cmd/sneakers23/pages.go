package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"sneakers23/app/operator"
	"sneakers23/inventory/storefront"
)

// pagesCmd shows and changes the pages of text.
type pagesCmd struct {
	List   pagesListCmd   `cmd:"" help:"List the pages of text that the shop has."`
	Show   pagesShowCmd   `cmd:"" help:"Print a page as Markdown, as pages import reads it."`
	Import pagesImportCmd `cmd:"" help:"Write pages from Markdown files."`
	Remove pagesRemoveCmd `cmd:"" help:"Remove a page."`
}

// pagesListCmd lists the pages.
type pagesListCmd struct{}

// Run is called by kong.
func (pagesListCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	shop, err := c.Shop(ctx)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(shop.Pages)
	}
	if len(shop.Pages) == 0 {
		term.out.Printf("There are no pages yet. There can be %s.\n", storefront.SlugList())
		return nil
	}
	table := term.out.Table()
	table.Row("PAGE", "TITLE", "CHARACTERS")
	for _, p := range shop.Pages {
		table.Row("/"+string(p.Slug), p.Title, p.Characters)
	}
	table.Print()
	return nil
}

// pageArg names a page.
type pageArg struct {
	Slug string `arg:"" help:"help, shipping, returns, privacy or imprint." name:"PAGE"`
}

func (a pageArg) slug() (storefront.Slug, error) {
	slug := storefront.Slug(strings.TrimPrefix(a.Slug, "/"))
	if !slug.Known() {
		return "", usageError{fmt.Errorf("%q is no page of a shop: it must be %s", a.Slug, storefront.SlugList())}
	}
	return slug, nil
}

// pagesShowCmd prints a page.
type pagesShowCmd struct{ pageArg }

// Run is called by kong.
func (s *pagesShowCmd) Run(ctx context.Context, g *globals, term terminal) error {
	slug, err := s.slug()
	if err != nil {
		return err
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	page, err := c.Page(ctx, slug)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(pageView{page.Page, page.Revision})
	}
	term.out.Lines("", page.File())
	return nil
}

// pageView is a page as --json prints it.
type pageView struct {
	storefront.Page
	Version storefront.Revision `json:"version"`
}

// pagesImportCmd writes pages.
type pagesImportCmd struct {
	Files []string `arg:"" help:"Markdown files: help.md is the page /help." name:"FILE.md"`
	As    string   `help:"Which page it is, whatever the file's name; for one file, or - for the standard input." placeholder:"PAGE"`
	Seen  *int64   `help:"Save only if the page has still this version, as pages show --json tells it; 0: only if there is none." placeholder:"VERSION"`
}

// Help is shown by pages import --help.
func (pagesImportCmd) Help() string {
	return fmt.Sprintf(`The page is named by its file: %s. The first line is the title; below it is Markdown:

  # Help

  Write to <help@shop.example>. See [shipping](/shipping).

HTML in it is shown as text. Links lead to http, https and mailto addresses, or to pages of the shop. A page has at most
%d characters.`, storefront.SlugList(), storefront.MaxBody)
}

// Run is called by kong.
func (i *pagesImportCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if len(i.Files) > 1 && (i.As != "" || i.Seen != nil) {
		return usageError{errors.New("--as and --seen are for one file")}
	}
	pages := make([]storefront.Page, len(i.Files))
	for n, file := range i.Files {
		page, err := i.read(term, file)
		if err != nil {
			return err
		}
		pages[n] = page
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	all := []operator.FrontSaved{}
	for n, page := range pages {
		done, err := c.SavePage(ctx, storefront.PageEdit{Page: page, Seen: (*storefront.Revision)(i.Seen)})
		if err != nil {
			return fmt.Errorf("%s: %w%s", i.Files[n], explainFront(err, ""), before(i.Files[:n]))
		}
		warnMissing(term, g, done.Everywhere)
		all = append(all, done)
		if !g.JSON {
			printPage(term, c, done)
		}
	}
	if g.JSON {
		return term.out.JSON(all)
	}
	return nil
}

// before names the files that were imported before an error.
func before(files []string) string {
	if len(files) == 0 {
		return ""
	}
	return "\nimported before: " + strings.Join(files, " ")
}

func printPage(term terminal, c *operator.Client, done operator.FrontSaved) {
	if done.Unchanged() {
		term.out.Printf("/%s: nothing to change\n", done.Page.Slug)
		return
	}
	term.out.Printf("/%s: %s is written: %s/%s\n", done.Page.Slug, done.Page.Title, c.Node.HTTP, done.Page.Slug)
}

// maxFile is how many bytes of a file are read: more than a page has.
const maxFile = storefront.MaxBody*utf8.UTFMax + 1<<12

// read reads a file, and finds out whether it can be a page.
func (i *pagesImportCmd) read(term terminal, file string) (page storefront.Page, err error) {
	name := i.As
	if name == "" {
		name = strings.TrimSuffix(strings.ToLower(filepath.Base(file)), ".md")
	}
	slug := storefront.Slug(strings.TrimPrefix(name, "/"))
	if !slug.Known() {
		return page, usageError{fmt.Errorf("%s: no page is named so: name the file %s, with .md, or say --as",
			file, storefront.SlugList())}
	}
	from := term.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return page, err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	switch {
	case err != nil:
		return page, fmt.Errorf("%s: %w", file, err)
	case len(text) > maxFile:
		return page, fmt.Errorf("%s is too large: a page has at most %d characters", file, storefront.MaxBody)
	case !utf8.Valid(text):
		return page, fmt.Errorf("%s is no text in UTF-8: save it as Markdown in UTF-8", file)
	}
	page = storefront.ParseFile(slug, string(text))
	switch {
	case page.Title == "":
		return page, fmt.Errorf("%s: the first line must be the title, like # Help", file)
	case strings.TrimSpace(page.Body) == "":
		return page, fmt.Errorf("%s: there is no text below the title; to remove a page: sneakers23 pages remove %s",
			file, slug)
	}
	return page, nil
}

// pagesRemoveCmd removes a page.
type pagesRemoveCmd struct {
	pageArg
	Seen *int64 `help:"Remove it only if it has still this version, as pages show --json tells it." placeholder:"VERSION"`
}

// Run is called by kong.
func (r *pagesRemoveCmd) Run(ctx context.Context, g *globals, term terminal) error {
	slug, err := r.slug()
	if err != nil {
		return err
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	old, err := c.Page(ctx, slug)
	if err != nil {
		return err
	}
	edit := storefront.PageEdit{Page: storefront.Page{Slug: slug}, Remove: true, Seen: &old.Revision}
	if r.Seen != nil {
		edit.Seen = (*storefront.Revision)(r.Seen)
	}
	done, err := c.SavePage(ctx, edit)
	if err != nil {
		return err
	}
	warnMissing(term, g, done.Everywhere)
	if g.JSON {
		return term.out.JSON(struct {
			Removed pageView `json:"removed"`
			operator.Everywhere
		}{pageView{old.Page, old.Revision}, done.Everywhere})
	}
	term.out.Printf("/%s is removed. This was its text:\n\n", slug)
	term.out.Lines("", old.File())
	return nil
}
