package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secretNames are the variables of the secrets that all nodes share.
var secretNames = []string{"SNEAKERS23_SECRET", "SNEAKERS23_CLUSTER_SECRET"}

// openSecrets returns the shared secrets as NAME=value, for the nodes' environment: there they can't be read in the list
// of processes. They are made once and kept in the file secrets of the data directory, mode 0600.
func openSecrets(dataDir string) ([]string, error) {
	// PostgreSQL may run as another user, who must be able to pass through.
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return nil, fmt.Errorf("%w; name another with --data-dir", err)
	}
	name := filepath.Join(dataDir, "secrets")
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		var made strings.Builder
		for _, secret := range secretNames {
			fmt.Fprintf(&made, "%s=%s\n", secret, rand.Text()+rand.Text())
		}
		text = []byte(made.String())
		err = os.WriteFile(name, text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("secrets of the cluster: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != len(secretNames) {
		return nil, damaged(name)
	}
	for i, line := range lines {
		if value, ok := strings.CutPrefix(line, secretNames[i]+"="); !ok || len(value) < 32 {
			return nil, damaged(name)
		}
	}
	return lines, nil
}

func damaged(name string) error {
	return fmt.Errorf("secrets of the cluster: %s is damaged: delete it and new ones are made (carts and sessions begin anew)", name)
}
