// Package templates holds the pages and fragments as html/template sources, and parses them.
//
// A file is a page when its name begins with a letter: it defines the blocks that layout.html
// leaves open, or another layout in its place, as the dashboard does. A file whose name begins with
// an underscore is a fragment: it defines one template of the name without the underscore, which
// pages include and which channels push as it is. So a first load and an update cannot differ.
package templates

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

const layout = "layout"

// Set is all pages and fragments, parsed. It may be used from any goroutine.
type Set struct {
	pages     map[string]*template.Template
	fragments *template.Template
}

// place is that of an element of a list, as people count.
func place(index int) int { return index + 1 }

// Parse parses the templates once, for the life of the process. asset tells the URL of a
// built file by its source name, such as app.css; an error from it ends the rendering that asked.
func Parse(asset func(name string) (string, error)) (*Set, error) {
	functions := template.FuncMap{"asset": asset, "place": place}
	base, err := template.New("").Funcs(functions).ParseFS(files, layout+".html", "_*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	base.Option("missingkey=error")
	sources, err := fs.Glob(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	set := &Set{pages: map[string]*template.Template{}}
	for _, source := range sources {
		name := strings.TrimSuffix(source, ".html")
		if name == layout || strings.HasPrefix(name, "_") {
			continue
		}
		page, err := base.Clone()
		if err == nil {
			page, err = page.ParseFS(files, source)
		}
		if err != nil {
			return nil, fmt.Errorf("templates: %w", err)
		}
		set.pages[name] = page
	}
	set.fragments = base
	return set, nil
}

// Page writes the page of that name, inside the layout. Output before an error is no page: write to
// a buffer.
func (s *Set) Page(w io.Writer, name string, data any) error {
	page, ok := s.pages[name]
	if !ok {
		return fmt.Errorf("templates: no page %q", name)
	}
	if err := page.ExecuteTemplate(w, layout, data); err != nil {
		return fmt.Errorf("templates: page %s: %w", name, err)
	}
	return nil
}

// Fragment writes the fragment of that name alone, as channels push it.
func (s *Set) Fragment(w io.Writer, name string, data any) error {
	if err := s.fragments.ExecuteTemplate(w, name, data); err != nil {
		return fmt.Errorf("templates: fragment %s: %w", name, err)
	}
	return nil
}

// Pages lists the names of all pages, sorted.
func (s *Set) Pages() []string {
	return slices.Sorted(maps.Keys(s.pages))
}
