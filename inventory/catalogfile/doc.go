// Package catalogfile reads and writes products as files: YAML for people, JSON for programs.
//
//	edits, err := catalogfile.Parse(file) // of either kind
//	err = catalogfile.Write(w, details, catalogfile.YAML)
//
// A file that was written and is read back changes nothing. A key that is left out of a file leaves
// its field as it is, see [inventory.Edit]. A file says nothing of releases and, but for the pairs
// that a new size begins with, nothing of stock: so no file moves a drop or makes pairs.
//
// Errors name the line and the key. [Locate] finds the lines of problems that were found later, by
// those who know the other products.
package catalogfile
