package pipeline

import "testing"

// Users for whom there is nothing to do are not kept.
func TestBufferForgetsUsers(t *testing.T) {
	var b buffer
	b.init(10, 10)
	for range 2 {
		b.add(event{user: "ann"})
	}
	for want := 1; want >= 0; want-- {
		if n := len(b.receive(t.Context(), 5)); n != 1 {
			t.Fatalf("took %d events, want 1", n)
		}
		b.done("ann")
		if n := len(b.users); n != want {
			t.Errorf("%d users are kept, want %d", n, want)
		}
	}
}
