package presence

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Link carries messages between replicas. It may lose them, and deliver them late and more than
// once: then a replica asks for what it misses. Both are called on goroutines of the tracker.
type Link struct {
	// Send takes a message to the Receive of all other replicas, and does not wait for them.
	Send func(message []byte) error
	// Ask takes a question to the Answer of one of them, by its name, and returns the answer.
	Ask func(ctx context.Context, replica string, question []byte) ([]byte, error)
}

// message is what a replica says to all others, a shard to its counterparts.
type message struct {
	Shard int     `json:"shard"`
	Pool  int     `json:"pool"` // how many shards there are
	From  Replica `json:"from"`
	Clock uint64  `json:"clock"`
	Delta *Delta  `json:"delta,omitempty"`
	Hello bool    `json:"hello,omitempty"` // it wants to hear at once who is here
	Bye   bool    `json:"bye,omitempty"`   // it stops: nothing of it is here any more
}

// question asks a replica for what it has done since a moment of its clock.
type question struct {
	Shard int     `json:"shard"`
	Pool  int     `json:"pool"`
	Of    Replica `json:"of"`
	Since uint64  `json:"since"`
}

// Messages longer than zipFrom are compressed; none is longer than longest when it is not.
const (
	zipFrom = 16 << 10
	longest = 256 << 20
)

var errTooLong = errors.New("presence: message is too long")

// encode writes JSON, which gzip's first byte can't begin.
func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil || len(data) < zipFrom {
		return data, err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(data)
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}

func decode(data []byte, v any) error {
	if len(data) > 0 && data[0] == 0x1f {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return fmt.Errorf("presence: message: %w", err)
		}
		if data, err = io.ReadAll(io.LimitReader(z, longest+1)); err != nil {
			return fmt.Errorf("presence: message: %w", err)
		}
	}
	if len(data) > longest {
		return errTooLong
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("presence: message: %w", err)
	}
	return nil
}
