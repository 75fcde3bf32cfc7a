package pubsub_test

import (
	"fmt"

	"sneakers23/replication/pubsub"
)

// printer prints what it hears.
type printer struct{ name string }

func (p *printer) Deliver(m *pubsub.Message) {
	fmt.Println(p.name, "hears", m.Event, "on", m.Topic+":", m.Payload)
}

func Example() {
	ps := pubsub.New()
	ann, bob := &printer{"Ann"}, &printer{"Bob"}
	ps.Subscribe("room:1", ann)
	sub := ps.Subscribe("room:1", bob)

	ps.Broadcast("room:1", "shout", "hello")
	ps.BroadcastFrom(ann, "room:1", "shout", "anybody else?")
	sub.Unsubscribe()
	ps.Broadcast("room:1", "shout", "bye")
	// Output:
	// Ann hears shout on room:1: hello
	// Bob hears shout on room:1: hello
	// Bob hears shout on room:1: anybody else?
	// Ann hears shout on room:1: bye
}
