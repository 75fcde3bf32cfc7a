package device

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// spoolModel is what a history of a spool has done, beside the spool itself.
type spoolModel struct {
	spool
	added     int
	confirmed []string // messages in the order in which they were answered for
	told      int      // dropped records that answered notices have told of
}

// TestSpoolKeepsAccount runs histories of a spool. Every record is answered for, waiting, on its
// way, or counted as dropped; what is answered for is in order; bounds hold; and notices tell of
// each dropped record once.
func TestSpoolKeepsAccount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &spoolModel{spool: spool{
			mostRecords: rapid.IntRange(1, 8).Draw(t, "records"),
			mostBytes:   rapid.IntRange(100, 2000).Draw(t, "bytes"),
		}}
		t.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"add":     m.add,
			"take":    func(t *rapid.T) { m.takeWaiting(rapid.IntRange(0, 300).Draw(t, "size"), time.Unix(0, 0)) },
			"confirm": m.confirm,
			"lose":    func(*rapid.T) { m.requeue() },
		})
	})
}

func (m *spoolModel) add(t *rapid.T) {
	var texts [][]byte
	for range rapid.IntRange(1, 5).Draw(t, "count") {
		padding := strings.Repeat("x", rapid.IntRange(0, 100).Draw(t, "length"))
		r := Record{Message: fmt.Sprintf("%06d%s", m.added, padding)}
		text, err := r.encode(time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
		m.added++
	}
	m.spool.add(texts)
}

func (m *spoolModel) confirm(t *rapid.T) {
	n := rapid.IntRange(0, len(m.sent)).Draw(t, "confirmed")
	for _, e := range m.sent[:n] {
		var r struct {
			Message string
			Dropped int
		}
		if err := json.Unmarshal(e.text, &r); err != nil {
			t.Fatalf("%s: %v", e.text, err)
		}
		if m.told += r.Dropped; r.Dropped == 0 {
			m.confirmed = append(m.confirmed, r.Message)
		}
	}
	m.spool.confirm(n)
}

func (m *spoolModel) check(t *rapid.T) {
	size, onWay, records, notices, untold := 0, 0, 0, 0, m.lost
	for i, e := range slices.Concat(m.sent, m.waiting) {
		if size += e.size(); i < len(m.sent) {
			onWay += e.size()
		}
		if untold += e.lost; e.lost > 0 {
			notices += e.size()
		} else {
			records++
		}
	}
	switch {
	case m.added != len(m.confirmed)+records+int(m.dropped):
		t.Fatalf("%d were added; %d confirmed, %d kept, %d dropped", m.added, len(m.confirmed), records, m.dropped)
	case int(m.settled) != len(m.confirmed), size != m.bytes, onWay != m.onWay:
		t.Fatalf("counted %d, %d, %d; want %d, %d, %d", m.settled, m.bytes, m.onWay, len(m.confirmed), size, onWay)
	case records > m.mostRecords, size-notices > m.mostBytes:
		t.Fatalf("%d of %d bytes are kept, want at most %d of %d", records, size-notices, m.mostRecords, m.mostBytes)
	case m.told+untold != int(m.dropped):
		t.Fatalf("%d were dropped; %d are told of, %d are to be", m.dropped, m.told, untold)
	case !slices.IsSorted(m.confirmed), len(slices.Compact(slices.Clone(m.confirmed))) != len(m.confirmed):
		t.Fatalf("confirmed out of order or twice: %v", m.confirmed)
	}
	for number := range m.next + 1 {
		older := slices.ContainsFunc(slices.Concat(m.sent, m.waiting), func(e entry) bool { return e.number < number })
		if m.passed(number) == older {
			t.Fatalf("passed(%d) is %v", number, m.passed(number))
		}
	}
}

// TestSpoolWhileAway logs more than the spool holds while the gateway is away: the oldest are
// dropped, and a record tells how many.
func TestSpoolWhileAway(t *testing.T) {
	inBubble(t, Config{SpoolRecords: 5}, func(t *testing.T, b *bubble) {
		b.down.Store(true)
		b.run()
		b.log("1", "2", "3", "4", "5", "6", "7")
		if got := b.Stats(); got.Waiting != 5 || got.Dropped != 2 || got.Connected {
			t.Errorf("while away: %+v", got)
		}
		synctest.Wait()
		b.down.Store(false)
		s := b.verified()
		got := s.array("l")
		const notice = "2 log records were dropped: the device could not send them in time"
		if len(got) != 6 || got[0]["dropped"] != 2. || got[0]["message"] != notice {
			t.Fatalf("got %v", got)
		}
		for i, want := range []string{"3", "4", "5", "6", "7"} {
			if got[i+1]["message"] != want {
				t.Errorf("record %d is %v, want %s", i, got[i+1]["message"], want)
			}
		}
		began := time.Now()
		s.verify()
		if took := time.Since(began); took != 0 {
			t.Errorf("asked after %v, want at once: half of the spool is on its way", took)
		}
		synctest.Wait()
		if got := b.Stats(); got.Waiting != 0 || got.Confirmed != 5 || got.Dropped != 2 {
			t.Errorf("at the end: %+v", got)
		}
	})
}

// TestNoticeThatIsDroppedToo counts in the next notice what a dropped one told of.
func TestNoticeThatIsDroppedToo(t *testing.T) {
	t.Parallel()
	s := spool{mostRecords: 2, mostBytes: 1 << 20}
	record := []byte(`{"message":"x"}`)
	s.add([][]byte{record, record, record}) // drops 1
	s.takeWaiting(lineSize, time.Now())
	s.requeue()
	s.add([][]byte{record, record}) // drops the notice, and 2
	texts := s.takeWaiting(lineSize, time.Now())
	if len(texts) != 3 || !strings.Contains(string(texts[0]), `"dropped":3`) || s.dropped != 3 {
		t.Errorf("dropped %d, and %s", s.dropped, texts)
	}
}

// TestSpoolBytes bounds the spool by bytes, too.
func TestSpoolBytes(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Addresses: []string{"gateway:6667"}, Key: testKey, SpoolBytes: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err := c.Log(Record{Message: strings.Repeat("x", 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	s := c.Stats()
	if s.Waiting < 85 || s.Waiting > 95 || int64(s.Waiting)+s.Dropped != 1000 || c.spool.bytes > 100_000 {
		t.Errorf("%+v, %d bytes", s, c.spool.bytes)
	}
	large := Record{Message: strings.Repeat("x", MaxMessage)}
	if err := c.Log(large, large); err != nil {
		t.Fatal(err)
	}
	if s := c.Stats(); s.Waiting != 1 { // the second takes more than half of the bound
		t.Errorf("after two large records: %+v", s)
	}
}
