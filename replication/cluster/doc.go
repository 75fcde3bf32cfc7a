// Package cluster puts this node among the others: an embedded NATS server, by which nodes reach
// each other and programs reach the node; who is here; and messages and questions between nodes.
//
// # Usage
//
//	node, err := cluster.Start(cluster.Config{
//		Name: "a", Listen: "10.0.0.1:6222", Join: seeds, Secret: secret, …
//	})
//	words := node.Stream("words", func(from cluster.Peer, data []byte) { … })
//	node.OnResync(func(from cluster.Peer) { … }) // compare: something may have been missed
//	node.Handle("time", func(ctx context.Context, question []byte) ([]byte, error) { … })
//	go node.Serve(ctx)
//	err = node.Join(ctx) // returns who does not go with us, or that we are in
//	err = words.Send(data) // to all others
//	err = node.Announce()  // and by now the command line finds the node
//
// [Node.Announce] writes where the node is, with a key made for this run, to [AddressFile] in the
// node's data directory, mode 0600: who may read that file may command the node, by [Dial]. From
// other machines [DialAt] does it, with the secret of the cluster.
//
// # Who is in
//
// Nodes call each other over connections that need the secret of the cluster. Each tells the others
// about once a second how it does, and shows what they must have in common, see [Identity]. One
// that does not go with those that are here is refused, and both sides say why: it sees that by
// itself while it joins, and the others ignore whatever it says. A node that says nothing for 3.5 s
// is taken for gone until it speaks again.
//
// A joining node learns from the nodes that it meets which others there are, and who has which
// name. A node's report counts only while that node itself is heard. So a node may die at any
// moment of a join: the join takes a few seconds longer, and is not refused because of a dead node.
//
// Every node is connected to every other one: from the addresses to join it learns of all that
// these know. Nothing is passed on for others. So a line that is cut between two nodes parts these
// two, and no others.
//
// # Ordering and delivery promises
//
//   - Messages of a [Stream] come at most once, and in the order in which their node sent them, to
//     every other node.
//   - A message that was lost is noticed by the number of the next one, or by the next status, and
//     told to OnResync before the next one is delivered. So is a node that has come, or come back.
//   - Send never waits. Up to 8 MiB of messages wait for a NATS that does not read; further
//     messages are dropped, logged and counted, see [Node.Dropped].
//   - There is no order between two nodes, nor between two streams of one.
//
// Changes that matter are committed to the database first, and compared later.
//
// # Ownership and stopping
//
// Serve is a service; its owner waits for it. All receivers are called on its goroutine. Start
// starts a goroutine that sends; [Node.Stop] waits for it, and for those that answer questions. The
// caller of Start calls Stop: it says goodbye, removes the file, lets requests that came before be
// answered, and returns when the server has ended. A node that was killed leaves its file behind;
// Dial then finds no node and says so.
//
// # Testing
//
// The states that a node derives from the messages of others are pure (peers, witnesses). They are
// tested with histories of lost and repeated messages, and with deaths at every moment of a join.
// The rest runs on real servers.
package cluster
