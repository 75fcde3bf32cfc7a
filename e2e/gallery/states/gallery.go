package states

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"sneakers23/assets"
	"sneakers23/templates"
)

// prefix begins the addresses of all states.
const prefix = "/gallery/"

// Gallery is the handler that shows all states. It may be used from any goroutine.
type Gallery struct {
	groups []Group
	rooms  map[string]*room // by host, without .localhost
	parts  parts
	closed sync.Once
}

// Group is some states that belong together.
type Group struct {
	Name   string // as in the addresses: checkout
	Title  string
	States []State
}

// State is one page as a visitor meets it.
type State struct {
	Group, Name string
	Title       string
	Script      string // words that the page's script writes some seconds later; "" for most
	// what of the page it is about: the id of an element, or what the page's script shows; "" for
	// all
	Fragment string
}

// Path is the address of the state on its host.
func (s State) Path() string { return prefix + s.Group + "/" + s.Name }

// URL is the whole address without the fragment, for a gallery that listens on a port.
func (s State) URL(port string) string {
	return "http://" + net.JoinHostPort(s.host()+localhost, port) + s.Path()
}

// Link is where the index leads to.
func (s State) Link() string {
	if s.Fragment == "" {
		return s.Path()
	}
	return s.Path() + "#" + s.Fragment
}

const localhost = ".localhost"

func (s State) host() string { return s.Group + "-" + s.Name }

// room is where one state is shown.
type room struct {
	State
	scene

	mu    sync.Mutex
	stage *stage // nil until the first visit
}

// New makes a gallery. Log gets what the shops log; nil discards it. The error is
// [assets.ErrNotBuilt] where make assets was not run.
func New(log *slog.Logger) (*Gallery, error) {
	built, err := assets.Open()
	if err != nil {
		return nil, err
	}
	set, err := templates.Parse(built.URL)
	if err != nil {
		return nil, err
	}
	log = cmp.Or(log, slog.New(slog.DiscardHandler))
	g := &Gallery{parts: parts{log, built, set}, rooms: make(map[string]*room)}
	for _, all := range everything() {
		group := Group{Name: all.name, Title: all.title}
		for _, sc := range all.scenes {
			s := State{
				Group: all.name, Name: sc.name, Title: sc.title, Script: sc.script,
				Fragment: cmp.Or(sc.fragment, all.fragment),
			}
			if _, twice := g.rooms[s.host()]; twice {
				return nil, fmt.Errorf("gallery: two states are named %s", s.Path())
			}
			g.rooms[s.host()] = &room{State: s, scene: sc}
			group.States = append(group.States, s)
		}
		g.groups = append(g.groups, group)
	}
	return g, nil
}

// Groups are all states, in the order of the index.
func (g *Gallery) Groups() []Group { return g.groups }

// Close ends all shops, and waits until they have ended. The gallery must not be asked any more.
func (g *Gallery) Close() error {
	var err error
	g.closed.Do(func() {
		for _, r := range g.rooms {
			r.mu.Lock()
			err = errors.Join(err, r.end())
			r.mu.Unlock()
		}
	})
	return err
}

// ServeHTTP answers the index, and what is asked of the shop of a state's host.
func (g *Gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if here, ok := g.rooms[roomOf(r.Host)]; ok {
		if r.URL.Path == here.Path() && r.Method == http.MethodGet {
			here.show(w, r, g.parts)
			return
		}
		here.serve(w, r)
		return
	}
	if group, name, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, prefix), "/"); ok {
		if there, ok := g.rooms[group+"-"+name]; ok && there.Path() == r.URL.Path {
			_, port, err := net.SplitHostPort(r.Host)
			if err != nil {
				port = "80"
			}
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, there.URL(port), http.StatusFound)
			return
		}
	}
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	g.index(w)
}

// roomOf is the name of a state's host, "" for another host.
func roomOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name, ok := strings.CutSuffix(strings.ToLower(host), localhost)
	if !ok {
		return ""
	}
	return name
}

// show builds the shop, makes the visit, and copies its last answer.
func (r *room) show(w http.ResponseWriter, req *http.Request, parts parts) {
	answer, cookies, err := r.visit(req.Host, parts)
	if err != nil {
		http.Error(w, fmt.Sprintf("The gallery can't show %s: %v", r.Path(), err), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	for name, values := range answer.header {
		h[name] = values
	}
	for _, name := range []string{"Set-Cookie", "Www-Authenticate", "Content-Length", "Etag"} {
		h.Del(name) // of the visit, but not of this answer
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Clear-Site-Data", `"storage"`) // of the visit before
	r.setCookies(w, req, cookies)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // the client may be gone
}

// setCookies gives the browser what the visit has kept, and takes from it what others have.
func (r *room) setCookies(w http.ResponseWriter, req *http.Request, cookies []*http.Cookie) {
	kept := make(map[string]bool)
	for _, c := range cookies {
		kept[c.Name] = true
		http.SetCookie(w, &http.Cookie{
			Name: c.Name, Value: c.Value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	for _, c := range req.Cookies() {
		if !kept[c.Name] {
			http.SetCookie(w, &http.Cookie{Name: c.Name, Path: "/", MaxAge: -1})
		}
	}
}

func (r *room) visit(host string, parts parts) (answer, []*http.Cookie, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.end(); err != nil {
		return answer{}, nil, err
	}
	stage, err := parts.open(r.settings)
	if err != nil {
		return answer{}, nil, err
	}
	r.stage = stage
	v := newVisitor(stage, host)
	r.scene.visit(v)
	return v.result()
}

// end ends the shop. It is called with mu held.
func (r *room) end() error {
	if r.stage == nil {
		return nil
	}
	stage := r.stage
	r.stage = nil
	return stage.close()
}

// serve lets the shop of the state answer what its page asks for.
func (r *room) serve(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	stage := r.stage
	r.mu.Unlock()
	if stage == nil {
		http.Redirect(w, req, r.Path(), http.StatusFound)
		return
	}
	if stage.forgetful {
		req.Header.Del("Cookie")
	}
	stage.handler.ServeHTTP(w, req)
}

//go:embed index.html
var indexSource string

var indexTemplate = template.Must(template.New("index").Parse(indexSource))

func (g *Gallery) index(w http.ResponseWriter) {
	var page bytes.Buffer
	if err := indexTemplate.Execute(&page, g.groups); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.Copy(w, &page) // the client may be gone
}
