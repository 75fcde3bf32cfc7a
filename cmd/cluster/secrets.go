package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sneakers23/app/privatefile"
)

// secrets are what all nodes share, as NAME=value in the order of secretNames.
type secrets []string

// passwordName is the variable of the password that opens the dashboard.
const passwordName = "SNEAKERS23_ADMIN_PASSWORD"

var secretNames = []string{"SNEAKERS23_SECRET", "SNEAKERS23_CLUSTER_SECRET", passwordName}

// openSecrets returns the shared secrets for the nodes' environment: there they can't be read in
// the list of processes. Each is made once and kept in the file secrets of the data directory, mode
// 0600.
func openSecrets(dataDir string) (secrets, error) {
	// PostgreSQL may run as another user, who must be able to pass through.
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return nil, fmt.Errorf("%w; name another with --data-dir", err)
	}
	name := filepath.Join(dataDir, "secrets")
	text, err := privatefile.Read(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("secrets of the cluster: %w", err)
	}
	kept := secrets(strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }))
	if !kept.good() {
		return nil, fmt.Errorf("secrets of the cluster: %s is damaged: delete it and new ones are made (carts and sessions begin anew)", name)
	}
	if len(kept) == len(secretNames) {
		return kept, nil
	}
	for _, missing := range secretNames[len(kept):] { // all, or those that an older version did not know
		kept = append(kept, missing+"="+newSecret(missing))
	}
	if err := privatefile.Write(name, []byte(strings.Join(kept, "\n")+"\n")); err != nil {
		return nil, fmt.Errorf("secrets of the cluster: %w", err)
	}
	return kept, nil
}

// newSecret is as long as the nodes want it, and a password as short as they accept it: operators
// type it.
func newSecret(name string) string {
	if name == passwordName {
		return strings.ToLower(rand.Text()[:16])
	}
	return rand.Text() + rand.Text()
}

// good tells whether these are the first of those that there should be.
func (s secrets) good() bool {
	if len(s) > len(secretNames) {
		return false
	}
	for i, line := range s {
		value, ok := strings.CutPrefix(line, secretNames[i]+"=")
		least := 32
		if secretNames[i] == passwordName {
			least = 12
		}
		if !ok || len(value) < least {
			return false
		}
	}
	return true
}

// password opens the dashboard.
func (s secrets) password() string {
	return strings.TrimPrefix(s[len(s)-1], passwordName+"=")
}
