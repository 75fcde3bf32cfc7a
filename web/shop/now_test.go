package shop

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/webtest"
)

// The time in the answers is that of the moment, also where the rest of the answer was encoded long
// before.
func TestAnswersTellTheServersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reply := json.RawMessage(`{"released":true,"levels":{"1":"low"}}`)
		shared := string(reply)
		pages := newPages(t, webtest.NewShelf(webtest.Rows()))
		for range 2 {
			var joined struct {
				Now      time.Time
				Released bool
				Levels   map[string]string
			}
			if err := json.Unmarshal(stamped(reply, time.Now()), &joined); err != nil {
				t.Fatal(err)
			}
			if !joined.Now.Equal(time.Now()) || !joined.Released || joined.Levels["1"] != "low" {
				t.Errorf("at %v got %+v", time.Now(), joined)
			}
			if string(reply) != shared {
				t.Errorf("the shared bytes are %s now", reply)
			}
			v, _ := askSession(t, pages)
			if want := time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00"); v.Now != want ||
				!strings.HasSuffix(want, "Z") {
				t.Errorf("the session tells the time %q, want %q", v.Now, want)
			}
			time.Sleep(90*time.Minute + 25*time.Millisecond)
		}
	})
}

func TestStampingAReplyAllocatesOnce(t *testing.T) {
	reply := json.RawMessage(`{"size_html":"` + strings.Repeat("x", 10_000) + `"}`)
	now := time.Now()
	if n := testing.AllocsPerRun(100, func() { stamped(reply, now) }); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}
