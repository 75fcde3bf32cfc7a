package cluster

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"slices"
	"time"
)

// Config of a node. Name, HTTP and Log must be given; the zero value of every other field stands
// for a node alone.
type Config struct {
	DataDir string // exists already
	Name    string // of the node, which no other live node has
	HTTP    string // URL of the shop
	About   string // for those who find the node by its file, see [Address]
	Version string // of the program, for people
	Log     *slog.Logger

	// Listen is the host:port at which other nodes reach this one; with port 0 the system chooses.
	// Empty: no other node does. Join are the addresses of some of the others; the rest is learned
	// from them.
	Listen string
	Join   []string
	// Secret lets nodes in, and operators of other machines. It is never sent: nodes and operators
	// send a password derived from it, the same for all of a kind. An eavesdropper could come in
	// with that password, so the ways between them must be private.
	Secret string
	// NATS is the URL of a NATS server outside, which then connects the nodes instead of those
	// embedded in them.
	NATS string

	// Commands is the host:port at which programs reach the node: the command line, and publishers
	// outside. Default: a loopback port that the system chooses, told by the file in
	// DataDir. Operators of other machines come in by [DialAt] with Secret, and may give commands
	// only; Publishers as "publisher" with theirs, and may publish to PublishSubject only.
	Commands   string
	Publishers string

	// Identity is what nodes must have in common.
	Identity Identity

	// Status tells how the node does. It is called about once a second, and with each word of
	// another node, from any goroutine. It must not block.
	Status func() Status
}

// others are the addresses to join without this node's own: all nodes may be given the same list.
func (c Config) others() []string {
	return slices.DeleteFunc(slices.Clone(c.Join), func(address string) bool { return address == c.Listen })
}

// Status is how a node does, as it tells the others.
type Status struct {
	Sockets  int    `json:"sockets"`
	Revision int64  `json:"revision"` // of its catalog
	Ready    bool   `json:"ready"`
	Fault    string `json:"fault,omitempty"` // what keeps it from selling as it should, if anything does
}

// wireVersion changes with the messages between nodes. Nodes of two versions do not talk.
const wireVersion = 1

// Identity is what nodes must have in common to be one shop.
type Identity struct {
	// Schema is the newest step of the database's schema that the node's program knows, and Oldest
	// the oldest program that can live with the database, by the newest step that it knows: not
	// above Schema. Nodes go together if neither is older than the other one's Oldest.
	Schema, Oldest int64
	// Secrets are those that sign and verify tokens, the first signs. Each node must verify what
	// the other signs; so they can be changed one node after the other.
	Secrets []string
}

// identity is an Identity as nodes show it to each other: no secret can be found out from it that
// is not guessed.
type identity struct {
	Wire    int      `json:"wire"`
	Schema  int64    `json:"schema"`
	Oldest  int64    `json:"oldest"`
	Secrets []string `json:"secrets"` // a fingerprint of each
}

func (i Identity) show() identity {
	shown := identity{
		Wire: wireVersion, Schema: i.Schema, Oldest: i.Oldest, Secrets: make([]string, len(i.Secrets)),
	}
	for n, s := range i.Secrets {
		shown.Secrets[n] = derive(s, "fingerprint")[:16]
	}
	return shown
}

// derive makes of a secret something that may be shown or sent for one purpose.
func derive(secret, purpose string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("sneakers23 " + purpose)) // never fails
	return hex.EncodeToString(mac.Sum(nil))
}

// How often a node says that it is there, and when one that says nothing is taken for gone.
const (
	statusEvery = time.Second
	silentAfter = 3500 * time.Millisecond
)
