// Package admin is what the people meet who run the shop: the sign-in, the dashboard's page, and the socket that keeps it
// live. The channels of that socket are listed by [Routes].
//
// # Who gets in
//
// The page is behind HTTP basic auth, user admin and one password: see [SignIn], which delays those who guess. It carries a
// token that [Tokens] has signed; the socket opens for such a token and for nothing else. A token is good for [TokenAge],
// and only as long as its secret and the password are: who is to be shut out is, by a restart with another password. A
// channel calls [Tokens.KeepFresh] in its Join, so that a page that stays open has a new token before the old one ends.
//
// # Ownership and stopping
//
// Nothing here starts a goroutine but KeepFresh, whose goroutine is a task of its channel and ends with it. All methods may
// be called from any goroutine.
package admin
