// Command cluster runs a whole shop on one machine, to see what several nodes do: a private
// PostgreSQL, three nodes as processes of their own, and a small reverse proxy before them. It is a
// tool for development, not a part of the server; `make cluster` starts it. Nodes can be stopped,
// killed and started by typing so, see help.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"sneakers23/cmd/console"
)

// flags is the grammar of the command line.
type flags struct {
	Listen           string   `help:"Where shoppers connect: the proxy, as host:port; port 0 lets the system choose." default:"127.0.0.1:4000"`
	Nodes            int      `help:"How many nodes there are, 1 to 9." default:"3"`
	FirstPort        int      `help:"Port of node a; the others have those that follow. 0: any that are free." default:"4001"`
	FirstClusterPort int      `help:"Port at which the others reach node a, and so on. 0: any that are free." default:"6221"`
	FirstGatewayPort int      `help:"Port at which devices connect to node a, and so on. 0: any that are free." default:"6667"`
	Without          []string `help:"Nodes that get no requests from the proxy, as a comma list." placeholder:"NAME"`
	DataDir          string   `help:"What the nodes and the database keep." default:".data/cluster"`
	Program          string   `help:"The server to run." default:"bin/sneakers23"`
	PostgresBin      string   `help:"Directory of initdb and postgres. Default: they are looked for." env:"PG_BINDIR" placeholder:"DIR"`
}

func main() {
	var f flags
	out, failures := console.New(os.Stdout), console.New(os.Stderr)
	kong.Parse(&f, kong.Name("cluster"), kong.Writers(out, failures),
		kong.Description("Several nodes of one shop on this machine, and a proxy before them."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once, and on Linux the nodes with it
	if err := run(ctx, f, &terminal{out}); err != nil {
		failures.Lines("cluster: ", err.Error())
		os.Exit(1)
	}
}

// run is the whole life of a cluster: it returns when everything has stopped.
func run(ctx context.Context, f flags, term *terminal) (err error) {
	if err := f.complete(); err != nil {
		return err
	}
	c := &cluster{flags: f, term: term, log: slog.New(slog.NewTextHandler(term.lines("cluster"), nil))}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := c.start(ctx); err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped while starting")
		}
		return err
	}
	c.greet()
	c.obey(ctx, os.Stdin)
	term.print("stopping; once more ends it at once")
	return nil
}

// complete checks the flags and makes paths absolute: the nodes are told them.
func (f *flags) complete() (err error) {
	if f.Nodes < 1 || f.Nodes > 9 {
		return errors.New("--nodes must be from 1 to 9")
	}
	for _, port := range []int{f.FirstPort, f.FirstClusterPort, f.FirstGatewayPort} {
		if port < 0 || port+f.Nodes > 1<<16 {
			return errors.New("--first-port, --first-cluster-port and --first-gateway-port must be port numbers")
		}
	}
	for _, name := range f.Without {
		if !slices.Contains(f.names(), name) {
			return fmt.Errorf("--without: there is no node %s: they are %s", name, strings.Join(f.names(), ", "))
		}
	}
	if f.DataDir, err = filepath.Abs(f.DataDir); err != nil {
		return err
	}
	if f.Program, err = filepath.Abs(f.Program); err != nil {
		return err
	}
	if _, err := os.Stat(f.Program); err != nil {
		return fmt.Errorf("--program: %w; make build builds it", err)
	}
	return nil
}

// names are a, b, c and so on.
func (f *flags) names() []string {
	return strings.Split("abcdefghi"[:f.Nodes], "")
}
