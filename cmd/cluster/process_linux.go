package main

import "syscall"

// attributes of a node's process: in a process group of its own, so that Ctrl-C reaches this
// program alone, which stops all in order. Should it be killed, the kernel tells the nodes to stop.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
