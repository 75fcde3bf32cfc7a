package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// attempt is a request that waits for a node's answer.
type attempt struct {
	cancel context.CancelCauseFunc
}

// dialError is the error of a connection that did not come about: the node has not seen anything of
// the request.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

func isDial(err error) bool {
	_, ok := errors.AsType[dialError](err)
	return ok
}

// dial connects to a node.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialWithin}).DialContext(ctx, network, address)
	if err != nil {
		return nil, dialError{err}
	}
	return conn, nil
}

// errBody says that the client's body could not be read to its end.
var errBody = errors.New("proxy: the body of the request is broken")

// RoundTrip sends the request to one node after the other until one answers.
func (p *Proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	var (
		body    = keep(r.Body, p.cfg.MaxKept)
		refusal *http.Response // a 503, which is the answer if no node has a better one
		err     = errors.New("proxy: all nodes are left out")
	)
	for _, n := range p.choose() {
		res, failed := p.try(n, r, body)
		if failed == nil {
			discard(refusal)
			if refusal = res; res.StatusCode != http.StatusServiceUnavailable {
				return res, nil
			}
		} else {
			err = fmt.Errorf("node %s: %w", n.name, failed)
			p.cfg.Log.Debug("request failed", "replica", n.name, "err", failed)
		}
		if r.Context().Err() != nil || !body.again() {
			break
		}
	}
	switch {
	case refusal != nil:
		return refusal, nil
	case body.broken():
		return nil, errors.Join(errBody, err)
	}
	return nil, err
}

// try sends the request to one node.
func (p *Proxy) try(n *node, r *http.Request, body *keptBody) (*http.Response, error) {
	// The context lives as long as the request, also when the answer is here: its body is read
	// under it.
	ctx, cancel := context.WithCancelCause(r.Context())
	a := &attempt{cancel}
	n.begin(a)
	defer n.end(a)
	out := r.WithContext(ctx)
	address := *r.URL
	address.Scheme, address.Host = "http", n.host
	out.URL = &address
	out.Body = body.reader()
	res, err := p.transport.RoundTrip(out)
	if err != nil {
		cancel(err)
		if isDial(err) && r.Context().Err() == nil {
			p.markDown(n, err)
		}
		return nil, err
	}
	n.served.Add(1)
	res.Header.Set("X-Served-By", n.name)
	return res, nil
}

func (n *node) begin(a *attempt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting[a] = true
}

func (n *node) end(a *attempt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.waiting, a)
}

func discard(res *http.Response) {
	if res != nil {
		_ = res.Body.Close() // its connection is not worth reading the rest
	}
}

// answerError answers when no node did.
func (p *Proxy) answerError(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // the client is gone, or we are: half an answer would look like one
	case errors.Is(err, errBody):
		http.Error(w, "the body of the request is broken", http.StatusBadRequest)
	default:
		p.cfg.Log.Warn("no node answers", "err", err)
		answerPage(w, http.StatusBadGateway)
	}
}

// answerPage writes a page that needs no node.
func answerPage(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", "2")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<!DOCTYPE html>
<html lang="en">
<title>Back in a moment</title>
<h1>The shop is away for a moment</h1>
<p>No part of it answers right now. Please load this page again in a few seconds; what was bought stays bought.</p>
`))
}
