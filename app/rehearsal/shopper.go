package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"time"

	"sneakers23/app/sleep"
)

// shopper is one simulated person, with a browser's cookies.
type shopper struct {
	*rehearsal
	origin  *url.URL // the address that the browser knows
	route   *route   // where its requests go
	second  bool     // whether there is a second tab
	n       int
	dice    *rand.Rand // the same in every rehearsal
	patient bool       // one of those who wait for a release
	awaits  string     // id of the product that the shopper waits for, "" if none
	settled bool       // the first visit has begun, or failed
	client  *http.Client
	cartID  string
	stored  any // token of the cart that the tabs showed last: browsers keep it, and bring it along
	tab     *tab
	other   *tab
	beat    time.Time // when the sockets last said something
}

// secondTab is how many shoppers share one second tab.
const secondTab = 5

func (r *rehearsal) shopper(n int) *shopper {
	jar, _ := cookiejar.New(nil) // never fails without options
	to := &route{urls: r.urls, at: n % len(r.urls)}
	return &shopper{
		rehearsal: r, origin: to.url(), route: to, second: n%secondTab == 0, n: n,
		dice: rand.New(rand.NewPCG(seed, uint64(n))), patient: waits(n, r.cfg.Wait),
		client: &http.Client{
			Transport: byRoute{to, &r.http}, Jar: jar, Timeout: 2 * r.cfg.Patience, CheckRedirect: asIs,
		},
	}
}

// seed makes every rehearsal with so many shoppers one of the same crowd.
const seed = 23

func asIs(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// live begins after a while, and shops until ctx ends. Failed visits are counted and retried.
func (s *shopper) live(ctx context.Context, comes time.Duration) {
	_ = sleep.For(ctx, comes)
	if ctx.Err() != nil {
		return
	}
	s.result.here.Add(1)
	defer s.result.here.Add(-1)
	for ctx.Err() == nil {
		what, err := s.visit(ctx)
		s.settle()
		s.leave()
		if err != nil && ctx.Err() == nil {
			s.result.fail(what, err)
			_ = sleep.For(ctx, time.Duration(s.dice.Float64()*float64(2*time.Second)))
		}
	}
}

// settle counts the shopper among those who have looked around, or could not.
func (s *shopper) settle() {
	if !s.settled {
		s.settled = true
		s.result.settled.Add(1)
	}
}

// visit opens the tabs and does this and that, until the shopper reconnects. The text names what
// failed.
func (s *shopper) visit(ctx context.Context) (what string, err error) {
	if what, err := s.arrive(ctx); err != nil {
		return what, err
	}
	for {
		s.decide()
		s.settle()
		if s.awaits != "" {
			if what, err := s.wait(ctx); err != nil {
				return what, err
			}
			continue
		}
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
	if s.cartID, _, err = s.session(ctx); err != nil {
		return "session", err
	}
	if _, err := s.get(ctx, "/"); err != nil {
		return "page", err
	}
	if s.tab, err = s.open(ctx, s.n, "/"); err != nil {
		return "connect", err
	}
	if s.second {
		if s.other, err = s.open(ctx, s.n+1, s.anyPage()); err != nil {
			return "connect", err
		}
	}
	s.beat = time.Now()
	return "", nil
}

// session asks what only the shop's session knows: the name of the cart, and its token, nil if
// there is none.
func (s *shopper) session(ctx context.Context) (id string, token any, err error) {
	text, err := s.get(ctx, "/session")
	if err != nil {
		return "", nil, err
	}
	var session struct {
		CartID     string `json:"cart_id"`
		Serialized string `json:"serialized_cart"`
	}
	if err := json.Unmarshal([]byte(text), &session); err != nil {
		return "", nil, err
	}
	if session.Serialized != "" {
		token = session.Serialized
	}
	return session.CartID, token, nil
}

func (s *shopper) anyPage() string { return s.shelf.pages[s.dice.IntN(len(s.shelf.pages))] }

// open opens a tab that follows all products and the cart, first at the address of that number.
func (s *shopper) open(ctx context.Context, at int, page string) (*tab, error) {
	return openTab(ctx, tabConfig{
		of: &s.result, route: route{urls: s.urls, at: at % len(s.urls)}, ids: s.shelf.products,
		cart: "cart:" + s.cartID, page: page,
		cookies: func() []*http.Cookie { return s.client.Jar.Cookies(s.origin) }, patience: s.cfg.Patience,
	}, s.stored)
}

// leave closes the tabs, and keeps what was in the cart.
func (s *shopper) leave() {
	if s.tab != nil {
		_, s.stored = s.tab.inCart()
	}
	for _, t := range []*tab{s.tab, s.other} {
		if t != nil {
			t.close()
		}
	}
	s.tab, s.other = nil, nil
}

// heartbeat is how often a socket says something, as phoenix.js does.
const heartbeat = 30 * time.Second

// think is the pause between two deeds.
func (s *shopper) think(ctx context.Context) (what string, err error) {
	return s.rest(ctx, time.Now().Add(time.Duration(s.dice.ExpFloat64()*float64(s.cfg.Think))), nil)
}

// rest waits for a time or for news, in which sockets say that they are there.
func (s *shopper) rest(ctx context.Context, until time.Time, news <-chan struct{}) (what string, err error) {
	for {
		due := s.beat.Add(heartbeat)
		last := until.Before(due)
		if last {
			due = until
		}
		t := time.NewTimer(time.Until(due))
		select {
		case <-t.C:
		case <-news:
			last = true
		case <-ctx.Done():
		}
		t.Stop()
		if last || ctx.Err() != nil {
			return "", ctx.Err()
		}
		s.beat = time.Now()
		for _, t := range []*tab{s.tab, s.other} {
			if t == nil {
				continue
			}
			if _, err := t.ask(ctx, "phoenix", "heartbeat", map[string]any{}); err != nil {
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
	dice, forSale := s.dice.Float64(), s.tab.forSale("")
	switch {
	case dice < s.cfg.Buy && len(items) > 0:
		_, what, err := s.buy(ctx, token)
		return what, err
	case dice < s.cfg.Buy+0.02:
		s.result.reconnects.Add(1)
		return reconnects, nil
	case dice >= 0.45 && dice < 0.60 && len(items) > 0:
		return "remove", s.change(ctx, "remove_item", items[s.dice.IntN(len(items))])
	case dice >= 0.45 && len(forSale) > 0:
		return "add", s.change(ctx, "add_item", forSale[s.dice.IntN(len(forSale))])
	default:
		_, err := s.get(ctx, s.anyPage())
		return "page", err
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
	if s.other == nil || slices.Equal(before, after) {
		return nil
	}
	at, err := s.other.shows(ctx, after, 0)
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

// number reads digits.
func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64) // a longer one is the id of nothing
	return n
}
