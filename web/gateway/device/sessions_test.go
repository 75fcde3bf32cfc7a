package device

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/web/gateway/device/devicetest"
)

// TestMain is nc where the machine has none: see netcat.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "nc" {
		if err := netcat(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// netcat is as much of nc as the sessions use: -w SECONDS HOST PORT.
func netcat(args []string) error {
	conn, err := net.Dial("tcp", net.JoinHostPort(args[2], args[3]))
	if err != nil {
		return err
	}
	if _, err := io.Copy(conn, os.Stdin); err != nil {
		return err
	}
	seconds, err := time.ParseDuration(args[1] + "s")
	if err != nil {
		return err
	}
	_ = conn.SetReadDeadline(time.Now().Add(seconds)) // its end is the usual one
	_, _ = io.Copy(os.Stdout, conn)
	return conn.Close()
}

// docSession is a block of the document: commands, each with what it prints.
type docSession struct {
	over     string // "tls", or empty
	commands string
	prints   string
}

// sessions reads the blocks of a document whose first line begins with ```console.
func sessions(document string) (all []docSession) {
	block := regexp.MustCompile("(?ms)^```console ?(\\w*)\n(.*?)^```$")
	for _, found := range block.FindAllStringSubmatch(document, -1) {
		s := docSession{over: found[1]}
		for line := range strings.Lines(found[2]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				s.commands += command
			} else {
				s.prints += line
			}
		}
		all = append(all, s)
	}
	return all
}

// TestDocumentedSessions types what docs/devices.md shows, at a gateway over TCP and at one over
// TLS.
func TestDocumentedSessions(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../../docs/devices.md")
	if err != nil {
		t.Fatal(err)
	}
	all := sessions(string(document))
	if len(all) < 6 {
		t.Fatalf("there are %d sessions", len(all))
	}
	for i, s := range all {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel() // each at a gateway of its own
			var l net.Listener = impatient{listen(t)}
			authority := ""
			if s.over == "tls" {
				if _, err := exec.LookPath("openssl"); err != nil {
					t.Skip("openssl is not installed")
				}
				l, authority = overTLS(t, l)
			}
			g := devicetest.Serve(l, testKey)
			defer g.Close()
			got := typeIn(t, s.commands, g, authority)
			want := strings.ReplaceAll(regexp.QuoteMeta(s.prints), "…", ".*")
			if !regexp.MustCompile("^" + want + "$").MatchString(got) {
				t.Errorf("the commands\n%sprint\n%swant\n%s", s.commands, got, s.prints)
			}
			arrived := fmt.Sprint(len(g.Records()), g.Value("testing1"), g.Value("testing2"))
			if sent := strings.Contains(s.commands, "door opened"); sent && arrived != `2"example"-1` {
				t.Errorf("records and values are %s", arrived)
			}
		})
	}
}

// typeIn runs commands in a shell, and returns what they print. The command line of the shop is a
// stand-in that does the one change of the document.
func typeIn(t *testing.T, commands string, g *devicetest.Gateway, authority string) string {
	t.Helper()
	if strings.Contains(commands, "sneakers23 devices set kiosk testing2 7\n") {
		g.Want("testing2", "integer", "7")
	}
	_, port, err := net.SplitHostPort(g.Address())
	if err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	if _, err := exec.LookPath("nc"); err != nil {
		dir := t.TempDir()
		if err := os.Symlink(testBinary(t), filepath.Join(dir, "nc")); err != nil {
			t.Fatal(err)
		}
		path = dir + ":" + path
	}
	seconds := int(math.Ceil(waittest.Scaled(2 * time.Second).Seconds()))
	commands = strings.NewReplacer("nc -w 2 ", fmt.Sprintf("nc -w %d ", seconds), "sleep 2;",
		fmt.Sprintf("sleep %d;", seconds)).Replace(commands)
	ctx := waittest.Context(t, "a session of the document")
	cmd := exec.CommandContext(ctx, "sh", "-c", "sneakers23() { echo done; }\n"+commands)
	cmd.Env = append(os.Environ(), "PATH="+path, "KEY="+testKey, "HOST=localhost", "PORT="+port, "CA="+authority)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	return string(out)
}

func testBinary(t *testing.T) string {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// impatient is a listener that ends a connection soon after its last line, so that no session waits
// for the time-out of nc.
type impatient struct{ net.Listener }

func (l impatient) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &impatientConn{Conn: conn}, err
}

type impatientConn struct {
	net.Conn
	used bool // something was read
}

func (c *impatientConn) Read(b []byte) (int, error) {
	if c.used {
		if err := c.SetReadDeadline(time.Now().Add(waittest.Scaled(300 * time.Millisecond))); err != nil {
			return 0, err
		}
	}
	c.used = true
	return c.Conn.Read(b)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// overTLS makes a certificate for localhost, and returns the file of it.
func overTLS(t *testing.T, l net.Listener) (secure net.Listener, authority string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	authority = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	pair := tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}}), authority
}
