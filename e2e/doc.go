// Package e2e holds the acceptance tests: they run the program as its users do, from outside the
// process, with real browsers, the real command line and a real PostgreSQL, and hold nothing that
// the program could import.
//
// A test waits for what it expects with a deadline that is generous on a slow machine, and prints
// how long it took. `make test` finds or installs the browser and its driver; CHROMIUM names
// another browser. The program in e2e/mutants breaks promises of other packages one at a time, and
// expects their tests to fail. The one in e2e/gallery serves every page in every state, for people
// and for TestGallery.
package e2e
