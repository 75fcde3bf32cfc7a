package presence

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// startAlone runs a tracker of one shard whose messages reach no other replica.
func startAlone(b *testing.B, present int) (*Tracker, *Owner) {
	b.Helper()
	tr, err := New(Options{Name: "a", Link: Link{Send: func([]byte) error { return nil }}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = tr.Serve(ctx)
	}()
	b.Cleanup(func() {
		cancel()
		<-served
	})
	o := tr.NewOwner(b.Context())
	for i := range present {
		if _, err := o.Track("carts", fmt.Sprint("key", i), cart(i)); err != nil {
			b.Fatal(err)
		}
	}
	return tr, o
}

// cart is a meta as those of shoppers are.
func cart(i int) any {
	return struct {
		Page     string `json:"page"`
		LoadedAt int64  `json:"page_loaded_at"`
		Items    []int  `json:"items"`
	}{"/products/SHU6000", 1772366400000 + int64(i), []int{1 + i%13, 14 + i%13}}
}

// BenchmarkTrack tracks and untracks, one operation each, by callers side by side.
func BenchmarkTrack(b *testing.B) {
	for _, present := range []int{0, 50_000} {
		b.Run(fmt.Sprintf("presences=%d", present), func(b *testing.B) {
			tr, _ := startAlone(b, present)
			b.ReportAllocs()
			callers := 4 * runtime.GOMAXPROCS(0)
			var wg sync.WaitGroup
			b.ResetTimer()
			for c := range callers {
				wg.Go(func() {
					o := tr.NewOwner(b.Context())
					for i := c; i < b.N; i += 2 * callers {
						key := strconv.Itoa(i)
						if _, err := o.Track("carts", key, cart(i)); err != nil {
							b.Error(err)
						}
						if err := o.Untrack("carts", key); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

// BenchmarkList lists after nothing has changed, and after something has.
func BenchmarkList(b *testing.B) {
	tr, o := startAlone(b, 50_000)
	b.Run("unchanged", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if list, err := tr.List("carts"); err != nil || len(list) != 50_000 {
				b.Fatal(len(list), err)
			}
		}
	})
	b.Run("changed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := o.Update("carts", "key0", cart(0)); err != nil {
				b.Fatal(err)
			}
			if list, err := tr.List("carts"); err != nil || len(list) != 50_000 {
				b.Fatal(len(list), err)
			}
		}
	})
}

// BenchmarkMerge takes all that another replica tracks.
func BenchmarkMerge(b *testing.B) {
	a := NewState(Replica{"a", 1}, []int{100})
	for i := range 50_000 {
		meta, err := object(cart(i))
		if err != nil {
			b.Fatal(err)
		}
		a.Join("carts", fmt.Sprint("key", i), meta, nil)
	}
	answer, err := encode(a.Since(0))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(answer)), "bytes")
	for b.Loop() {
		other := NewState(Replica{"b", 1}, nil)
		var d Delta
		if err := decode(answer, &d); err != nil {
			b.Fatal(err)
		}
		other.Heard(Replica{"a", 1})
		if _, ok := other.Merge(Replica{"a", 1}, d); !ok {
			b.Fatal("not merged")
		}
	}
}
