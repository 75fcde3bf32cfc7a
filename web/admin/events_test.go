package admin

import (
	"strings"
	"testing"
	"time"
)

// TestWordsOfEvents puts each kind into words.
func TestWordsOfEvents(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1_000_000)
	due := at.Add(-12 * time.Second)
	for _, tt := range []struct {
		Record
		want string
	}{
		{Record{Kind: eventReleased, Subject: "Hop Man 3"}, "Hop Man 3 is released"},
		{Record{Kind: eventUnreleased, Subject: "Hop Man 3"}, "Hop Man 3 is no longer released"},
		{Record{Kind: eventScheduled, Subject: "Hop Man 3", Due: due}, "Hop Man 3 will be released at"},
		{Record{Kind: eventCalledOff, Subject: "Hop Man 3"}, "The release of Hop Man 3 is called off"},
		{Record{Kind: eventCreated, Subject: "Hop Man 3"}, "Hop Man 3 is created"},
		{
			Record{Kind: eventEdited, Subject: "Hop Man 3", Why: "price 120.00 to 130.00"},
			"Hop Man 3 is edited (price 120.00 to 130.00)",
		},
		{Record{Kind: eventPublished, Subject: "Hop Man 3"}, "Hop Man 3 is live: shoppers see it"},
		{Record{Kind: eventWithdrawn, Subject: "Hop Man 3"}, "Hop Man 3 is a draft again: shoppers do not see it"},
		{Record{Kind: eventArchived, Subject: "Hop Man 3"}, "Hop Man 3 is archived: it has left the shop"},
		{Record{Kind: eventSizeAdded, Subject: "Hop Man 3, size 9"}, "Hop Man 3, size 9 is new"},
		{Record{Kind: eventSizeEdited, Subject: "Hop Man 3, size 9"}, "Hop Man 3, size 9: its names are edited"},
		{Record{Kind: eventRestocked, Subject: "Hop Man 3, size 9", Pairs: 1200},
			"Hop Man 3, size 9: 1,200 pairs more"},
		{
			Record{Kind: eventRestocked, Subject: "Hop Man 3, size 9", Pairs: 1, Again: true},
			"Hop Man 3, size 9: 1 pair more, no longer sold out",
		},
		{
			Record{Kind: eventReturned, Subject: "Hop Man 3, size 9", Pairs: 1},
			"Hop Man 3, size 9: 1 pair more, from cancelled orders",
		},
		{
			Record{Kind: eventCorrected, Subject: "Hop Man 3, size 9", Pairs: -2, Why: "wet"},
			"Hop Man 3, size 9: 2 pairs fewer, since “wet”",
		},
		{Record{Kind: eventSoldOut, Subject: "Hop Man 3, size 9"}, "Hop Man 3, size 9 is sold out"},
		{Record{Kind: eventSoldOut, Subject: "Hop\x1b Man\u202e 3"}, "Hop\ufffd Man\ufffd 3 is sold out"},
		{Record{Kind: eventRestored, Due: due}, "A backup was restored, of"},
		{Record{Kind: eventNodeHere, Subject: "a"}, "Node a is here"},
		{Record{Kind: eventNodeGone, Subject: "a"}, "Node a is gone"},
		{Record{Kind: eventTrouble, Subject: "a", Why: "database"}, "Node a: the database does not answer"},
		{
			Record{Kind: eventTroubleOver, Subject: "a", Why: "database", Due: due},
			"Node a: the database answers again, after 12s",
		},
		{Record{Kind: eventTrouble, Subject: "a", Why: "of a newer node"}, "Node a: the node is not ready"},
		{Record{Kind: eventProxy, Subject: "10.0.0.7"}, "10.0.0.7 looks like a proxy: see --trusted-proxies"},
		{
			Record{Kind: eventShopSet, Subject: "Volt", Why: "name Sneakers23 to Volt"},
			"The settings of the shop Volt are changed (name Sneakers23 to Volt)",
		},
		{Record{Kind: eventPageWritten, Subject: "help"}, "The page /help is new"},
		{Record{Kind: eventPageEdited, Subject: "help"}, "The page /help is edited"},
		{Record{Kind: eventPageRemoved, Subject: "help"}, "The page /help is removed"},
		{Record{Kind: eventDeviceAdded, Subject: "kiosk 1"}, "Device kiosk 1 is added"},
		{Record{Kind: eventDeviceRevoked, Subject: "kiosk 1"}, "The key of device kiosk 1 is revoked"},
		{
			Record{Kind: eventDeviceSet, Subject: "kiosk 1", Pairs: 1, Why: "volume"},
			"Device kiosk 1: volume is to change",
		},
		{
			Record{Kind: eventDeviceUnset, Subject: "kiosk 1", Why: "volume"},
			"Device kiosk 1: volume is not to change any more",
		},
		{Record{Kind: eventDeviceSet, Subject: "kiosk 1", Pairs: 3}, "Device kiosk 1: 3 variables are to change"},
		{Record{Kind: "of_a_newer_node", Subject: "a"}, "a: of_a_newer_node"},
	} {
		tt.At, tt.Who = at, "ann"
		e := tt.event()
		if e.Text != tt.want || e.At != 1_000_000 || e.By != "ann" {
			t.Errorf("%s: %+v, want %q", tt.Kind, e, tt.want)
		}
		if asks := strings.HasSuffix(e.Text, " at") ||
			strings.HasSuffix(e.Text, " of"); asks != (e.When == due.UnixMilli()) {
			t.Errorf("%s: %q, and the time %d", tt.Kind, e.Text, e.When)
		}
	}
}

// TestMerged keeps the newest of all lists.
func TestMerged(t *testing.T) {
	t.Parallel()
	list := func(step int64) (events []Event) {
		for at := 10 * mostEvents * step; at > 0; at -= step {
			events = append(events, Event{At: at})
		}
		return events
	}
	all := merged(list(2), nil, list(3))
	if len(all) != mostEvents {
		t.Fatalf("%d events", len(all))
	}
	for i := range all[1:] {
		if all[i].At < all[i+1].At {
			t.Fatalf("%d stands above %d", all[i].At, all[i+1].At)
		}
	}
	if all[0].At != 30*mostEvents {
		t.Errorf("the newest is of %d", all[0].At)
	}
	if none := merged(nil, nil); none == nil || len(none) != 0 {
		t.Errorf("of nothing: %#v", none)
	}
}
