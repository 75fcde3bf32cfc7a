package app

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestCertificateIsReplaced writes new files, damages them, and mends them.
func TestCertificateIsReplaced(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if _, err := newCertificate(certFile, keyFile, slog.New(slog.DiscardHandler)); err == nil ||
		!strings.Contains(err.Error(), certFile) {
		t.Errorf("without files: %v, want an error that names %s", err, certFile)
	}
	first := writeCertificate(t, certFile, keyFile, 1)
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c, err := newCertificate(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		used := func() []byte {
			time.Sleep(certificateAge) // of the bubble: the files are looked at again
			got, err := c.get(nil)
			if err != nil {
				t.Fatal(err)
			}
			return got.Certificate[0]
		}
		if !bytes.Equal(used(), first) {
			t.Error("the first certificate is not used")
		}
		second := writeCertificate(t, certFile, keyFile, 2)
		if !bytes.Equal(used(), second) {
			t.Error("the second certificate is not used")
		}
		if err := os.WriteFile(certFile, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		touch(t, certFile, 3)
		if !bytes.Equal(used(), second) || !strings.Contains(log.String(), "can't be read") {
			t.Errorf("a damaged file is used, or the log does not tell: %s", log.String())
		}
		third := writeCertificate(t, certFile, keyFile, 4)
		if !bytes.Equal(used(), third) {
			t.Error("the third certificate is not used")
		}
	})
}

// touch gives a file a time of change, another for each number.
func touch(t *testing.T, file string, number int) {
	t.Helper()
	at := time.Date(2020, 1, number, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

func writeCertificate(t *testing.T, certFile, keyFile string, number int) (der []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(number)), NotAfter: time.Now().Add(time.Hour)}
	if der, err = x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key); err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		touch(t, file, number)
	}
	return der
}
