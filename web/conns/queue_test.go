package conns

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// The queue behaves like a plain buffer of frames, whatever is queued, written in pieces and
// dropped: what leaves is in order, in whole frames, and the count of bytes is right.
func TestQueueAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o Outbox
		var model [][]byte // the frames that wait, the first without what has left
		begun := false     // a part of the first has left
		buf := make([]byte, 0, 64)
		next := byte(0)
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				next++
				frame := bytes.Repeat([]byte{next}, rapid.IntRange(1, 100).Draw(t, "size"))
				o.append(frame)
				model = append(model, frame)
			},
			"write": func(t *rapid.T) {
				batch := o.nextWrite(buf)
				if !bytes.HasPrefix(bytes.Join(model, nil), batch) || len(batch) == 0 && len(model) > 0 {
					t.Fatalf("took %d, want the beginning of %d", batch, model)
				}
				if rapid.Bool().Draw(t, "drop meanwhile") {
					o.drop()
					model = model[:framesIn(model, len(batch))]
				}
				n := rapid.IntRange(0, len(batch)).Draw(t, "written")
				o.wrote(n)
				for ; n > 0; begun = true {
					if n < len(model[0]) {
						model[0] = model[0][n:]
						begun = true
						break
					}
					n -= len(model[0])
					model = model[1:]
					begun = false
					if n == 0 {
						break
					}
				}
			},
			"drop": func(*rapid.T) {
				o.drop()
				if begun {
					model = model[:1]
				} else {
					model = nil
				}
			},
			"": func(t *rapid.T) {
				waiting := 0
				for i, frame := range model {
					if i > 0 {
						waiting += Weight(frame)
					}
				}
				if o.empty() != (len(model) == 0) || o.waiting != waiting {
					t.Fatalf("empty %v, %d bytes wait; want %v, %d", o.empty(), o.waiting, len(model) == 0, waiting)
				}
			},
		})
	})
}

// framesIn says how many frames it takes to fill n bytes.
func framesIn(frames [][]byte, n int) (count int) {
	for n > 0 {
		n -= len(frames[count])
		count++
	}
	return count
}

func TestQueueForgetsWhatWasSent(t *testing.T) {
	var o Outbox
	for range 1000 {
		o.append(make([]byte, 10))
	}
	for !o.empty() {
		o.wrote(len(o.nextWrite(make([]byte, 0, 500))))
	}
	if cap(o.frames) > len(o.own) {
		t.Errorf("an empty queue keeps room for %d frames", cap(o.frames))
	}
	o.append(make([]byte, 10))
	for range 1000 { // never empty
		o.append(make([]byte, 10))
		o.wrote(10)
	}
	if cap(o.frames) > 64 {
		t.Errorf("a queue of one frame has grown to %d", cap(o.frames))
	}
}

// Rows of every length are left in order, and without a frame in them.
func TestQueueOfManyLengths(t *testing.T) {
	for _, n := range []int{1, 2, 16, 17, 64, 65, 256, 257, 2000} {
		var o Outbox
		var want, got []byte
		buf := make([]byte, 0, 100)
		write := func() {
			batch := o.nextWrite(buf)
			got = append(got, batch...)
			o.wrote(len(batch))
		}
		for i := range n {
			frame := []byte{byte(i), byte(i >> 8), byte(n)}
			o.append(frame)
			want = append(want, frame...)
			if i%50 == 49 { // some leave meanwhile
				write()
			}
		}
		longest := o.frames[:cap(o.frames)]
		for !o.empty() {
			write()
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d frames: got % x, want % x", n, got, want)
		}
		for i, frame := range longest {
			if frame != nil {
				t.Fatalf("%d frames: place %d is not free", n, i)
			}
		}
	}
}

// A peer that lets tiny frames wait, pongs for instance, cannot make them cost many times what the
// limit allows.
func TestTinyFramesWeigh(t *testing.T) {
	o := Outbox{limit: 64 << 10}
	tiny := func() []byte { return make([]byte, 2, 8) }
	n := 0
	for o.append(tiny()); !o.over(tiny()); n++ {
		o.append(tiny())
	}
	const cost = 16 + 24 // an object and a place
	if n*cost > o.limit {
		t.Errorf("%d tiny frames wait", n)
	}
}

// A frame counts with the memory that it keeps.
func TestRoomInFramesWeighs(t *testing.T) {
	o := Outbox{limit: 2000}
	frame := make([]byte, 10, 1000)
	o.append(frame) // is being written
	o.append(frame)
	if !o.over(frame) {
		t.Error("two frames that keep 1000 bytes each fit into 2000, places and all")
	}
}
