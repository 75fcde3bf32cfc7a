// Package prepared serves bytes that are made once and sent many times: each with its compressed
// form, its entity tags and its headers ready, so that a request costs little more than writing
// them. The compressed form is made for the first client that accepts it: a node that starts
// compresses nothing.
package prepared

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
)

// Options are the headers of a response.
type Options struct {
	ContentType  string
	CacheControl string
	Vary         string // besides Accept-Encoding, which is always there
}

// Response is a body with all it takes to serve it. It never changes and may serve any number of
// requests at once.
type Response struct {
	contentType  []string
	cacheControl []string
	vary         []string
	plain        form
	gzip         func() form // compresses once; empty when the body does not get smaller
}

// form is the body in one encoding. Requests share the slices of its header values, which never
// change.
type form struct {
	body   []byte
	tag    []string
	length []string
}

var gzipEncoding = []string{"gzip"}

// New hashes the body. The Response keeps the body.
func New(body []byte, o Options) *Response {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:16])
	vary := "Accept-Encoding"
	if o.Vary != "" {
		vary = o.Vary + ", " + vary
	}
	return &Response{
		contentType:  []string{o.ContentType},
		cacheControl: []string{o.CacheControl},
		vary:         []string{vary},
		plain:        newForm(body, hash),
		gzip: sync.OnceValue(func() form {
			if small := compress(body); len(small) < len(body) {
				return newForm(small, hash+"-gzip")
			}
			return form{}
		}),
	}
}

func newForm(body []byte, tag string) form {
	return form{body: body, tag: []string{`"` + tag + `"`}, length: []string{strconv.Itoa(len(body))}}
}

func compress(body []byte) []byte {
	var small bytes.Buffer
	w, _ := gzip.NewWriterLevel(&small, gzip.BestCompression) // there is this level
	_, _ = w.Write(body)                                      // a buffer takes all
	_ = w.Close()
	return small.Bytes()
}

// Body is the body uncompressed. Do not change it.
func (p *Response) Body() []byte { return p.plain.body }

// ServeHTTP answers GET and HEAD, with 304 when the client has these very bytes.
func (p *Response) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Cache-Control"] = p.cacheControl
	h["Vary"] = p.vary

	f, compressed := p.plain, false
	if acceptsGzip(r.Header["Accept-Encoding"]) {
		if small := p.gzip(); small.body != nil {
			f, compressed = small, true
		}
	}
	h["Etag"] = f.tag
	if held := r.Header["If-None-Match"]; held != nil && matches(held, f.tag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = p.contentType
	h["Content-Length"] = f.length
	if compressed {
		h["Content-Encoding"] = gzipEncoding
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(f.body) // a client that is gone is no error of ours
}
