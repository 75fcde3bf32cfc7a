package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sneakers23/app/operator"
	"sneakers23/cmd/console"
)

// orEmpty makes an empty list of none: [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// confirm asks the operator, and returns an error unless the answer is yes.
func confirm(term terminal, what string) error {
	if !console.Interactive(term.in) {
		return usageError{fmt.Errorf("%s\nthis asks first, and there is no terminal to ask at: add --yes", what)}
	}
	term.err.Lines("", what)
	term.err.Printf("Go on? [y/N] ")
	answer, err := bufio.NewReader(term.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not confirmed, nothing was done")
}

// surely does what the node may ask about first, and lets the operator answer, unless yes is his
// answer already.
func surely[R any](term terminal, yes bool, do func(sure bool) (R, error)) (R, error) {
	done, err := do(yes)
	asks, ok := errors.AsType[*operator.Question](err)
	if !ok {
		return done, err
	}
	if err := confirm(term, asks.Words); err != nil {
		return done, err
	}
	return do(true)
}

// progress is a bar that moves in place at a terminal, and is silent elsewhere.
type progress struct {
	w     *console.Writer
	bar   bool
	began time.Time
}

func newProgress(term terminal, json bool) *progress {
	return &progress{w: term.err, bar: !json && term.err.Interactive(), began: time.Now()}
}

// show draws how many pairs are sold, and says beside it what is being done.
func (p *progress) show(sold, left int, words string) {
	text := fmt.Sprintf("%d of %d sold", sold, sold+left)
	if took := time.Since(p.began).Seconds(); took >= 1 { // before that a rate says nothing
		text += fmt.Sprintf(", %.0f a second", float64(sold)/took)
	}
	p.draw(float64(sold)/float64(max(sold+left, 1)), text+"; "+words)
}

// draw shows how much is done, a share, and words beside it.
func (p *progress) draw(share float64, words string) {
	if !p.bar {
		return
	}
	const width = 30
	full := int(width * min(max(share, 0), 1))
	p.w.Redraw(strings.Repeat("█", full) + strings.Repeat("░", width-full) + " " + words)
}

// printLine prints a line above the bar.
func (p *progress) printLine(line string) {
	if p.bar {
		p.w.Redraw(line)
		p.w.Printf("\n")
	}
}

// note shows in place what is being done.
func (p *progress) note(what string) {
	if p.bar {
		p.w.Redraw(what)
	}
}

func (p *progress) done() {
	if p.bar {
		p.w.Redraw("")
	}
}

// program is how the program was called, for commands that can be pasted.
func program() string {
	if strings.ContainsRune(os.Args[0], filepath.Separator) {
		return shellWord(os.Args[0])
	}
	return "sneakers23"
}

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	if strings.ContainsAny(s, " \t\"'$&;()<>|*?\\`") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

func defaultDataDir() string {
	dir, err := filepath.Abs(".data")
	if err != nil {
		return ""
	}
	return dir
}

// productSKUs and itemSKUs complete arguments from the node that runs here; without one there is
// nothing to offer.
func productSKUs() (skus []string) {
	for _, p := range offered() {
		skus = append(skus, p.SKU)
	}
	return skus
}

func itemSKUs() (skus []string) {
	for _, p := range offered() {
		for _, it := range p.Items {
			skus = append(skus, it.SKU)
		}
	}
	return skus
}

func offered() []operator.Product {
	return completions((*operator.Client).Products)
}

// deviceNames completes with the devices whose keys are valid.
func deviceNames() (names []string) {
	for _, d := range completions((*operator.Client).Devices) {
		if d.Revoked == nil {
			names = append(names, d.Name)
		}
	}
	return names
}

// orderIDs completes with the newest orders.
func orderIDs() (ids []string) {
	for _, o := range completions(func(c *operator.Client, ctx context.Context) ([]operator.Order, error) {
		return c.Orders(ctx, operator.OrdersRequest{Limit: 20})
	}) {
		ids = append(ids, o.ID)
	}
	return ids
}

// completions asks the node that runs here. Completion has no place for an error.
func completions[T any](ask func(*operator.Client, context.Context) ([]T, error)) []T {
	dir := os.Getenv("SNEAKERS23_DATA_DIR")
	if dir == "" {
		dir = defaultDataDir()
	}
	c, err := operator.Dial(dir)
	if err != nil {
		return nil
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	list, err := ask(c, ctx)
	if err != nil {
		return nil
	}
	return list
}
