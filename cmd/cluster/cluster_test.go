package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sneakers23/cmd/console"
)

func TestSecretsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	made, err := openSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := openSecrets(dir)
	if err != nil || !slices.Equal(kept, made) {
		t.Errorf("got %v, %v the second time", kept, err)
	}
	if len(made) != 3 || !strings.HasPrefix(made[0], "SNEAKERS23_SECRET=") || made[0][len("SNEAKERS23_SECRET="):] ==
		strings.TrimPrefix(made[1], "SNEAKERS23_CLUSTER_SECRET=") ||
		made[2] != "SNEAKERS23_ADMIN_PASSWORD="+made.password() {
		t.Errorf("got %v", made)
	}
	name := filepath.Join(dir, "secrets")
	if fi, err := os.Stat(name); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", fi.Mode(), err)
	}
	if err := os.WriteFile(name, []byte(made[0]+"\n"+made[1]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	added, err := openSecrets(dir)
	if err != nil || !slices.Equal(added[:2], made[:2]) || added[2] == made[2] {
		t.Errorf("a file of before there were passwords became %v, %v", added, err)
	}
	if kept, err := openSecrets(dir); err != nil || !slices.Equal(kept, added) {
		t.Errorf("got %v, %v the time after", kept, err)
	}
	for _, damage := range []string{
		made[0] + "\n" + "SNEAKERS23_CLUSTER_SECRET=short", made[1] + "\n" + made[0],
		strings.Join(made, "\n") + "1\nand=more",
		made[0] + "\n" + made[1] + "\nSNEAKERS23_ADMIN_PASSWORD=short",
	} {
		if err := os.WriteFile(name, []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openSecrets(dir); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%q: got %v", damage, err)
		}
	}
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	term := &terminal{console.New(&out)}
	a, b := term.lines("a"), term.lines("b")
	for _, part := range []struct {
		by   *lines
		text string
	}{{a, "one\ntw"}, {b, "three\n"}, {a, "o\n\n"}, {b, strings.Repeat("x", maxLine+1)}, {a, "rest"}} {
		if n, err := part.by.Write([]byte(part.text)); n != len(part.text) || err != nil {
			t.Errorf("wrote %d of %d, %v", n, len(part.text), err)
		}
	}
	a.flush()
	a.flush()
	b.flush()
	want := "a       | one\nb       | three\na       | two\na       | \nb       | " + strings.Repeat("x", maxLine) +
		"\na       | rest\nb       | x\n"
	if out.String() != want {
		t.Errorf("got %d bytes, want %d", out.Len(), len(want))
	}
	out.Reset()
	_, _ = a.Write([]byte("\x1b[31m\u202e\tred\n"))
	term.print("one\ntwo\x07")
	if got, want := out.String(), "a       | \\x1b[31m\\u202e    red\none\ntwo\\a\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChoosePorts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	if _, err := choosePorts(t.Context(), 3, portRange{"--first-port", port - 1}); err == nil ||
		!strings.Contains(err.Error(), "--first-port") {
		t.Errorf("with a port in use: %v", err)
	}
	chosen, err := choosePorts(t.Context(), 9, portRange{"--first-port", 0}, portRange{"--first-cluster-port", 0})
	if err != nil {
		t.Fatal(err)
	}
	ports := slices.Concat(chosen...)
	if slices.Sort(ports); len(slices.Compact(ports)) != 18 {
		t.Errorf("got %v", ports)
	}
}

func TestFlags(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		change func(*flags)
		says   string
	}{
		{func(*flags) {}, ""},
		{func(f *flags) { f.Nodes = 0 }, "--nodes"},
		{func(f *flags) { f.Nodes = 10 }, "--nodes"},
		{func(f *flags) { f.FirstPort = 65534 }, "--first-port"},
		{func(f *flags) { f.FirstClusterPort = -1 }, "--first-cluster-port"},
		{func(f *flags) { f.FirstGatewayPort = -1 }, "--first-gateway-port"},
		{func(f *flags) { f.Without = []string{"a", "d"} }, "--without: there is no node d"},
		{func(f *flags) { f.Program += "x" }, "--program"},
	} {
		f := flags{Nodes: 3, Program: program}
		tt.change(&f)
		err := f.complete()
		if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("got %v, want %q", err, tt.says)
		}
	}
}
