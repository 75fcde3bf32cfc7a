package app_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sneakers23/app"
	"sneakers23/app/operator"
	"sneakers23/app/waittest"
	"sneakers23/inventory/picture"
	"sneakers23/inventory/picture/picturetest"
)

// TestUploadsOfACrowd has 200 clients upload a photo at once, each in more than one part: some are
// stored, the others are told that too many come, and the node serves pages and commands after it.
func TestUploadsOfACrowd(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	const crowd = 200
	// what is behind the end of a photo makes it another one, and long
	photo := append(picturetest.JPEG(picturetest.Quarters(120, 120)), make([]byte, 600<<10)...)
	type answer struct {
		photo []byte
		id    string
		err   error
	}
	answers := make(chan answer, crowd) // buffer: no client waits for another
	var ready sync.WaitGroup
	ready.Add(crowd)
	for i := range crowd {
		go func() {
			a := answer{photo: binary.BigEndian.AppendUint32(bytes.Clone(photo), uint32(i))}
			client, err := operator.Dial(cfg.DataDir)
			ready.Done()
			if err == nil {
				defer client.Close()
				ready.Wait()
				a.id, err = client.AddPicture(t.Context(), a.photo)
			}
			a.err = err
			answers <- a
		}()
	}
	stored := 0
	for range crowd {
		switch a := waittest.Receive(t, "an answer", answers); {
		case a.err == nil && a.id == picture.IDOf(a.photo):
			stored++
		case a.err == nil || !strings.Contains(a.err.Error(), "too many photos are uploaded at the same time"):
			t.Errorf("a client was told %q, %v", a.id, a.err)
		}
	}
	t.Logf("%d of %d photos are stored", stored, crowd)
	if stored == 0 || stored == crowd {
		t.Errorf("%d of %d photos are stored, want some", stored, crowd)
	}
	res, err := http.Get(n.URL() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	client, err := operator.Dial(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	id, err := client.AddPicture(t.Context(), photo)
	if err != nil || id != picture.IDOf(photo) || res.StatusCode != http.StatusOK {
		t.Errorf("after the crowd: %q, %v, and ready with status %d", id, err, res.StatusCode)
	}
}
