package app

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is one in files that are replaced from time to time: a node takes the new one without
// a restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	looked  time.Time // at the files
	changed time.Time // when the newer of them was, as the certificate was read
	current *tls.Certificate
}

// certificateAge is how long a certificate is used before its files are looked at again.
const certificateAge = time.Minute

// newCertificate reads the files, or says what is wrong with them.
func newCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("--gateway-tls-cert %s, --gateway-tls-key %s: %w", certFile, keyFile, err)
	}
	return c, nil
}

// get goes into tls.Config.GetCertificate. Files that can't be read leave the certificate as it
// was.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < certificateAge {
		return c.current, nil
	}
	before := c.changed
	switch err := c.read(); {
	case err != nil:
		c.log.Error("the certificate for devices can't be read, the one before is used", "file", c.certFile, "err", err)
	case c.changed != before:
		c.log.Info("a new certificate for devices is used", "file", c.certFile)
	}
	return c.current, nil
}

// read reads the files if they have changed. It is called with mu held, or before the certificate
// is shared.
func (c *certificate) read() error {
	c.looked = time.Now()
	var changed time.Time
	for _, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		if info.ModTime().After(changed) {
			changed = info.ModTime()
		}
	}
	if changed.Equal(c.changed) {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current, c.changed = &cert, changed
	return nil
}
