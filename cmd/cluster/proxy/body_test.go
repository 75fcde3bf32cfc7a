package proxy

import (
	"io"
	"testing"
)

// TestReaderThatIsReplaced reads for two nodes at once: the transport of the first still waits for
// the client when the request goes to the second.
func TestReaderThatIsReplaced(t *testing.T) {
	source, pen := io.Pipe()
	body := keep(source, 100)
	first := body.reader()
	began := make(chan bool)
	got := make(chan string, 1) // buffer 1: the first reader ends even without a receiver
	go func() {
		p := make([]byte, 10)
		close(began)
		n, _ := first.Read(p)
		got <- string(p[:n])
	}()
	<-began
	if _, err := pen.Write([]byte("begin ")); err != nil { // returns when it was read
		t.Fatal(err)
	}
	if text := <-got; text != "begin " {
		t.Fatalf("got %q", text)
	}
	if !body.again() {
		t.Fatal("the body is not kept")
	}
	second := body.reader()
	go func() {
		_, _ = pen.Write([]byte("and end"))
		_ = pen.Close()
	}()
	if all, err := io.ReadAll(second); err != nil || string(all) != "begin and end" {
		t.Errorf("got %q, %v", all, err)
	}
	if n, err := first.Read(make([]byte, 10)); n > 0 || err != errReplaced {
		t.Errorf("the first reader got %d bytes, %v", n, err)
	}
	if all, err := io.ReadAll(body.reader()); err != nil || string(all) != "begin and end" {
		t.Errorf("a third got %q, %v", all, err)
	}
}

func TestBodyThatExceedsWhatIsKept(t *testing.T) {
	source, pen := io.Pipe()
	body := keep(source, 5)
	go func() {
		_, _ = pen.Write([]byte("12345"))
		_, _ = pen.Write([]byte("6"))
		_ = pen.Close()
	}()
	first := body.reader()
	p := make([]byte, 10)
	if n, err := first.Read(p); n != 5 || err != nil || !body.again() {
		t.Errorf("got %d bytes, %v, to be sent again: %v", n, err, body.again())
	}
	if all, err := io.ReadAll(first); err != nil || string(all) != "6" || body.again() {
		t.Errorf("got %q, %v, to be sent again: %v", all, err, body.again())
	}
	if _, err := body.reader().Read(p); err != errSpilled {
		t.Errorf("got %v, want errSpilled", err)
	}
}
