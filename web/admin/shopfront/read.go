package shopfront

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
)

// Limits of a form.
const (
	maxText  = storefront.MaxBody*utf8.UTFMax + 1<<12 // bytes of a field, with a carriage return for each line
	maxParts = 50

	// MaxBody is how many bytes a form may have, with a logo.
	MaxBody = picture.MaxBytes + 1<<20
)

// ErrForm says that a body is no form of ours.
var ErrForm = errors.New("shopfront: the body is no form of the shop")

// read reads the fields of a form, and a file if one comes with it.
func read(r *http.Request) (fields map[string]string, file []byte, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	fields = make(map[string]string)
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		switch {
		case err == io.EOF: // a body that was cut off has an error that wraps it
			return fields, file, nil
		case err != nil:
			return nil, nil, readError(err)
		case n == maxParts:
			return nil, nil, ErrForm
		}
		limit := int64(maxText)
		if part.FormName() == "file" {
			limit = picture.MaxBytes + 1 // one more is too large, which is said beside the field
		}
		data, err := io.ReadAll(io.LimitReader(part, limit))
		if err != nil {
			return nil, nil, readError(err)
		}
		if part.FormName() == "file" {
			file = data
			continue
		}
		fields[part.FormName()] = strings.TrimSpace(strings.ReplaceAll(string(data), "\r\n", "\n"))
	}
}

// readError keeps the error of a body that is too large, which has a page of its own.
func readError(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return err
	}
	return fmt.Errorf("%w: %w", ErrForm, err)
}
