package main

import (
	"os"
	"os/user"
)

// operatorName is who gives a command, for the logs: the user of this machine, and the one behind
// sudo.
func operatorName() string {
	name := os.Getenv("SUDO_USER")
	if name == "" {
		name = "somebody"
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
