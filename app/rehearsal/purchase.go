package rehearsal

import (
	"context"
	"errors"
	"html"
	"net/url"
	"regexp"
	"strings"
	"time"

	"sneakers23/app/sleep"
)

var (
	hiddenFields = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)
	flashError   = regexp.MustCompile(`class="flash flash--error"><p class="flash__words">([^<]*)`)
)

// sends is how often a shopper sends a form of which he is not told that he has the shoes, or why
// not.
const sends = 3

// outcome is what sending the form comes to.
type outcome struct {
	name  string // in a report
	again bool   // it is not known whether the shoes were bought, or it may go better the next time
}

var (
	bought      = outcome{name: "bought"}
	soldOut     = outcome{name: "sold out"}
	noAnswer    = outcome{name: "no answer", again: true}
	noPage      = outcome{name: "no page that tells", again: true}
	unexplained = outcome{name: "nobody knew", again: true}
)

// refusals are what the shop says when it sells nothing.
var refusals = []struct {
	says string
	outcome
}{
	{"Your cart has out-of-stock shoes", soldOut},
	{"Your cart has unreleased shoes", outcome{name: "not released"}},
	{"Your cart is empty, and the page was too old", unexplained},
	{"Your cart is empty", outcome{name: "empty cart"}},
	{"The price has changed", outcome{name: "other price"}},
	{"The shop is very busy", outcome{name: "too busy", again: true}},
	{"Your purchase could not be completed", outcome{name: "could not be completed", again: true}},
}

// buy goes to the checkout, and sends its form until it is known what became of it. It returns when
// the shopper was told of the order, the zero time if there is none. The text names what failed.
func (s *shopper) buy(ctx context.Context, token any) (told time.Time, what string, err error) {
	text, _ := token.(string)
	to, err := s.post(ctx, "/checkout/cart", url.Values{"serialized_cart": {text}})
	if err != nil {
		return told, "checkout", err
	}
	page, err := s.get(ctx, to)
	if err != nil {
		return told, "checkout", err
	}
	_, form, ok := strings.Cut(page, `action="/checkout" method="post"`)
	switch {
	case !ok:
		return told, "purchase: no form", errors.New("the checkout shows no form")
	case strings.Contains(form, "SOME ITEMS NOT AVAILABLE"):
		s.result.refused.Add(1)
		return told, "remove", s.empty(ctx)
	}
	fields := url.Values{}
	for _, m := range hiddenFields.FindAllStringSubmatch(form, -1) {
		fields.Set(m[1], html.UnescapeString(m[2]))
	}
	began, links := time.Now(), s.tab.connections()
	became, answered, err := s.send(ctx, fields)
	if became.again {
		first, why := became.name, err
		for try := 1; try < sends && became.again; try++ {
			_ = sleep.For(ctx, time.Second)
			became, answered, err = s.send(ctx, fields)
		}
		if ctx.Err() == nil && err == nil {
			s.result.fail("purchase: "+first+", at first", why)
		}
	}
	if err != nil {
		return told, "purchase: " + became.name, err
	}
	s.result.purchase.add(answered.Sub(began))
	if became == soldOut {
		s.result.refused.Add(1)
		return told, "remove", s.empty(ctx)
	}
	s.result.orders.Add(1)
	if _, err := s.get(ctx, "/checkout/complete"); err != nil {
		return answered, "page of the order", err
	}
	return answered, "push of the purchase", s.showsNothing(ctx, links)
}

// showsNothing waits until the tab shows an empty cart, having had so many connections when the
// form was sent. A tab that has connected again since then may have brought the cart of before. The
// shopper then does what the page of an order does anyway: it asks for the session, in which
// nothing is left of what was bought, and opens a tab with that.
func (s *shopper) showsNothing(ctx context.Context, links int) error {
	for {
		_, err := s.tab.shows(ctx, nil, links)
		if !errors.Is(err, errRejoin) {
			return err
		}
		_, token, err := s.session(ctx)
		if err != nil {
			return err
		}
		s.stored = token
		s.tab.close()
		if s.tab, err = s.open(ctx, s.n, "/"); err != nil {
			return err
		}
		links = s.tab.connections()
	}
}

// send sends the form once, and reads what is said of it on the page to which the answer leads. The
// error tells of an outcome that is neither bought nor soldOut.
func (s *shopper) send(ctx context.Context, form url.Values) (became outcome, answered time.Time, err error) {
	to, err := s.post(ctx, "/checkout", form)
	answered = time.Now()
	if err != nil {
		return noAnswer, answered, err
	}
	if to == "/checkout/complete" {
		return bought, answered, nil
	}
	page, err := s.get(ctx, to)
	if err != nil {
		return noPage, answered, err
	}
	became, err = read(page)
	return became, answered, err
}

// read finds out what a page says of a purchase.
func read(page string) (outcome, error) {
	said := flashError.FindStringSubmatch(page)
	if said == nil {
		return unexplained, errors.New("the page says nothing of it")
	}
	words := html.UnescapeString(said[1])
	for _, r := range refusals {
		if !strings.HasPrefix(words, r.says) {
			continue
		}
		if r.outcome == soldOut {
			return soldOut, nil
		}
		return r.outcome, errors.New(words)
	}
	return unexplained, errors.New(words)
}

// empty takes out what can't be had.
func (s *shopper) empty(ctx context.Context) error {
	items, _ := s.tab.inCart()
	for _, id := range items {
		if err := s.change(ctx, "remove_item", id); err != nil {
			return err
		}
	}
	return nil
}
