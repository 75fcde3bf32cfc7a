// Package markdown turns text that operators write into HTML that can do no harm. It knows nothing
// of the shop.
//
// The text is CommonMark with tables. HTML in it is shown as text. Links lead to http, https and
// mailto addresses, or into this site; a link that leads elsewhere is its words alone, and so is a
// picture. The page has a heading of its own, so those of the text begin at the second level, and
// none leaves a level out.
package markdown

import (
	"bytes"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// converter keeps no state: it may be used by any number of goroutines.
var converter = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		// those of CommonMark, but for HTML
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
		parser.WithASTTransformers(util.Prioritized(tamer{}, 1000)),
	)),
	goldmark.WithExtensions(extension.Table),
)

// Limits of a text. The parser is recursive, and a row of a table has as many cells as its head.
const (
	maxDepth  = 100 // of quotes and lists
	maxCells  = 20  // of a line
	manyCells = 4   // more of them may not fit on a phone
	maxHTML   = 1 << 20
)

// Error says why a text is not shown, for people.
type Error struct{ Text string }

// Error is the text.
func (e *Error) Error() string { return e.Text }

// HTML returns the HTML of a text. The error is an *Error if the text would cost too much.
func HTML(source string) (template.HTML, error) {
	if err := check(source); err != nil {
		return "", err
	}
	var html bytes.Buffer
	if err := converter.Convert([]byte(source), &html); err != nil {
		return "", fmt.Errorf("markdown: %w", err)
	}
	if html.Len() > maxHTML {
		return "", &Error{fmt.Sprintf("becomes more than %d MiB of HTML", maxHTML>>20)}
	}
	return template.HTML(html.String()), nil //nolint:gosec // it is what this package is for
}

// check bounds the marks of quotes and lists at the beginning of a line, and the cells of one.
func check(source string) error {
	number := 0
	for line := range strings.SplitSeq(source, "\n") {
		number++
		marks, rest := 0, line
		for i, r := range line {
			if strings.ContainsRune(">-*+", r) {
				marks++
			} else if !unicode.IsSpace(r) {
				rest = line[i:]
				break
			}
		}
		if marks > maxDepth && rest != line {
			return &Error{fmt.Sprintf("has quotes and lists in line %d of the text that are nested deeper than %d levels", number, maxDepth)}
		}
		if strings.Count(line, "|") > maxCells+1 {
			return &Error{fmt.Sprintf("has a table in line %d of the text with more than %d columns", number, maxCells)}
		}
	}
	return nil
}

// tamer takes out of a document what could lead elsewhere.
type tamer struct{}

// Transform is called by goldmark.
func (tamer) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	var odd []ast.Node // to be replaced by their words
	level := 1         // of the last heading
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(max(n.Level, 2), level+1)
			level = n.Level
		case *east.Table:
			if len(n.Alignments) > manyCells { // it may have to be scrolled, also by key
				n.SetAttributeString("tabindex", []byte("0"))
			}
		case *ast.Image:
			odd = append(odd, n)
		case *ast.Link:
			n.Destination = util.ResolveEntityNames(util.ResolveNumericReferences(n.Destination))
			if !leadsWell(string(n.Destination)) {
				odd = append(odd, n)
			}
		case *ast.AutoLink:
			if n.AutoLinkType != ast.AutoLinkEmail && !leadsWell(string(n.URL(reader.Source()))) {
				odd = append(odd, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range odd {
		replace(n, reader.Source())
	}
}

// replace puts the words of a node in its place.
func replace(n ast.Node, source []byte) {
	parent := n.Parent()
	if auto, ok := n.(*ast.AutoLink); ok {
		parent.ReplaceChild(parent, n, ast.NewString(util.EscapeHTML(auto.Label(source))))
		return
	}
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child) // takes it out of n
	}
	parent.RemoveChild(parent, n)
}

// leadsWell reports whether a link may lead there.
func leadsWell(destination string) bool {
	if strings.ContainsFunc(destination, func(r rune) bool { return unicode.IsControl(r) || r == '\\' }) {
		return false
	}
	u, err := url.Parse(destination)
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		return u.Host != ""
	case "mailto":
		return true
	case "":
		return u.Host == "" && !strings.HasPrefix(destination, "//")
	}
	return false
}
