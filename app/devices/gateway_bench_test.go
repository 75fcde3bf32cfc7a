package devices_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
	"sneakers23/web/gateway"
)

// gatewayStore is what a node gives its gateway.
type gatewayStore struct {
	*devices.Store
	writer *devices.Writer
}

func (s gatewayStore) Log(ctx context.Context, id devices.ID, records []devices.Record) error {
	return s.writer.Write(ctx, id, records)
}

// BenchmarkGateway lets fifty devices log as fast as they can over TCP, beside a bare COPY of as
// many such rows by one connection into a partition with the same indexes, in turns. It fails if a
// record is missing. The metric ratio is the rows a second that came through the gateway by those
// of the bare COPY. The devices take their share of the same processors.
func BenchmarkGateway(b *testing.B) {
	const connections, records = 50, 25 // of each line
	lines := 40                         // of each connection
	if testing.Short() {
		lines = 2
	}
	n := connections * lines * records
	store, pool := newStore(b)
	var day atomic.Int64
	now := func() time.Time { return firstDay.AddDate(0, 0, int(day.Load())).Add(time.Hour) }
	w := startWriter(b, pool, spoolFile(b), now)
	server, err := gateway.New(gateway.Config{Store: gatewayStore{store, w.Writer}})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1) // buffer 1: it ends even without a receiver
	go func() { served <- server.Serve(listener) }()
	b.Cleanup(func() {
		if err := server.Drain(waittest.Context(b, "the gateway stops")); err != nil {
			b.Error(err)
		}
		waittest.Receive(b, "the gateway serves no more", served)
	})

	array := []byte("[")
	batch := make([]devices.Record, records)
	for i := range batch {
		batch[i] = devices.Record{
			Message:   fmt.Sprintf("sale of item %d at the counter, card read in %d ms", i, 100+i),
			Timestamp: []byte("1700000000"),
			Fields:    fmt.Appendf(nil, `{"level":"info","code":%d}`, 200+i),
		}
		array = fmt.Appendf(array, `{"message":%q,"timestamp":1700000000,"level":"info","code":%d},`,
			batch[i].Message, 200+i)
	}
	array[len(array)-1] = ']'
	kiosks := make([]*rawDevice, connections)
	for i := range kiosks {
		_, key := add(b, store, fmt.Sprint("kiosk ", i+1))
		kiosks[i] = dialDevice(b, listener.Addr().String(), key, array)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var bare, written time.Duration
	for b.Loop() {
		day.Add(2)
		began := time.Now()
		bareCopy(b, pool, batch, n, now().AddDate(0, 0, 1))
		bare += time.Since(began)
		began = time.Now()
		before := w.Stats().Written
		var wg sync.WaitGroup
		for _, k := range kiosks {
			wg.Go(func() {
				if err := k.log(lines); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		for w.Stats().Written < before+int64(n) {
			<-tick.C // what was accepted is not written before
		}
		written += time.Since(began)
	}
	if got := rowsOf(b, pool, "true"); got != 2*n*b.N {
		b.Errorf("%d rows, want %d", got, 2*n*b.N)
	}
	b.ReportMetric(float64(n)*float64(b.N)/written.Seconds(), "records/s")
	b.ReportMetric(float64(n)*float64(b.N)/bare.Seconds(), "bare-records/s")
	b.ReportMetric(bare.Seconds()/written.Seconds(), "ratio")
}

// rawDevice is a connection of a device that is verified.
type rawDevice struct {
	net.Conn
	answers *bufio.Reader
	key     devices.Key
	line    []byte
}

func dialDevice(b *testing.B, address string, key devices.Key, array []byte) *rawDevice {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	d := &rawDevice{Conn: conn, answers: bufio.NewReader(conn), key: key}
	d.line = []byte("l:" + string(key) + ":" + base64.StdEncoding.EncodeToString(array) + "\n")
	if err := d.log(0); err != nil {
		b.Fatal(err)
	}
	return d
}

// log sends lines and waits until all of them were accepted, which the answer OK to v: proves.
func (d *rawDevice) log(lines int) error {
	for range lines {
		if _, err := d.Write(d.line); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(d, "v:%s\n", string(d.key)); err != nil {
		return err
	}
	answer, err := d.answers.ReadString('\n')
	if err == nil && answer != "OK\n" {
		err = fmt.Errorf("answered %q", answer)
	}
	return err
}
