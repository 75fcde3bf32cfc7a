package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// AddressFile is the name of the file in a data directory that tells where its node is.
const AddressFile = "node.json"

// ErrNoNode says that no node runs with a data directory.
var ErrNoNode = errors.New("cluster: no node is running here")

// Address is where a running node is, and what it takes to command it.
type Address struct {
	Name    string    `json:"name"`
	Run     string    `json:"run"` // of this process
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	HTTP    string    `json:"http"` // URL of the shop
	NATS    string    `json:"nats"`
	About   string    `json:"about"`     // what else the owner of the node wants those to know who find it
	Seed    string    `json:"nkey_seed"` // the secret half of the key that the node lets in
}

// write replaces the file in one step: a reader sees the old one or the new one.
func (a Address) write(dataDir string) error {
	b, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dataDir, AddressFile+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(b, '\n'))
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dataDir, AddressFile))
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// ReadAddress reads where the node of this data directory is, or was: it may have been killed. The
// error is ErrNoNode when there is no such file.
func ReadAddress(dataDir string) (Address, error) {
	var a Address
	name := filepath.Join(dataDir, AddressFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return a, ErrNoNode
	}
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("%s is damaged: %w", name, err)
	}
	return a, nil
}

// key is what lets a client in.
func (a Address) key() (nats.Option, error) {
	pair, err := nkeys.FromSeed([]byte(a.Seed))
	if err != nil {
		return nil, fmt.Errorf("key of node %s: %w", a.Name, err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("key of node %s: %w", a.Name, err)
	}
	return nats.Nkey(public, pair.Sign), nil
}

// Dial connects to the node of a data directory. The error is ErrNoNode when none answers.
func Dial(dataDir string) (*nats.Conn, Address, error) {
	a, err := ReadAddress(dataDir)
	if err != nil {
		return nil, a, err
	}
	key, err := a.key()
	if err != nil {
		return nil, a, err
	}
	conn, err := dial(a.NATS, key)
	switch {
	case errors.Is(err, nats.ErrNoServers), errors.Is(err, nats.ErrAuthorization):
		return nil, a, ErrNoNode // a killed node's file, or another program has its port now
	case err != nil:
		return nil, a, fmt.Errorf("reach node %s: %w", a.Name, err)
	}
	return conn, a, nil
}

// DialAt connects to a node on any machine by its address for commands, host:port, with the secret
// of the cluster. The returned Address holds only the node's name, its run and where it was found.
func DialAt(address, secret string) (*nats.Conn, Address, error) {
	a := Address{NATS: "nats://" + address}
	conn, err := dial(a.NATS, nats.UserInfo(operatorUser, operatorPassword(secret)))
	switch {
	case errors.Is(err, nats.ErrNoServers):
		return nil, a, fmt.Errorf(
			"no node takes commands at %s: name its --commands-listen (SNEAKERS23_COMMANDS_LISTEN)", address,
		)
	case errors.Is(err, nats.ErrAuthorization):
		return nil, a, fmt.Errorf("the node at %s refuses this --cluster-secret (SNEAKERS23_CLUSTER_SECRET)", address)
	case err != nil:
		return nil, a, fmt.Errorf("reach the node at %s: %w", address, err)
	}
	a.Name, a.Run, _ = cutLast(conn.ConnectedServerName(), ".")
	return conn, a, nil
}

func dial(url string, as nats.Option) (*nats.Conn, error) {
	return connect(url, as, nats.Name("sneakers23 command line"), nats.Timeout(5*time.Second), nats.NoReconnect(),
		nats.PingInterval(2*time.Second), nats.MaxPingsOutstanding(2))
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// operatorSubjects are commands to one node: RUN.KIND.
const operatorSubjects = "sneakers23.operator."

// Commands is the subject on which the node takes commands of a kind: each node has its own.
func (a Address) Commands(kind string) string { return operatorSubjects + a.Run + "." + kind }
