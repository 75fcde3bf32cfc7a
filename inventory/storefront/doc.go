// Package storefront is what a shop looks like: its settings (name, zone, color, logo, words about
// shipping and returns, a banner), and its pages of text, such as help and imprint.
//
// # Usage
//
//	store := storefront.NewStore(pool)
//	server := storefront.NewServer(storefront.Config{Store: store, Every: every, Log: log})
//	server.SendTo(stream)         // and the others' messages go to server.Receive
//	go server.Serve(ctx)
//	look := server.Look()         // what pages show; it never waits
//	saved, err := server.Set(ctx, storefront.Edit{Name: &name})
//
// # Ordering and delivery promises
//
//   - The database decides. A row gets a new revision with every write, while it is locked.
//   - A change shows on its own node when the call that made it has returned, and is sent to the
//     others after the commit. A row is taken only if its revision is higher than the one held.
//   - A message that is lost costs time only: each node compares its rows with the database every
//     few seconds, and soon after Kick. A revision lower than the one that was held before the read
//     proves that the database went back, and is taken.
//   - A banner that has an end goes then, by the database's clock. Each node tries to take it away,
//     and one of them does. No node that reads it later shows it.
//   - All that write settings (edits, the opening of a drop, the end of a banner) hold one advisory
//     lock, [inventory.StorefrontKey]. So none writes back what another has replaced.
//   - A [Look] never changes.
//
// # Ownership and stopping
//
// [Server.Serve] runs until its context ends. Nothing else here starts a goroutine.
package storefront
