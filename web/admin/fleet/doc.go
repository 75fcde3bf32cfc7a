// Package fleet is the dashboard's side of devices: apps and kiosks that report to the gateway, see package gateway. It has the
// channel of the topic [Topic], by which a page shows which devices are connected at which node, and what they say, while they say it.
//
// # What a page is shown
//
// Who joins names the device that he looks at, or none, by the param device; the event show chooses another one. He is pushed:
//
//	state      {"devices","connected","nodes":[{"name","devices","connections"}],"fault"}
//	           how many devices have a valid key and how many of them are connected; fault, if there is one, is a sentence
//	device     {"id","name","created","seen","revoked","key","nodes":[{"name","since","connections"}],"gone"}
//	           the device that he looks at; gone is true if there is none of that id
//	variables  {"device","whole","variables":[{"name","reported":{"type","value","at","cut"},"wanted":{…,"who"}}],"gone":[name]}
//	           its variables that have changed, and those that are no longer there; whole: these are the first
//	logs       {"device","whole","lines":[{"id","device","name","at","message","timestamp","fields","cut"}],"more"}
//	           what it says, or what all say, the newest first; more records came, which are not shown
//
// Times are milliseconds since 1970, 0 or absent for never. A value is text, as people write it: a number of 64 bits has no place in
// a number of JavaScript. What changes is pushed four times a second at the most, logs and variables in events of about 50 KB at most;
// long texts are cut there, which cut says, and whole in an answer to search and variable.
//
// # What a page may ask
//
//	show      {"device"}                                      {}
//	list      {"text","which","after"}                        {"devices":[…],"next"}, at most 50 by name
//	search    {"device","text","seconds","before"}            {"lines":[…],"older"}, at most 50, the newest first
//	variable  {"device","name"}                               {"reported","wanted"}
//	add       {"name"}                                        {"id","name","key"}
//	revoke    {"device"}                                      {}
//	set       {"device","variables":[{"name","type","value"}]} {}
//	unset     {"device","name"}                               {}
//
// An answer with the status error has the sentence "reason".
//
// # Ownership and stopping
//
// Each page has one task of its channel, which asks the database four times a second; no more than a few ask at a time, whatever
// the number of pages. It ends with its channel. What a page orders is done also when the page is closed meanwhile.
package fleet
