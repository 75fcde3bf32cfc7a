// Package cluster puts this node among the others: an embedded NATS server, and a file by which programs on the same
// machine find it.
//
// # Usage
//
// [Start] runs the server on a loopback port that the system chooses. [Node.Announce] writes where it is, with a key made
// for this run, to [AddressFile] in the node's data directory, mode 0600: who may read that file may command the
// node. The node talks over [Node.Conn], inside the process; a command line on the same machine over [Dial].
//
// # Ownership and stopping
//
// Whoever called Start calls [Node.Stop]. It removes the file, lets requests that came before be answered, and
// returns when the server has ended. A node that was killed leaves its file behind; Dial then finds nobody and says
// so.
//
// # Delivery
//
// NATS delivers at most once: what matters is committed to the database first, and compared later.
package cluster
