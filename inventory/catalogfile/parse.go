package catalogfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"sneakers23/inventory"
)

// MaxBytes is the size of the largest file that is read.
const MaxBytes = 4 << 20

// Error says what is wrong with a file, and where.
type Error struct {
	Line int    // from 1 on; 0 if it is about the whole file
	Text string // names the key
}

// Error is the text behind its line.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Text)
}

// Parse reads a file of products, JSON if it begins like that, else YAML. The error is an *Error.
//
// An image names a file with a photo: that name stands in Picture, and the caller puts the id of
// the picture in its place.
func Parse(data []byte) ([]inventory.Edit, error) {
	if len(data) > MaxBytes {
		return nil, &Error{Text: fmt.Sprintf("the file is larger than %d MiB", MaxBytes>>20)}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var (
		f     file
		err   error
		begin = bytes.TrimLeft(data, " \t\r\n")
	)
	switch {
	case len(begin) == 0:
		err = &Error{Text: "the file is empty"}
	case begin[0] == '{':
		err = parseJSON(data, &f)
	default:
		err = parseYAML(data, &f)
	}
	if err != nil {
		return nil, err
	}
	if f.Products == nil {
		return nil, &Error{Text: "the file has no products: it must begin with the key products, which holds a list"}
	}
	return f.edits(), nil
}

// parseJSON reads JSON as encoding/json does. Its errors name no lines of values, so those come
// from reading the file as YAML, which JSON is but for tabs between the values.
func parseJSON(data []byte, f *file) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	lineAt := func(offset int64) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }
	err := d.Decode(f)
	if err == nil {
		end := d.InputOffset()
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return &Error{lineAt(end), "something follows the products"}
		}
		return nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &Error{lineAt(syntax.Offset), err.Error()}
	}
	if located, ok := errors.AsType[*Error](parseYAML(untabbed(data), new(file))); ok {
		return located
	}
	return &Error{Text: strings.TrimPrefix(err.Error(), "json: ")}
}

// untabbed returns a file without tabs. No text of JSON holds one.
func untabbed(data []byte) []byte { return bytes.ReplaceAll(data, []byte("\t"), []byte(" ")) }

// tooDeep returns the first line that nests lists more deeply than any file of products, 0 for
// none. The parser takes time and memory by the square of the depth: a fiftieth of a second for the
// depth that is let through. Brackets in texts count as well, which leaves room for four that are
// not closed in each product.
func tooDeep(data []byte) int {
	const most = 4 * inventory.MaxEdits
	depth, number := 0, 0
	for line := range bytes.Lines(data) {
		number++
		rest := bytes.TrimLeft(line, " \t-?")
		if begin := line[:len(line)-len(rest)]; len(begin)-bytes.Count(begin, []byte(" ")) > most {
			return number
		}
		for _, c := range rest {
			switch c {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(0, depth-1)
			}
		}
		if depth > most {
			return number
		}
	}
	return 0
}

// Decode reads any other file of operators, YAML or JSON, into a struct with yaml tags. Unknown
// keys, references and several documents are refused. The error is an *Error.
func Decode(data []byte, into any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return &Error{Text: "the file is empty"}
	}
	return parseYAML(untabbed(data), into)
}

func parseYAML(data []byte, f any) error {
	if line := tooDeep(data); line > 0 {
		return &Error{line, "lists are nested too deeply"}
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return yamlError(err)
	}
	if len(tree.Docs) != 1 {
		return &Error{Text: fmt.Sprintf("the file holds %d documents, and must hold one", len(tree.Docs))}
	}
	if at := references(tree); at != nil { // a few of them can stand for gigabytes
		return &Error{at.GetToken().Position.Line, "anchors, aliases and tags are not read"}
	}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(f); err != nil {
		return yamlError(err)
	}
	return nil
}

// yamlError keeps the line and the message, and leaves out the drawing of the place.
func yamlError(err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if at, ok := errors.AsType[yaml.Error](err); ok {
		e := &Error{Text: at.GetMessage()}
		if kind, ok := errors.AsType[*yaml.UnexpectedNodeTypeError](err); ok {
			e.Text = "keys with their values must stand here"
			if kind.Expected == ast.SequenceType {
				e.Text = "a list must stand here"
			}
		}
		if kind, ok := errors.AsType[*yaml.TypeError](err); ok {
			e.Text = "a text must stand here"
			if kind.DstType.Kind() == reflect.Int {
				e.Text = "a whole number must stand here"
			}
		}
		if token := at.GetToken(); token != nil && token.Position != nil {
			e.Line = token.Position.Line
		}
		return e
	}
	return &Error{Text: err.Error()}
}

// finder finds the first node that refers to another, or has a type of its own.
type finder struct{ found ast.Node }

// Visit implements [ast.Visitor].
func (v *finder) Visit(n ast.Node) ast.Visitor {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType, ast.TagType, ast.MergeKeyType:
		if v.found == nil {
			v.found = n
		}
	}
	return v
}

func references(tree *ast.File) ast.Node {
	v := &finder{}
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			ast.Walk(v, doc.Body)
		}
	}
	return v.found
}

// Locate names the lines of problems in the file that the edits came from, and the product where
// there is no line. The file was parsed before.
func Locate(data []byte, edits []inventory.Edit, found inventory.Problems) []*Error {
	tree, err := parser.ParseBytes(untabbed(bytes.TrimPrefix(data, []byte("\ufeff"))), 0)
	errs := make([]*Error, len(found))
	for i, p := range found {
		e := &Error{Text: p.Field + " " + p.Text}
		if err == nil && p.Edit >= 0 {
			e.Line = lineOf(tree, p)
		}
		if p.Edit >= 0 && p.Edit < len(edits) {
			e.Text = edits[p.Edit].SKU + ": " + e.Text
		}
		errs[i] = e
	}
	return errs
}

// lineOf is the line of a problem's field, or of the product or the size that lacks it.
func lineOf(tree *ast.File, p inventory.Problem) int {
	whole := fmt.Sprintf("$.products[%d]", p.Edit)
	if p.Size >= 0 {
		whole += fmt.Sprintf(".sizes[%d]", p.Size)
	}
	for _, at := range []string{whole + "." + p.Field, whole} {
		path, err := yaml.PathString(at)
		if err != nil {
			continue
		}
		node, err := path.FilterFile(tree)
		if err == nil && node != nil && node.GetToken() != nil {
			return node.GetToken().Position.Line
		}
	}
	return 0
}
