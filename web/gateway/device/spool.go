package device

import (
	"fmt"
	"time"
)

// spool keeps log records until the server has answered for them. It is not safe for concurrent
// use.
//
//	add ──► waiting ──take──► sent ──confirm──► gone
//	           ▲                │
//	           └────requeue─────┘  when the connection is lost
type spool struct {
	mostRecords, mostBytes int

	sent    []entry // written to the connection, the oldest first
	waiting []entry // younger than those of sent
	bytes   int     // of both, as entries count
	onWay   int     // of bytes, those of sent
	next    uint64  // number of the record that is added next

	lost    int   // dropped since the last notice
	dropped int64 // since the beginning
	settled int64 // records that the server has answered for
}

// entry is a record, or a notice about records that were dropped.
type entry struct {
	text   []byte // a JSON object
	number uint64 // in order of add; a notice has that of the last record before it
	lost   int    // of a notice: how many records it tells of; 0 for a record
}

// entryOverhead is what an entry costs beside its text.
const entryOverhead = 64

func (e entry) size() int { return len(e.text) + entryOverhead }

// add appends records. Beyond a bound it drops the oldest that is not sent. Sent ones stay, since
// their fate is open: each is either answered for or sent again.
func (s *spool) add(texts [][]byte) {
	for _, text := range texts {
		e := entry{text: text, number: s.next}
		s.next++
		s.waiting = append(s.waiting, e)
		s.bytes += e.size()
		for len(s.waiting) > 0 && (len(s.sent)+len(s.waiting) > s.mostRecords || s.bytes > s.mostBytes) {
			s.drop()
		}
	}
}

// drop drops the oldest waiting entry, and counts it for the next notice.
func (s *spool) drop() {
	e := s.waiting[0]
	s.waiting[0] = entry{} // the array may live on for long
	s.waiting = s.waiting[1:]
	s.bytes -= e.size()
	if e.lost > 0 {
		s.lost += e.lost
		return
	}
	s.lost++
	s.dropped++
}

// takeWaiting moves the oldest waiting records to sent, and returns their texts: at least one if
// any waits, then as many as fit into size bytes and maxArray elements. If records were dropped, a
// notice comes first.
func (s *spool) takeWaiting(size int, now time.Time) (texts [][]byte) {
	if s.lost > 0 && len(s.waiting) > 0 {
		s.waiting = append([]entry{s.notice(now)}, s.waiting...)
	}
	n := 0
	for n < len(s.waiting) && n < maxArray {
		e := s.waiting[n]
		if size -= len(e.text) + len(","); size < 0 && n > 0 {
			break
		}
		texts = append(texts, e.text)
		n++
	}
	for _, e := range s.waiting[:n] {
		s.onWay += e.size()
	}
	s.sent = append(s.sent, s.waiting[:n]...)
	clear(s.waiting[:n])
	s.waiting = s.waiting[n:]
	return texts
}

// notice makes the record that tells how many were dropped. It is not subject to the bounds, which
// it exceeds by its own size.
func (s *spool) notice(now time.Time) entry {
	r := Record{
		Message: fmt.Sprintf("%d log records were dropped: the device could not send them in time", s.lost),
		Fields:  map[string]any{"dropped": s.lost},
	}
	text, err := r.encode(now)
	if err != nil { // the device's clock is beyond the year 9999
		text, _ = r.encode(time.Unix(0, 0))
	}
	e := entry{text: text, lost: s.lost, number: max(s.waiting[0].number, 1) - 1}
	s.lost = 0
	s.bytes += e.size()
	return e
}

// confirm forgets the n oldest sent entries: the server has read them.
func (s *spool) confirm(n int) {
	for _, e := range s.sent[:n] {
		s.bytes -= e.size()
		s.onWay -= e.size()
		if e.lost == 0 {
			s.settled++
		}
	}
	clear(s.sent[:n])
	s.sent = s.sent[n:]
}

// requeue makes all sent entries wait again, before the others.
func (s *spool) requeue() {
	if len(s.sent) == 0 {
		return
	}
	s.waiting = append(s.sent, s.waiting...)
	s.sent, s.onWay = nil, 0
}

// passed reports whether every record below a number was answered for or dropped.
func (s *spool) passed(number uint64) bool {
	oldest := s.next
	if len(s.sent) > 0 {
		oldest = s.sent[0].number
	} else if len(s.waiting) > 0 {
		oldest = s.waiting[0].number
	}
	return oldest >= number
}

// crowded reports whether sent records take half of a bound. It is time then to ask the server for
// an answer.
func (s *spool) crowded() bool {
	return 2*len(s.sent) >= s.mostRecords || 2*s.onWay >= s.mostBytes
}
