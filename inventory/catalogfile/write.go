package catalogfile

import (
	"encoding/json"
	"io"

	"github.com/goccy/go-yaml"

	"sneakers23/inventory"
)

// Format is a kind of file.
type Format int

// The formats of a file.
const (
	YAML Format = iota
	JSON
)

// Write writes products as a file. An image is written with its Picture as the name of its file.
func Write(w io.Writer, products []inventory.Details, as Format) error {
	f := fileOf(products)
	if as == JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(f)
	}
	b, err := yaml.MarshalWithOptions(f, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}
