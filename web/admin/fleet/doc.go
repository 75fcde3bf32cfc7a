// Package fleet is the channel behind the dashboard's page of devices. Devices are apps and kiosks
// that report to the gateway, see package gateway. The channel's topic is [Topic].
//
// # Usage
//
//	route := fleet.Route(fleet.Config{
//		KeepFresh: tokens.KeepFresh, Store: store, Tracker: tracker, Desk: desk, Log: log,
//	})
//
// The route belongs to the admins' socket. A node with a gateway tracks its devices in the topic
// [Presences] of the tracker, each by its id with a [Presence] as its meta.
//
// # Events to the page
//
// The param device of the join names the device that the page shows, 0 for none.
//
//	state      {"devices","connected","nodes":[{"name","devices","connections"}],"changes",
//	           "fault"}
//	           Devices have a valid key; connected ones also a connection. changes grows whenever
//	           a device connects or disconnects. fault is a sentence, empty if all is well.
//	device     {"id","name","created","seen","revoked","key",
//	           "nodes":[{"name","since","connections"}]}
//	           The device that the page shows; or {"id","gone":true} if there is none of that id.
//	           key is current, older or lost, see devices.KeyState.
//	variables  {"device","whole","variables":[VARIABLE],"gone":[NAME]}
//	           The device's variables that have changed, and the names of those that were deleted.
//	           whole marks the first event after the device was chosen.
//	logs       {"device","whole","lines":[LINE],"more","at_least"}
//	           New log records of the device, or of all devices, the newest first. more records
//	           arrived since the event before and are not among the lines; at_least marks a gap
//	           that was too long to count.
//
//	VARIABLE   {"name","reported":{"type","value","at","cut"},
//	           "wanted":{"type","value","at","who","cut"}}
//	LINE       {"id","device","name","at","message","timestamp","fields","cut"}
//
// Times are milliseconds since 1970, 0 or absent for never. A value is text, as people write it:
// JavaScript's numbers cannot hold 64 bits. timestamp and fields are JSON in a string. Values have
// 200 characters at most, messages and fields 500; cut marks what was longer. Events logs and
// variables have about 48 KiB at most. Variables that do not fit follow in the next event.
//
// # Events from the page
//
//	show      {"device"}                                       {}
//	list      {"text","which","after"}                         {"devices":[…],"next"}
//	search    {"device","text","seconds","before"}             {"lines":[LINE],"older"}
//	variable  {"device","name"}                                VARIABLE
//	add       {"name"}                                         {"id","name","key"}
//	revoke    {"device"}                                       {}
//	set       {"device","variables":[{"name","type","value"}]} {}
//	unset     {"device","name"}                                {}
//
// show chooses another device. list returns 50 devices by name; which is "" for those with a valid
// key, connected, away or revoked; next goes into after of the next page. search returns 50
// records, the newest first; older goes into before of the next page. Answers to search and
// variable are whole. An answer with the status error has the sentence "reason".
//
// # Ordering and delivery promises
//
//   - Each record that is committed while a page is joined is pushed or counted in more, once.
//     After a page joins or chooses another device, a record may come twice, with the same id.
//   - What the database does not answer is asked again, and fault says so meanwhile.
//   - An order (add, revoke, set, unset) that was received is carried out even if the page is
//     closed. After it, the page is pushed the new state at once.
//
// # Ownership and stopping
//
// Each page has one task of its channel, which polls the tracker and the database every 250 ms. It
// ends with the channel. At most two pages of a node poll at a time, and two more are answered list
// or variable, so open pages cannot take all connections from those who sell.
//
// # Testing
//
// The tests run in bubbles of testing/synctest with a store in memory. The store's queries are
// tested in package devices, and the whole by TestDevicesPage of e2e, in a browser.
package fleet
