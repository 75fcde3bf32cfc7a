//go:build !linux

package main

import "syscall"

// attributes of a node's process: in a process group of its own, so that Ctrl-C reaches this
// program alone, which stops all in order. Should it be killed, the nodes go on here, and have to
// be ended by hand.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
