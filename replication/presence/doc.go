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
// Messages that others send by their Link go to [Tracker.Receive], their questions to
// [Tracker.Answer]. [Tracker.Missed] reports that messages were lost, or that a node has come. Then
// the missing presences are asked for at once.
//
// # What a State promises
//
// Each replica tracks its own presences, and no other replica changes those. Its clock counts what
// it does: a join and a leave are a step each, an update is two. A presence has as its tag the
// replica and the clock at which it joined, so no two ever have the same. A second join makes
// another presence. When a join and a leave are concurrent, the join wins: a leave removes only the
// joins it has seen.
//
//   - A state knows the clock of a replica and the presences it had then, exactly. The clock is
//     all the context there is: a tag up to it is here or has gone, a tag beyond it was not heard
//     of. So nothing is kept of presences that have gone: there are no tombstones.
//   - A [Delta] covers a range of the clock. It lists which tags of the range are still there, and
//     which tags before it have gone. It is merged only where nothing is missing before the range.
//     The state is then that of the range's end, wherever in the range it was.
//   - So a merge may be repeated, and an old delta changes nothing. A delta that comes too early
//     is left until the missing ones were asked for. All that have heard of the same clock of a
//     replica know the same of it, by whatever messages.
//   - Only the latest run of a replica counts. Messages of an earlier run are ignored as soon as
//     the later one is heard, and for as long as that is up.
//   - A replica that is down is known still, but nothing of it is listed.
//
// Phoenix's states also learn of a replica from a third one. For that they keep a vector of clocks
// and a cloud of tags ahead of it. Here each replica speaks for itself: one that can't be heard is
// down soon, and presences known from a third one would be hidden then.
//
// # Periods
//
// A replica sends its changes every BroadcastPeriod, and a sign of life in every tenth of them when
// there are none (MaxSilentPeriods). A replica that notices a gap, by the clock that each message
// carries, waits for ClockSamplePeriods and asks. One that hears of a replica for the first time,
// or again, asks at once. The answer is a history if one goes back far enough (MaxDeltaSizes), else
// everything.
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
// A presence that is tracked here is listed here when Track returns, and told to OnDiff soon after.
// Others list it a BroadcastPeriod later. OnDiff is told every change of a list in its order. A
// presence that comes and goes while OnDiff is at work is not told, unless a List has shown it. So
// a list, with the diffs that follow it, is always up to date. When OnDiff panics, Serve fails, and
// OnDiff is told the same again.
//
// # Testing
//
// A tracker without a Link is alone and does no harm. All its times are those of
// package time: with testing/synctest, hours take no time.
package presence
