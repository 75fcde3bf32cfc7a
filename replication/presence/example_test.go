package presence_test

import (
	"context"
	"fmt"

	"sneakers23/replication/presence"
)

// Two tabs of one person are two presences of one key.
func Example() {
	tracker, err := presence.New(presence.Options{Name: "node1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- tracker.Serve(ctx) }()

	for _, device := range []string{"phone", "laptop"} {
		tab := tracker.NewOwner(ctx)
		if _, err := tab.Track("room:1", "ann", map[string]string{"device": device}); err != nil {
			fmt.Println(err)
		}
	}
	list, err := tracker.GetByKey("room:1", "ann")
	for _, p := range list {
		fmt.Println(p.Key, string(p.Meta), err)
	}
	cancel()
	<-served
	// Output:
	// ann {"device":"phone"} <nil>
	// ann {"device":"laptop"} <nil>
}
