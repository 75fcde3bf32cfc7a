package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shopper is one simulated person, with a browser's cookies.
type shopper struct {
	*rehearsal
	base   string // where his tab is
	other  string // where his second tab is, "" if he has none
	client *http.Client
	cartID string
	stored any // token of the cart that his tabs showed last: browsers keep it, and bring it along
	tab    *socket
	second *socket
	beat   time.Time // when his sockets last said something
}

// secondTab is how many shoppers share one second tab.
const secondTab = 5

func (r *rehearsal) shopper(n int) *shopper {
	jar, _ := cookiejar.New(nil) // never fails without options
	s := &shopper{
		rehearsal: r, base: r.cfg.URLs[n%len(r.cfg.URLs)],
		client: &http.Client{Transport: &r.http, Jar: jar, Timeout: 2 * r.cfg.Patience, CheckRedirect: asIs},
	}
	if n%secondTab == 0 {
		s.other = r.cfg.URLs[(n+1)%len(r.cfg.URLs)]
	}
	return s
}

func asIs(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// live comes after a while, and shops until ctx ends. What goes wrong is counted, and tried anew.
func (s *shopper) live(ctx context.Context, comes time.Duration) {
	pause(ctx, comes)
	if ctx.Err() != nil {
		return
	}
	s.result.here.Add(1)
	defer s.result.here.Add(-1)
	for ctx.Err() == nil {
		what, err := s.visit(ctx)
		s.leave()
		if err != nil && ctx.Err() == nil {
			s.result.fail(what, err)
			pause(ctx, time.Duration(rand.Float64()*float64(2*time.Second)))
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// visit opens the tabs and does this and that, until the shopper reconnects. The text names what
// failed.
func (s *shopper) visit(ctx context.Context) (what string, err error) {
	if what, err := s.arrive(ctx); err != nil {
		return what, err
	}
	for {
		if what, err := s.think(ctx); err != nil {
			return what, err
		}
		s.result.deeds.Add(1)
		what, err := s.deed(ctx)
		if err != nil || what == reconnects {
			return what, err
		}
	}
}

// arrive asks for the session and a page, and opens the tabs.
func (s *shopper) arrive(ctx context.Context) (what string, err error) {
	text, err := s.get(ctx, "/session")
	if err != nil {
		return "session", err
	}
	var session struct {
		CartID string `json:"cart_id"`
	}
	if err := json.Unmarshal([]byte(text), &session); err != nil {
		return "session", err
	}
	s.cartID = session.CartID
	if _, err := s.get(ctx, "/"); err != nil {
		return "page", err
	}
	if s.tab, err = s.open(ctx, s.base, "/"); err != nil {
		return "connect", err
	}
	if s.other != "" {
		if s.second, err = s.open(ctx, s.other, s.shelf.pages[rand.IntN(len(s.shelf.pages))]); err != nil {
			return "connect", err
		}
	}
	s.beat = time.Now()
	return "", nil
}

// open opens a tab that follows all products and the cart.
func (s *shopper) open(ctx context.Context, base, page string) (*socket, error) {
	tab, err := dial(ctx, &s.result, base, s.client.Jar, s.cfg.Patience)
	if err != nil {
		return nil, err
	}
	for _, id := range s.shelf.products {
		err = errors.Join(err, tab.joins(ctx, "product:"+id, map[string]bool{"released": true}))
	}
	tab.cart = "cart:" + s.cartID
	if err = errors.Join(err, tab.joins(ctx, tab.cart, map[string]any{"serialized": s.stored, "page": page})); err != nil {
		tab.close()
		return nil, err
	}
	return tab, nil
}

// leave closes the tabs, and keeps what was in the cart.
func (s *shopper) leave() {
	if s.tab != nil {
		if _, token := s.tab.inCart(); token != "" {
			s.stored = token
		}
	}
	for _, tab := range []*socket{s.tab, s.second} {
		if tab != nil {
			tab.close()
		}
	}
	s.tab, s.second = nil, nil
}

// heartbeat is how often a socket says something, as phoenix.js does.
const heartbeat = 30 * time.Second

// think is the pause between two deeds, in which sockets say that they are there.
func (s *shopper) think(ctx context.Context) (what string, err error) {
	until := time.Now().Add(time.Duration(rand.ExpFloat64() * float64(s.cfg.Think)))
	for {
		due := s.beat.Add(heartbeat)
		if until.Before(due) {
			pause(ctx, time.Until(until))
			return "", ctx.Err()
		}
		pause(ctx, time.Until(due))
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		s.beat = time.Now()
		for _, tab := range []*socket{s.tab, s.second} {
			if tab == nil {
				continue
			}
			if _, err := tab.ask(ctx, "phoenix", "heartbeat", map[string]any{}); err != nil {
				return "heartbeat", err
			}
		}
	}
}

const reconnects = "reconnects"

// deed does one thing, chosen by chance. It returns reconnects when the shopper closes the tabs and
// opens them again.
func (s *shopper) deed(ctx context.Context) (what string, err error) {
	items, token := s.tab.inCart()
	dice := rand.Float64()
	switch {
	case dice < s.cfg.Buy && len(items) > 0:
		return s.buy(ctx, token)
	case dice < s.cfg.Buy+0.02:
		s.result.reconnects.Add(1)
		return reconnects, nil
	case dice < 0.45:
		_, err := s.get(ctx, s.shelf.pages[rand.IntN(len(s.shelf.pages))])
		return "page", err
	case dice < 0.60 && len(items) > 0:
		return "remove", s.change(ctx, "remove_item", items[rand.IntN(len(items))])
	default:
		return "add", s.change(ctx, "add_item", s.shelf.items[rand.IntN(len(s.shelf.items))])
	}
}

// change adds or removes, and waits until both tabs show it.
func (s *shopper) change(ctx context.Context, event string, item int64) error {
	before, _ := s.tab.inCart()
	began := time.Now()
	r, err := s.tab.ask(ctx, s.tab.cart, event, map[string]any{"item_id": item, "replace": true})
	if err != nil {
		return err
	}
	s.result.reply.add(time.Since(began))
	if r.Status != "ok" {
		return expected(r.Response)
	}
	s.tab.see(r.Response)
	after, _ := s.tab.inCart()
	if s.second == nil || slices.Equal(before, after) {
		return nil
	}
	at, err := s.second.shows(ctx, after)
	if err == nil && at.After(began) { // else it showed just that before
		s.result.push.add(at.Sub(began))
	}
	return err
}

// expected tells refusals that a shopper earns from those that he does not.
func expected(response json.RawMessage) error {
	var refusal struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(response, &refusal) // what can't be read was not earned
	if slices.Contains([]string{"duplicate_item", "not_found", "cart_full"}, refusal.Error) {
		return nil
	}
	return fmt.Errorf("refused: %s", response)
}

// longestPage bounds what is read of a page.
const longestPage = 4 << 20

// get asks for a page, reads it to its end, and measures how long that takes.
func (s *shopper) get(ctx context.Context, path string) (string, error) {
	began := time.Now()
	page, err := s.fetch(ctx, path)
	if err == nil {
		s.result.page.add(time.Since(began))
	}
	return page, err
}

// fetch asks for a page, and reads it to its end.
func (s *shopper) fetch(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+path, nil)
	if err != nil {
		return "", err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, longestPage))
	if err != nil {
		return "", err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return "", answered(path, res)
	}
	return string(body), nil
}

// post sends a form and returns where it leads.
func (s *shopper) post(ctx context.Context, path string, form url.Values) (to string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, longestPage)); err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusSeeOther {
		return "", answered(path, res)
	}
	return res.Header.Get("Location"), nil
}

// answered is an answer that is none. A cart's token stays out of it.
func answered(path string, res *http.Response) error {
	path, _, _ = strings.Cut(path, "?")
	return fmt.Errorf("%s answers %s", path, res.Status)
}

// number reads digits.
func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64) // a longer one is the id of nothing
	return n
}
