package stats

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// StatsD sends metrics in the form of StatsD, with tags as DogStatsD has them. Metrics are sent and
// forgotten: no caller waits for them, and none is worth an error. Its methods may be called from
// any goroutine if the writer's may.
type StatsD struct{ w io.Writer }

// NewStatsD returns one that writes each packet to w in one call.
func NewStatsD(w io.Writer) *StatsD { return &StatsD{w} }

// Dial returns one that sends to a UDP address. Close ends it.
func Dial(address string) (*StatsD, error) {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return nil, fmt.Errorf("dial statsd: %w", err)
	}
	return NewStatsD(conn), nil
}

// Close closes the writer, if it can be closed.
func (s *StatsD) Close() error {
	if c, ok := s.w.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Count adds n to a counter. A tag is name:value.
func (s *StatsD) Count(name string, n int64, tags ...string) {
	s.send(name, fmt.Sprint(n), "c", tags)
}

// Timing notes how long something took, in milliseconds.
func (s *StatsD) Timing(name string, d time.Duration, tags ...string) {
	s.send(name, fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond)), "ms", tags)
}

// special keeps what has a meaning in a packet out of tags.
var special = strings.NewReplacer("|", "_", "#", "_", ",", "_", "\n", "_")

func (s *StatsD) send(name, value, kind string, tags []string) {
	packet := name + ":" + value + "|" + kind
	if len(tags) > 0 {
		clean := make([]string, len(tags))
		for i, tag := range tags {
			clean[i] = special.Replace(tag)
		}
		packet += "|#" + strings.Join(clean, ",")
	}
	io.WriteString(s.w, packet)
}
