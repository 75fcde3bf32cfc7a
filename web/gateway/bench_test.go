package gateway

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// BenchmarkLog measures lines of devices that log as fast as they can, with a store that forgets
// them. Writers and readers share the processors with the server.
func BenchmarkLog(b *testing.B) {
	for _, devices := range []int{1, 50} {
		for _, burst := range []int{1, 100} { // lines before the device waits for all to be handled
			b.Run(fmt.Sprintf("devices=%d/burst=%d", devices, burst), func(b *testing.B) {
				s := start(b, Config{Store: forgetful{newShelf()}})
				var all []*client
				for i := range devices {
					key := s.cfg.Store.(forgetful).add(i)
					all = append(all, s.connect().verify(key))
				}
				lines := strings.Repeat(all[0].log("a message of usual length, about a thing that happened")+"\n",
					burst)
				b.ReportAllocs()
				for b.Loop() {
					var each sync.WaitGroup
					for _, c := range all {
						each.Go(func() {
							c.write(strings.ReplaceAll(lines, string(all[0].key), string(c.key)) + "v:" +
								string(c.key) + "\n")
							c.want("OK")
						})
					}
					each.Wait()
				}
				b.ReportMetric(float64(b.N*devices*burst)/b.Elapsed().Seconds(), "lines/s")
			})
		}
	}
}
