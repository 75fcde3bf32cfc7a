// Package pubsub is the registry of topics of a node: who listens to which topic,
// and how a message reaches all of them at once, on this node and on others.
//
// # Usage
//
//	ps := pubsub.New()
//	sub := ps.Subscribe("room:1", listener) // listener has Deliver(*pubsub.Message)
//	defer sub.Unsubscribe()
//	ps.Broadcast("room:1", "shout", payload)
//
// A topic is any string. It exists while it has a subscriber, and costs nothing before and after.
// The payload is any value. Its sender must not change it afterwards, since all receivers share it.
// A value that receivers derive from it, a frame for a socket for instance, is made once per
// message and kept in it: see [Encoding].
//
// # Several nodes
//
// A PubSub knows no network. [PubSub.Link] gives it a carrier that takes messages to the registries
// of other nodes. The receiver of their messages passes them to [PubSub.Receive]:
//
//	ps.Link(pubsub.Link{Carrier: stream})
//	ps.Broadcast("room:1", "shout", payload)      // to all nodes
//	ps.LocalBroadcast("room:1", "shout", payload) // to those of this node
//
// Between nodes a payload is JSON, and arrives as a json.RawMessage, unless a
// [Codec] carries its type.
//
// # Ownership and stopping
//
// A PubSub has no goroutine of its own, and nothing to stop. Broadcast calls the
// subscribers on the caller's goroutine; when they are many it shares them out to
// helpers, one per processor, and returns after the last helper has ended.
//
// No lock is held while a subscriber is called, so a subscriber may subscribe, unsubscribe and
// broadcast from within Deliver. It must not block: it would delay all subscribers after it. A
// panic in Deliver comes out of Broadcast, with the same value and after all helpers have ended, on
// whichever goroutine it began; others may not get the message then.
//
// # Ordering and delivery promises
//
//   - A Broadcast has called Deliver of every subscriber when it returns. So the
//     messages which one goroutine broadcasts reach each subscriber in the order
//     they were broadcast. Messages of two goroutines have no order.
//   - A subscriber from before the call of Broadcast that stays gets the message once per
//     subscription. One that subscribes or unsubscribes while it runs may or may not get it.
//   - A broadcast that began before Unsubscribe returned may still deliver after it; one that
//     begins later never does. A subscriber that must know better keeps a flag.
//   - Deliver may be called from several goroutines at once.
//
// Between nodes:
//
//   - At most once. A message may be lost without a report here: the carrier may notice, by the
//     numbers of its messages. A node that must not miss anything then sends the others its
//     state again.
//   - Messages that one goroutine broadcasts reach each subscriber on any node in that order.
//     Messages of two nodes have no order, and may reach two subscribers in two.
//   - A node does not hear its own messages twice.
//
// # Limits
//
// A message between nodes has at most [MaxMessage] bytes. A larger one, or one whose
// payload has no JSON, reaches the subscribers of this node and no others, and
// Link.Failed is told.
//
// There are no limits on topics and subscribers. Subscribing and unsubscribing take the
// same time however many there are: subscribers stand in chunks of 64, each with a
// lock of its own, which a broadcast holds only while it copies the chunk. A topic
// that was large keeps its chunks, 16 bytes a place, until its last subscriber has
// left. A broadcast allocates the same few objects however many subscribe; on a node
// that is linked its payload is encoded once for all others, before that.
//
// # Testing
//
// A PubSub needs no set-up and no clean-up; tests use a real one, and a subscriber
// that appends to a slice under a lock or sends to a buffered Go channel. Package
// pubsubtest holds whatever links registries to the promises above.
package pubsub
