package dedupe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/channel/examples/dedupe"
)

var config = channel.Config{Routes: []channel.Route{dedupe.Route()}}

func TestThreeHundredBecomeThree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := channeltest.Start(t, config)
		c := server.Connect(nil).Join("dupe", nil)
		for range 2 { // two windows know nothing of each other
			for i := range 300 {
				server.PubSub.Broadcast("dupe", "number", dedupe.Number{Value: []int64{2, 3, 1}[i%3]})
			}
			time.Sleep(time.Second - time.Millisecond)
			c.RefutePush("number")
			time.Sleep(time.Millisecond)
			for _, want := range []int64{2, 3, 1} {
				c.AssertPush("number", dedupe.Number{Value: want})
			}
			c.RefutePush("number")
			time.Sleep(time.Hour)
			c.RefutePush("number")
		}
	})
}

// A window that fills up is pushed before its end, and the next one is as long as any.
func TestManyNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := channeltest.Start(t, config)
		c := server.Connect(nil).Join("dupe", nil)
		broadcast := func(from, to int64) {
			for n := from; n < to; n++ {
				server.PubSub.Broadcast("dupe", "number", dedupe.Number{Value: n})
			}
			c.Settle()
		}
		broadcast(0, 50)
		time.Sleep(900 * time.Millisecond)
		broadcast(50, 120)
		for n := range int64(100) {
			c.AssertPush("number", dedupe.Number{Value: n})
		}
		time.Sleep(900 * time.Millisecond)
		c.RefutePush("number")
		time.Sleep(100 * time.Millisecond)
		for n := int64(100); n < 120; n++ {
			c.AssertPush("number", dedupe.Number{Value: n})
		}
	})
}
