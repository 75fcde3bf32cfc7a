package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"sneakers23/app/privatefile"
	"sneakers23/app/rehearsal"
	"sneakers23/web/gateway/device"
)

// devicesSimulateCmd plays devices at a gateway.
type devicesSimulateCmd struct {
	Address []string `help:"Gateway to connect to, the --gateway-listen of a node; may be named several times: devices try them in turn. Default: 127.0.0.1:6667." default:"127.0.0.1:6667" placeholder:"HOST:PORT"`
	Devices int      `help:"How many devices." default:"100" short:"n"`
	Key     []string `help:"Key of a device; several, as a comma list, are shared out. Other users of this machine can see it here: use the variable or --key-file." env:"SNEAKERS23_DEVICE_KEY" placeholder:"KEY"`
	KeyFile string   `help:"File with a key on each line, or with what devices add --json printed; - is standard input." placeholder:"FILE"`

	Every    time.Duration `help:"Pause of a device from one log to the next, in the mean; 0s: as fast as the gateway reads." default:"1s"`
	LinesPer int           `help:"Log records each time." default:"1"`
	For      time.Duration `help:"How long. Default: until Ctrl-C." placeholder:"D"`

	TLS       bool     `name:"tls" help:"Connect over TLS."`
	TLSCA     string   `name:"tls-ca" help:"File of the certificates to trust in place of the system's, as PEM; for --tls." placeholder:"FILE" type:"path"`
	AllowHost []string `help:"Host of an --address that is not this machine. It must be yours." placeholder:"HOST" sep:"none"`
	Yes       bool     `help:"Do it on another machine, too." short:"y"`
}

// Help is shown by devices simulate --help.
func (devicesSimulateCmd) Help() string {
	return `Each simulated device logs records, and reports the variables greeting, brightness, visitors, temperature
and open. It accepts every change that an admin makes, and the command prints it as one line. For the shop, devices
that share a key are one device, which has all their records and variables. So use a key that no real device has:

    sneakers23 devices add rehearsal --json | sneakers23 devices simulate -n 100 --key-file -

Devices reconnect when they are cut off, and keep their records meanwhile. Ctrl-C or --for ends the simulation: the
devices wait up to 5 s for the gateway to read what they have logged, then the sum is printed. With --json each line
is an object, {"event":"change",...} and at the end {"event":"sum",...}. Exit code 1 says that no device could
connect, or that a key was refused.`
}

// Run is called by kong.
func (s *devicesSimulateCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if err := s.check(); err != nil {
		return usageError{err}
	}
	keys, err := s.keys(term.in)
	if err != nil {
		return err
	}
	trust, err := s.tls()
	if err != nil {
		return err
	}
	c, err := newCrowd(s, keys, trust)
	if err != nil {
		return usageError{err}
	}
	if s.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.For)
		defer cancel()
	}
	p := newProgress(term, g.JSON)
	sum := c.run(ctx, func(e change) { printChange(term.out, p, g.JSON, e) }, func(now crowdSum) { s.show(p, now) })
	p.done()
	printSum(term.out, g.JSON, sum)
	return sum.explain(s.Address)
}

func (s *devicesSimulateCmd) check() error {
	most := rehearsal.Most(false) // as many as shoppers, who need a little more than one connection each
	switch {
	case s.Devices < 1 || s.Devices > most:
		return fmt.Errorf("--devices must be from 1 to %d here: a process opens only so many files (ulimit -Hn)", most)
	case s.Every < 0 || s.Every > time.Hour:
		return errors.New("--every must be from 0s to 1h")
	case s.LinesPer < 1 || s.LinesPer > 1000:
		return errors.New("--lines-per must be from 1 to 1000")
	case s.For < 0 || s.For > 24*time.Hour:
		return errors.New("--for must be from 0s (until Ctrl-C) to 24h")
	case s.TLSCA != "" && !s.TLS:
		return errors.New("--tls-ca needs --tls")
	}
	for _, a := range s.Address {
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			return fmt.Errorf("--address %q: it should be like 127.0.0.1:6667", a)
		}
		if err := mayLoad(host, s.AllowHost, s.Yes, fmt.Sprintf("%d devices", s.Devices)); err != nil {
			return err
		}
	}
	return nil
}

// keys returns those of the flags and of the file.
func (s *devicesSimulateCmd) keys(in io.Reader) ([]string, error) {
	keys := s.Key
	if s.KeyFile != "" {
		var text []byte
		var err error
		if s.KeyFile == "-" {
			text, err = io.ReadAll(io.LimitReader(in, 1<<20))
		} else {
			text, err = privatefile.Read(s.KeyFile)
		}
		if err != nil {
			return nil, fmt.Errorf("read the keys: %w", err)
		}
		keys = append(keys, readKeys(text)...)
	}
	if len(keys) == 0 {
		return nil, usageError{errors.New("there is no key: set SNEAKERS23_DEVICE_KEY or name a --key-file; " +
			"`sneakers23 devices add NAME` makes one")}
	}
	return keys, nil
}

// readKeys reads a key from each line, or the one of a device in JSON.
func readKeys(text []byte) (keys []string) {
	var added struct{ Key string }
	if err := json.Unmarshal(text, &added); err == nil && added.Key != "" {
		return []string{added.Key}
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			keys = append(keys, line)
		}
	}
	return keys
}

// tls returns the configuration of the connections, nil for plain TCP.
func (s *devicesSimulateCmd) tls() (*tls.Config, error) {
	switch {
	case !s.TLS:
		return nil, nil
	case s.TLSCA == "":
		return &tls.Config{}, nil
	}
	pem, err := os.ReadFile(s.TLSCA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", s.TLSCA)
	}
	return &tls.Config{RootCAs: roots}, nil
}

// show draws how the devices do.
func (s *devicesSimulateCmd) show(p *progress, now crowdSum) {
	words := fmt.Sprintf("%d of %d connected, %d lines sent, %d reconnects; Ctrl-C ends it",
		now.Connected, now.Devices, now.Lines, now.Reconnects)
	if s.For > 0 {
		p.draw(now.Seconds/s.For.Seconds(), words)
	} else {
		p.note(words)
	}
}

// change is a variable that an admin changed, at the device with that number.
type change struct {
	device int
	device.Variable
}
