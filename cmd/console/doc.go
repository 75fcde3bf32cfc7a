// Package console prints for the programs in cmd: tables for people, JSON for programs.
//
// A shop's data comes from strangers, and a terminal obeys what is printed to it. An ESC in the
// name of a product would move the cursor, recolor the screen or set its title. A carriage return
// would overwrite a line, and U+202E would reverse what follows. So the programs print only
// through [Writer], which escapes whatever they print: a test of package app fails if one prints by
// itself.
//
//	w := console.New(os.Stdout)
//	w.Printf("%s is released\n", name)   // a name with an ESC is printed as \x1b
//	err := w.JSON(product)               // ... and as \u001b
//
// The format of Printf is the program's own and keeps its line breaks; arguments and cells of a
// [Table] have none.
package console
