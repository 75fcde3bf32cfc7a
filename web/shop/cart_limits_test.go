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
		PubSub: c.topics, Routes: []channel.Route{CartRoute(c.pusher, c.carts, c.shoppers)}, Connect: Connect,
	})
	return c
}

func TestTooManyCarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
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
		synctest.Wait()
		tabOn(t, socket, newCartID(), nil)
		socket.AssertRefused(cartTopics+newCartID(), nil, object{"reason": "too many carts"})
	})
}

func TestCartsJoinedTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limited(t)
		socket := c.Connect(nil)
		for range cartJoinsAtOnce {
			tab, _ := tabOn(t, socket, newCartID(), nil)
			tab.Leave()
			synctest.Wait() // its place is free when the channel has terminated, a moment after it is closed
		}
		for range 20 {
			socket.AssertRefused(cartTopics+newCartID(), nil, object{"reason": "too_fast"})
		}
		time.Sleep(cartJoinEvery)
		tabOn(t, socket, newCartID(), nil)
	})
}

// A join that fails opens no cart, and takes no room on its socket.
func TestFailedJoinTakesNoRoom(t *testing.T) {
	c := limited(t)
	token := c.carts.tokens.Sign(cartWith(t, c.pusher.taken.Load(), 2), "")
	socket := c.Connect(nil)
	asset := c.pages.asset
	c.pages.asset = func(string) (string, error) { panic("the picture is not found") }
	for range cartsPerSocket {
		socket.AssertRefused(cartTopics+newCartID(), object{"serialized": token}, object{"reason": "join crashed"})
	}
	if n := c.carts.count(); n != 0 {
		t.Errorf("%d carts are open, want none", n)
	}
	c.pages.asset = asset
	_, shown := tabOn(t, socket, newCartID(), object{"serialized": token})
	wantIDs(t, shown, 2)
}
