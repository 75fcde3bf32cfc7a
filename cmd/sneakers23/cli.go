package main

import (
	"errors"
	"path/filepath"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
)

// cli is the grammar of the command line.
type cli struct {
	globals

	Serve      serveCmd                  `cmd:"" help:"Run a node: pages, sockets, and its private database." group:"Node"`
	Migrate    migrateCmd                `cmd:"" help:"Apply, take back or list the steps of the database schema." group:"Node"`
	Seed       seedCmd                   `cmd:"" help:"Fill an empty store with two products, or with six." group:"Node"`
	Products   productsCmd               `cmd:"" help:"List, create, edit and archive products, or exchange them as a file." group:"Store"`
	Shop       shopCmd                   `cmd:"" help:"Show and change what the shop looks like: name, color, logo, words." group:"Store"`
	Pages      pagesCmd                  `cmd:"" help:"List, write and remove pages of text: help, imprint, privacy." group:"Store"`
	Release    releaseCmd                `cmd:"" help:"Release a product to shoppers, now or at a time, or take that back." group:"Store"`
	Drops      dropsCmd                  `cmd:"" help:"Plan drops: what is released and restocked at one moment." group:"Store"`
	Pause      pauseCmd                  `cmd:"" help:"Stop selling, a product or the whole shop." group:"Store"`
	Resume     resumeCmd                 `cmd:"" help:"Sell again what was paused." group:"Store"`
	Restock    restockCmd                `cmd:"" help:"Add pairs to a size." group:"Store"`
	Stock      stockCmd                  `cmd:"" help:"Correct counts that are wrong." group:"Store"`
	Sell       sellCmd                   `cmd:"" help:"Sell random stock until it is gone: a rehearsal without shoppers." group:"Store"`
	Rehearse   rehearseCmd               `cmd:"" help:"Play a drop day with simulated shoppers, on a copy of the stock." group:"Store"`
	Audit      auditCmd                  `cmd:"" help:"Check the books: counts, movements, orders." group:"Store"`
	Orders     ordersCmd                 `cmd:"" help:"List, show and cancel orders." group:"Store"`
	Carts      cartsCmd                  `cmd:"" help:"List the carts that are open in browsers, at all nodes." group:"Store"`
	Devices    devicesCmd                `cmd:"" help:"Add and revoke devices, read their logs, look at and change their variables." group:"Store"`
	Backup     backupCmd                 `cmd:"" help:"Write the store to a file, while nodes run." group:"Node"`
	Restore    restoreCmd                `cmd:"" help:"Put the store into the state of a backup, while nodes run." group:"Node"`
	Nodes      nodesCmd                  `cmd:"" help:"List the nodes of the cluster and how they do." group:"Node"`
	Version    versionCmd                `cmd:"" help:"Tell which version this is." group:"Program"`
	Completion kongcompletion.Completion `cmd:"" help:"Print how to switch on completion in your shell." group:"Program"`
}

// globals are the flags of all commands.
type globals struct {
	DataDir string `help:"Directory of the node: its private database, and how to find it." env:"SNEAKERS23_DATA_DIR" default:".data"`
	JSON    bool   `help:"Print JSON for programs instead of tables for people, errors too." name:"json"`

	Node          string `help:"Node on another machine to command, by its --commands-listen. Default: the one of --data-dir." env:"SNEAKERS23_NODE" placeholder:"HOST:PORT"`
	ClusterSecret string `help:"Lets nodes into the cluster, and operators who use --node; at least 16 characters." env:"SNEAKERS23_CLUSTER_SECRET" placeholder:"TEXT"`

	Program kong.VersionFlag `help:"Tell which version this is." name:"version" hidden:""`
}

// AfterApply is called by kong. An empty name would mean the current directory: surely a mistake.
func (g *globals) AfterApply() (err error) {
	if g.DataDir == "" {
		return errors.New("--data-dir (SNEAKERS23_DATA_DIR) is empty")
	}
	if g.Node != "" && g.ClusterSecret == "" {
		return errors.New("--node (SNEAKERS23_NODE) needs the --cluster-secret (SNEAKERS23_CLUSTER_SECRET)")
	}
	g.DataDir, err = filepath.Abs(g.DataDir)
	return err
}

// databaseFlag names a PostgreSQL of one's own.
type databaseFlag struct {
	DatabaseURL string `help:"PostgreSQL to use, like postgres://user:password@host/name. Empty: a private one under the data directory." env:"DATABASE_URL" placeholder:"URL"`
	PostgresBin string `help:"Directory of initdb and postgres for the private one. Default: they are looked for." env:"PG_BINDIR" placeholder:"DIR"`
}
