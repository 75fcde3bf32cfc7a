// Package devicetest is a small gateway in memory, for tests of programs that use package device:
// it speaks the line protocol over TCP, takes any line that is well-formed, and remembers what it
// was sent.
//
// All methods of a [Gateway] may be called from any goroutine. [Gateway.Close] ends its goroutines
// and waits for them.
package devicetest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"sync"
)

// Gateway is a server for devices.
type Gateway struct {
	listener net.Listener
	serving  sync.WaitGroup // the accepting goroutine, and one for each connection

	mu       sync.Mutex
	keys     []string
	conns    map[net.Conn]string // with the key that is verified, or none
	accepted int
	records  []Record
	values   map[string]Variable // last reported, by name
	wanted   []Variable
}

// Record is a log record as it was sent.
type Record struct {
	Message   string
	Timestamp json.RawMessage
	Dropped   int // of a notice about dropped records
}

// Variable is a variable as it was sent.
type Variable struct {
	Name  string          `json:"name"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// Start starts a gateway that knows these keys.
func Start(keys ...string) (*Gateway, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return Serve(l, keys...), nil
}

// Serve starts a gateway on a listener, which may be one of package tls. Close closes it.
func Serve(l net.Listener, keys ...string) *Gateway {
	g := &Gateway{listener: l, keys: keys, conns: make(map[net.Conn]string), values: make(map[string]Variable)}
	g.serving.Go(g.accept)
	return g
}

// Address is where devices connect.
func (g *Gateway) Address() string { return g.listener.Addr().String() }

// Close ends all connections and the listener.
func (g *Gateway) Close() error {
	err := g.listener.Close()
	g.Cut()
	g.serving.Wait()
	return err
}

// Cut ends all connections; devices may come back.
func (g *Gateway) Cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		_ = conn.Close()
	}
}

// Revoke forgets a key, and ends its connections.
func (g *Gateway) Revoke(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keys = slices.DeleteFunc(g.keys, func(k string) bool { return k == key })
	for conn, verified := range g.conns {
		if verified == key {
			_ = conn.Close()
		}
	}
}

// Want changes a variable as an admin does: its value, which is JSON, is sent to all devices, and
// again with each verification, until one reports it.
func (g *Gateway) Want(name, typ, value string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wanted = slices.DeleteFunc(g.wanted, func(v Variable) bool { return v.Name == name })
	g.wanted = append(g.wanted, Variable{name, typ, json.RawMessage(value)})
	for conn, key := range g.conns {
		if key != "" {
			g.sendWanted(conn, key)
		}
	}
}

// Accepted is how many connections there have been.
func (g *Gateway) Accepted() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accepted
}

// Verified is how many connections are verified now.
func (g *Gateway) Verified() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range g.conns {
		if key != "" {
			n++
		}
	}
	return n
}

// Records are all that were logged, in the order of their arrival.
func (g *Gateway) Records() []Record {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.records)
}

// Value is the value, as JSON, that was reported last for a name; empty if none was.
func (g *Gateway) Value(name string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return string(g.values[name].Value)
}

func (g *Gateway) accept() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		g.conns[conn] = ""
		g.accepted++
		g.mu.Unlock()
		g.serving.Go(func() { g.serve(conn) })
	}
}

// serve reads lines until the connection ends. Lines may be long: each is read as a whole.
func (g *Gateway) serve(conn net.Conn) {
	defer func() {
		g.mu.Lock()
		delete(g.conns, conn)
		g.mu.Unlock()
		_ = conn.Close()
	}()
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		g.handle(conn, strings.TrimRight(line, "\r\n"))
	}
}

// handle answers one line. It writes while it holds mu, so answers of one connection do not mix.
func (g *Gateway) handle(conn net.Conn, line string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	kind, rest, _ := strings.Cut(line, ":")
	key, encoded, _ := strings.Cut(rest, ":")
	array, err := base64.StdEncoding.DecodeString(encoded)
	switch {
	case !slices.Contains(g.keys, key):
		answer(conn, "ERROR key is unknown")
	case kind == "v":
		g.conns[conn] = key
		answer(conn, "OK")
		g.sendWanted(conn, key)
	case g.conns[conn] != key || err != nil || !g.store(kind, array):
		answer(conn, "ERROR bad line")
	}
}

func (g *Gateway) store(kind string, array []byte) (ok bool) {
	switch kind {
	case "l":
		var records []Record
		ok = json.Unmarshal(array, &records) == nil
		g.records = append(g.records, records...)
	case "i":
		var variables []Variable
		ok = json.Unmarshal(array, &variables) == nil
		for _, v := range variables {
			g.values[v.Name] = v
			g.wanted = slices.DeleteFunc(g.wanted, func(w Variable) bool {
				return w.Name == v.Name && string(w.Value) == string(v.Value)
			})
		}
	}
	return ok
}

func (g *Gateway) sendWanted(conn net.Conn, key string) {
	if len(g.wanted) == 0 {
		return
	}
	array, err := json.Marshal(g.wanted)
	if err != nil {
		panic(err) // Want was given a value that is no JSON
	}
	answer(conn, "v:"+key+":"+base64.StdEncoding.EncodeToString(array))
}

// answer writes a line. A connection that has ended is noticed by its reader.
func answer(conn net.Conn, line string) { _, _ = conn.Write([]byte(line + "\n")) }
