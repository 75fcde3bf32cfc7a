// Package channeltest tests channels without a network: it connects, joins, pushes,
// and says what the client must and must not get.
//
// # Usage
//
//	func TestRoom(t *testing.T) {
//		c := channeltest.Join(t, config, "room:lobby", nil)
//		c.Push("say", "hello").AssertOK(nil)
//		c.AssertPush("said", "hello")
//		c.RefutePush("shouted")
//		c.Leave()
//	}
//
// Several clients, or a socket with several topics, take one step more:
//
//	server := channeltest.Start(t, config)
//	ann := server.Connect(url.Values{"user": {"ann"}}).Join("room:lobby", nil)
//	bob := server.Connect(url.Values{"user": {"bob"}}).Join("room:lobby", nil)
//	server.PubSub.Broadcast("room:lobby", "closing", nil)
//
// Wanted values are compared as JSON: a struct, a map and a json.RawMessage that encode alike are
// alike, and nil is {}. A [channel.Binary] is bytes both ways: it is pushed as bytes, and equals
// nothing but bytes.
//
// # How it works
//
// The server is the real one, and so is every frame; only the connection is a pipe in
// memory. Each channel is wrapped into one that can be asked whether it is idle, by an
// event of its own, so no assertion sleeps: an Assert waits until what it wants is
// there, for as long as package waittest allows; a Refute first lets the channel handle all that
// waits for it. The server logs to the test, unless the config says otherwise. A silent socket is
// not closed, unless the config sets a Timeout.
//
// # Ownership and stopping
//
// A failed assertion ends the test, so they are called from the test's goroutine. The
// end of the test closes the server and waits for all its goroutines.
//
// # Time
//
// All of it can be used within a bubble of testing/synctest, where time.Sleep makes
// timers fire and an Assert lets up to ten seconds of the bubble's time pass. There a
// Refute waits for tasks too, and for other channels; outside of a bubble it only
// knows of the callbacks of its own channel, so let the client that caused something
// assert its reply first.
package channeltest
