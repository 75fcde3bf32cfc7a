package cluster

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// status is what a node says of itself about once a second. Its JSON is understood by all wire
// versions: two nodes that do not talk learn from it why.
type status struct {
	Name    string    `json:"name"`
	Run     string    `json:"run"` // of this process: a node that restarts is another run
	Started time.Time `json:"started"`
	HTTP    string    `json:"http"`
	Version string    `json:"version"`
	identity
	Status
	Lag  int64             `json:"lag_ms"`
	Sent map[string]uint64 `json:"sent"` // how many messages of each stream
	Here map[string]holder `json:"here"` // the others it hears of, by name: who joins may not be connected to them yet

	Hello bool `json:"hello,omitempty"` // it wants to hear at once who is here
	Bye   bool `json:"bye,omitempty"`   // it stops
}

// holder is who has a name.
type holder struct {
	Run  string `json:"run"`
	HTTP string `json:"http"`
}

// Why two nodes are not of one cluster.
var (
	ErrWire      = errors.New("it speaks another version of the protocol between nodes: run the same version of the program")
	ErrSchema    = errors.New("its version of the program and this one can't share a database: run the same version on all nodes")
	ErrSecret    = errors.New("it has another --secret (SNEAKERS23_SECRET): cookies and tokens of one would be worth nothing to the other")
	ErrNameTaken = errors.New("it has the same name: give each node a --node-name (SNEAKERS23_NODE_NAME) of its own")
)

// mismatch tells why two nodes can't be of one cluster. It is the same seen from both.
func (s *status) mismatch(o *status) error {
	switch {
	case s.Wire != o.Wire:
		return ErrWire
	case s.Schema < o.Oldest || o.Schema < s.Oldest:
		return ErrSchema
	case !s.verifies(o) || !o.verifies(s):
		return ErrSecret
	case s.Name == o.Name:
		return ErrNameTaken
	}
	return nil
}

// verifies tells whether this node takes what the other one signs.
func (s *status) verifies(o *status) bool {
	return len(o.Secrets) == 0 && len(s.Secrets) == 0 || len(o.Secrets) > 0 && slices.Contains(s.Secrets, o.Secrets[0])
}

// Mismatch is the error of a node that must not join: one that is here does not go with it. The
// reason is found by errors.Is.
type Mismatch struct {
	Name, HTTP string // of the node that is here
	Why        error
}

// Error tells which node it is and what to do.
func (m *Mismatch) Error() string {
	return fmt.Sprintf("cluster: node %s (%s) does not go with this one: %v", m.Name, m.HTTP, m.Why)
}

// Unwrap returns Why.
func (m *Mismatch) Unwrap() error { return m.Why }
