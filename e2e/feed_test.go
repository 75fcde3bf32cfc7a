package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
)

// TestFeedExamples runs the scripts of docs/feeds.md in a page, as a reader of that page would.
func TestFeedExamples(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/feeds.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```js\n(.*?)```").FindAllSubmatch(doc, -1)
	if len(examples) != 2 {
		t.Fatalf("docs/feeds.md has %d examples, want 2", len(examples))
	}
	s := newShop(t)
	said := make(chan string, 1000) // more than the examples say
	for _, example := range examples {
		v := newContext(t, playwright.BrowserNewContextOptions{})
		v.OnConsole(func(m playwright.ConsoleMessage) { said <- m.Text() })
		v.visit(s.URL)
		if _, err := v.Evaluate("() => {" + string(example[1]) + "}"); err != nil {
			t.Fatal(err)
		}
	}
	heard := func(want string) {
		t.Helper()
		for range examples {
			for {
				var line string
				select {
				case line = <-said:
				case <-time.After(waittest.Limit()):
					t.Fatalf("nothing said %q", want)
				}
				if strings.HasPrefix(line, want) {
					break
				}
			}
		}
	}
	heard("product:1 state")
	s.run("release", "SHU6000")
	heard("product:1 released")
}
