package shop

import (
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
)

// limited is a counter as shoppers meet it.
func limited(t *testing.T) *counter {
	c := newCounter(t)
	c.Server = channeltest.Start(t, channel.Config{
		PubSub: c.topics, Routes: []channel.Route{CartRoute(c.pusher, c.carts)}, Connect: Connect,
	})
	return c
}

func TestTooManyCarts(t *testing.T) {
	c := limited(t)
	socket := c.Connect(nil)
	first, _ := tabOn(t, socket, newCartID(), nil)
	tabOn(t, socket, newCartID(), nil)
	socket.AssertRefused(cartTopics+newCartID(), nil, object{"reason": "too many carts"})
	if n := c.carts.count(); n != 2 {
		t.Errorf("%d carts are open, want 2", n)
	}
	c.tab(newCartID(), nil) // others have their own
	first.Leave()
	tabOn(t, socket, newCartID(), nil)
	socket.AssertRefused(cartTopics+newCartID(), nil, object{"reason": "too many carts"})
}

func TestCartsJoinedTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limited(t)
		socket := c.Connect(nil)
		for range cartJoinsAtOnce {
			tab, _ := tabOn(t, socket, newCartID(), nil)
			tab.Leave()
		}
		for range 20 {
			socket.AssertRefused(cartTopics+newCartID(), nil, object{"reason": "too_fast"})
		}
		time.Sleep(cartJoinEvery)
		tabOn(t, socket, newCartID(), nil)
	})
}
