package console

import (
	"bytes"
	"fmt"
	"text/tabwriter"
)

// Table prints rows whose cells stand below each other. All of it is printed by [Table.Print], in
// one write.
type Table struct {
	to   *Writer
	text bytes.Buffer
	tabs *tabwriter.Writer
	end  string // of a row
}

// Table returns an empty table.
func (w *Writer) Table() *Table { return w.table(0, "\n") }

// Figures returns an empty table whose cells are aligned to the right.
func (w *Writer) Figures() *Table { return w.table(tabwriter.AlignRight, "\t\n") }

func (w *Writer) table(flags uint, end string) *Table {
	t := &Table{to: w, end: end}
	t.tabs = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', flags)
	return t
}

// Row adds a row. The text of cells is escaped, so none ends early.
func (t *Table) Row(cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			fmt.Fprint(t.tabs, "\t")
		}
		fmt.Fprint(t.tabs, shown{cell})
	}
	fmt.Fprint(t.tabs, t.end)
}

// Print prints the table.
func (t *Table) Print() {
	_ = t.tabs.Flush() // into memory
	_ = t.to.print(t.text.Bytes())
}
