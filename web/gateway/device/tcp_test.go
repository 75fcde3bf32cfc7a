package device

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/web/gateway/device/devicetest"
)

// startGateway starts a gateway for the test key.
func startGateway(t *testing.T) *devicetest.Gateway {
	t.Helper()
	g, err := devicetest.Start(testKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// runClient runs a client until the test ends. What Run returns is received from ended.
func runClient(t *testing.T, cfg Config) (c *Client, ended <-chan error) {
	t.Helper()
	cfg.Key = testKey
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done, closed := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(closed)
		done <- c.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		waittest.Done(t, "the end of Run", closed)
	})
	return c, done
}

// TestNothingIsLost logs and sets from several goroutines while the gateway cuts connections: each
// record arrives at least once, those of one goroutine in order, and the last value of each
// variable.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	c, _ := runClient(t, Config{
		Addresses: []string{g.Address()}, BackoffBase: time.Millisecond, SpoolRecords: 100_000, SpoolBytes: 64 << 20,
	})
	const writers, each = 4, 2000
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				err := c.Log(Record{Message: fmt.Sprintf("%d %d %s", w, i, strings.Repeat("x", i%500))})
				if err = errors.Join(err, c.Set(Integer(fmt.Sprint("v", w), int64(i)))); err != nil {
					t.Error(err)
				}
				if i%200 == w*50 {
					g.Cut()
				}
				if i%100 == 0 {
					if err := c.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if err := c.Flush(waittest.Context(t, "the last answer")); err != nil {
		t.Fatal(err)
	}
	next := make([]int, writers) // of each writer
	for _, r := range g.Records() {
		var w, i int
		if _, err := fmt.Sscanf(r.Message, "%d %d", &w, &i); err != nil {
			t.Fatalf("%q: %v", r.Message, err)
		}
		if i > next[w] {
			t.Fatalf("record %d of writer %d came before record %d", i, w, next[w])
		}
		next[w] = max(next[w], i+1)
	}
	for w := range writers {
		if got := g.Value(fmt.Sprint("v", w)); next[w] != each || got != fmt.Sprint(each-1) {
			t.Errorf("of writer %d came %d records, and the value %s", w, next[w], got)
		}
	}
	stats := c.Stats()
	if stats.Confirmed != writers*each || stats.Waiting != 0 || stats.Dropped != 0 || stats.Connections < 2 {
		t.Errorf("%+v", stats)
	}
	t.Logf("%+v; %d records arrived", stats, len(g.Records()))
}

// TestSecondAddress reaches the gateway that is there.
func TestSecondAddress(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	g := startGateway(t)
	c, _ := runClient(t, Config{Addresses: []string{gone.Addr().String(), g.Address()}, BackoffBase: time.Millisecond})
	if err := c.Log(Record{Message: "here"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(waittest.Context(t, "the answer")); err != nil || g.Records()[0].Message != "here" {
		t.Errorf("%v, %v", err, g.Records())
	}
}

// TestRevoked ends Run when the gateway has forgotten the key.
func TestRevoked(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	_, ended := runClient(t, Config{Addresses: []string{g.Address()}, BackoffBase: time.Millisecond})
	waittest.Until(t, "a verified connection", func() bool { return g.Verified() == 1 })
	g.Revoke(testKey)
	if err := waittest.Receive(t, "the end of Run", ended); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("Run returned %v", err)
	}
}

// TestTLS speaks TLS with a gateway whose certificate it trusts, and with no other.
func TestTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // has a certificate for 127.0.0.1
	defer web.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := devicetest.Serve(tls.NewListener(l, &tls.Config{Certificates: web.TLS.Certificates}), testKey)
	defer g.Close()

	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	c, _ := runClient(t, Config{Addresses: []string{g.Address()}, TLS: &tls.Config{RootCAs: roots}})
	if err := c.Log(Record{Message: "a secret"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(waittest.Context(t, "the answer")); err != nil || g.Records()[0].Message != "a secret" {
		t.Errorf("%v, %v", err, g.Records())
	}

	failed := make(chan error, 100) // more than attempts of a test
	_, _ = runClient(t, Config{
		Addresses: []string{g.Address()}, TLS: &tls.Config{}, OnError: func(err error) { failed <- err },
	})
	err = waittest.Receive(t, "the refusal of the certificate", failed)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("OnError was given %v", err)
	}
}
