// Command gallery serves every page of the shop in every state that its visitors can meet, for
// those who change how pages look or what they say.
//
//	make assets
//	go run ./e2e/gallery
//
// It needs neither a database nor a node: see package states.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"sneakers23/e2e/gallery/states"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "gallery: %v\n", err)
		os.Exit(1)
	}
}

// errUsage says that the command line was wrong, and that the reason was printed.
var errUsage = errors.New("usage")

const usage = `Usage: go run ./e2e/gallery [flags]

Serves every page of the shop in every state: carts, checkouts, orders, errors, the dashboard.
All data is fixed, and no database is needed. The address that is printed lists the states.
The scripts and styles must be built first: run make assets. Ctrl-C stops the gallery.

Flags:
`

// run serves the gallery until ctx ends.
func run(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("gallery", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() {
		fmt.Fprint(errs, usage)
		flags.PrintDefaults()
	}
	address := flags.String("listen", "127.0.0.1:0", "`address` to listen on; port 0 is a free one")
	verbose := flags.Bool("v", false, "print what the shops log")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage // Parse has printed it
	case flags.NArg() > 0:
		fmt.Fprintf(errs, "unexpected argument %q\n\n", flags.Arg(0))
		flags.Usage()
		return errUsage
	}
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewTextHandler(errs, nil))
	}
	return serve(ctx, *address, log, out)
}

func serve(ctx context.Context, address string, log *slog.Logger, out io.Writer) (err error) {
	gallery, err := states.New(log)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: gallery, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = server.Close() // its listener's error no longer matters
	})
	fmt.Fprintf(out, "The gallery is at http://%s\n", listener.Addr())
	err = server.Serve(listener)
	if !stop() {
		<-stopped
		err = nil
	}
	return errors.Join(err, gallery.Close())
}
