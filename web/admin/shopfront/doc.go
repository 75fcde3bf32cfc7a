// Package shopfront is where admins set what the shop looks like: a form with its settings and
// logo, and one for each page of text. The pages work without a script.
//
// A form carries the revision that its admin has looked at. If another admin has saved meanwhile,
// nothing is saved: the form comes back with what was written, and says what saving it would change
// now.
package shopfront
