// Package presence tells who is here, on every node of a cluster: a replicated
// tracker that needs no server and no database.
//
// It is a port of the idea of Phoenix.Tracker, with its options, defaults and names,
// and of none of its code. See https://hexdocs.pm/phoenix_pubsub/Phoenix.Tracker.html.
//
// # Usage
//
//	tracker, err := presence.New(presence.Options{
//		Name:   "node1",
//		OnDiff: func(diffs map[string]presence.Diff) { ... },
//		Link:   presence.Link{Send: ..., Ask: ...},
//	})
//	go tracker.Serve(ctx)
//
//	owner := tracker.NewOwner(ctx) // what it tracks ends with ctx
//	ref, err := owner.Track("room:1", "ann", map[string]any{"device": "phone"})
//	list, err := tracker.List("room:1") // of all nodes
//
// What others send by their Link goes to [Tracker.Receive], what they ask to
// [Tracker.Answer]. Who knows that messages were lost, or that a node has come, says
// so by [Tracker.Missed], and what is missing is asked for at once.
//
// # What a State promises
//
// Each replica tracks what is its own, and nobody else changes that. Its clock counts
// what it does: a join and a leave are a step each, an update is two. A presence has
// as its tag the replica and the clock at which it joined, so no two ever have the
// same, and to join again is to be another one: of a leave and a join that do not know
// of each other both hold, the add wins and the remove takes only what it has seen.
//
//   - What is known of a replica is its clock and the presences it had then, exactly.
//     That number is all the context there is: a tag up to it is here or has gone, a
//     tag beyond it was not heard of. So nothing is kept of what has gone: there are
//     no tombstones.
//   - A [Delta] covers a range of the clock. It lists which tags of the range are still
//     there, and which tags before it have gone. It is merged only where nothing is
//     missing before the range, and then makes the state that of its end, wherever in
//     the range one was.
//   - So a merge may be repeated, what is old changes nothing, and what comes too early
//     is left until what is missing was asked for. All who have heard of the same
//     clock of a replica know the same of it, by whatever messages.
//   - Only the latest run of a replica counts. What an earlier one said is ignored as
//     soon as the later one is heard, and for as long as that is up.
//   - A replica that is down is known still, but nothing of it is listed.
//
// Phoenix's states also learn of a replica from a third one, for which they keep a
// vector of clocks and a cloud of tags ahead of it. Here each replica speaks for itself:
// whoever can't be heard is down soon, and what a third one knows of him would be
// hidden then.
//
// # Periods
//
// A replica says what has happened every BroadcastPeriod, and that it is there in
// every tenth of them when nothing has (MaxSilentPeriods). Who notices a gap, by the
// clock that each message carries, waits for ClockSamplePeriods and asks; who hears of
// a replica for the first time, or again, asks at once. The answer is a history if one
// goes back far enough (MaxDeltaSizes), else everything.
//
//	         speaks                silent for DownPeriod
//	unknown ────────▶ up ────────────────────────────────▶ down
//	   ▲               ▲ │ says goodbye          speaks     │ │
//	   │               └─┼──────────────────────────────────┘ │
//	   └─────────────────┴────────────────────────────────────┘
//	                            silent for PermdownPeriod
//
// # Ownership and stopping
//
// Topics are spread over PoolSize shards; each has a goroutine that owns its State.
// [Tracker.Serve] runs them, and one that calls OnDiff, and returns when they and the
// questions they asked have ended. Methods of [Tracker] and [Owner] may be called from
// any goroutine: they hand the shard a command and wait until it is done, which takes
// microseconds, or until Serve runs, but not for more than five seconds ([ErrBusy]).
// Serve may be called again after it has failed: all that was tracked is known still,
// and what its owner's end has ended meanwhile goes then. After Serve has ended with its
// context, or after [Tracker.GracefulPermdown], they return [ErrStopped].
//
// # Ordering and delivery promises
//
// What is tracked here is listed here when Track returns, and told to OnDiff soon
// after. Others list it a BroadcastPeriod later. OnDiff is told every change of a list
// in its order, except that what comes and goes while it is at work is not told, unless
// a List has shown it: who takes a list and follows the diffs from there has the list
// always. When OnDiff panics, Serve fails, and what it was told then is told again.
//
// # Testing
//
// A tracker without a Link is alone and does no harm. All its times are those of
// package time: with testing/synctest, hours take no time.
package presence
