package admin

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestCrowd is what a dashboard is shown of the time before it was opened: five minutes at the
// most.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		before := func() (of []int) {
			t.Helper()
			var s struct{ Recent recent }
			err := o.board.welcome(t.Context(), func(shown json.RawMessage) error { return json.Unmarshal(shown, &s) })
			if err != nil || s.Recent.Every != 2000 {
				t.Fatalf("%+v, %v", s, err)
			}
			return s.Recent.Shoppers
		}
		if of := before(); len(of) != 0 || of == nil {
			t.Errorf("at first there were %v", of)
		}
		o.shopper(t.Context(), "ann", "/")
		time.Sleep(sampleEvery + time.Millisecond)
		o.shopper(t.Context(), "bob", "/")
		time.Sleep(sampleEvery)
		if of := before(); !slices.Equal(of, []int{1, 2}) {
			t.Errorf("two came, one after the other: %v", of)
		}
		time.Sleep(10 * time.Minute)
		if of := before(); len(of) != 150 || of[0] != 2 {
			t.Errorf("after ten minutes %d are told: %v", len(of), of)
		}
	})
}
