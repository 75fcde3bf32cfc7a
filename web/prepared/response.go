// Package prepared serves bytes that are made once and sent many times: each with its compressed form, its entity
// tags and its headers ready, so that a request costs little more than writing them.
package prepared

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
)

// Options are the headers of a response.
type Options struct {
	ContentType  string
	CacheControl string
	Vary         string // besides Accept-Encoding, which is always there
}

// Response is a body with all it takes to serve it. It never changes and may serve any number of requests at once.
type Response struct {
	contentType  []string
	cacheControl []string
	vary         []string
	plain        form
	gzip         form // empty when the body does not get smaller
}

// form is the body in one encoding. Its header values are slices that requests share and nobody changes.
type form struct {
	body   []byte
	tag    []string
	length []string
}

var gzipEncoding = []string{"gzip"}

// New compresses the body and hashes it. The Response keeps the body.
func New(body []byte, o Options) (*Response, error) {
	small, err := compress(body)
	if err != nil {
		return nil, fmt.Errorf("prepared: %w", err)
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:16])
	vary := "Accept-Encoding"
	if o.Vary != "" {
		vary = o.Vary + ", " + vary
	}
	r := &Response{
		contentType:  []string{o.ContentType},
		cacheControl: []string{o.CacheControl},
		vary:         []string{vary},
		plain:        newForm(body, hash),
	}
	if len(small) < len(body) {
		r.gzip = newForm(small, hash+"-gzip")
	}
	return r, nil
}

func newForm(body []byte, tag string) form {
	return form{body: body, tag: []string{`"` + tag + `"`}, length: []string{strconv.Itoa(len(body))}}
}

func compress(body []byte) ([]byte, error) {
	var small bytes.Buffer
	w, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return small.Bytes(), nil
}

// Body is the body uncompressed. Do not change it.
func (p *Response) Body() []byte { return p.plain.body }

// ServeHTTP answers GET and HEAD, with 304 when the client has these very bytes.
func (p *Response) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Cache-Control"] = p.cacheControl
	h["Vary"] = p.vary

	f := &p.plain
	if p.gzip.body != nil && acceptsGzip(r.Header["Accept-Encoding"]) {
		f = &p.gzip
	}
	h["Etag"] = f.tag
	if held := r.Header["If-None-Match"]; held != nil && matches(held, f.tag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = p.contentType
	h["Content-Length"] = f.length
	if f == &p.gzip {
		h["Content-Encoding"] = gzipEncoding
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(f.body) // a client that is gone is no error of ours
}
