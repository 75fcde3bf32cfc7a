package web

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// atOnce sends forms of a browser without a script at the same moment, each with the cookies from
// before the others, and returns the cookies of the answers.
func (c *customer) atOnce(forms []form) []map[string]*http.Cookie {
	c.t.Helper()
	answers := make([]map[string]*http.Cookie, len(forms))
	before := c.cookies()
	var sent sync.WaitGroup
	for i, f := range forms {
		sent.Go(func() {
			answers[i] = c.send(f, before)
		})
	}
	sent.Wait()
	return answers
}

type form struct{ to, item string }

func (c *customer) send(f form, cookies []*http.Cookie) map[string]*http.Cookie {
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.url+f.to,
		strings.NewReader(url.Values{"item_id": {f.item}}.Encode()))
	if err != nil {
		c.t.Error(err)
		return nil
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.t.Error(err)
		return nil
	}
	res.Body.Close()
	answer := map[string]*http.Cookie{}
	for _, cookie := range res.Cookies() {
		answer[cookie.Name] = cookie
	}
	return answer
}

func (c *customer) cookies() []*http.Cookie {
	u, err := url.Parse(c.url)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.Jar.Cookies(u)
}

// keeps gives the browser one answer's session and one answer's cart, and no cookie else.
func (c *customer) keeps(session, cart *http.Cookie) {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	u, err := url.Parse(c.url)
	if err != nil {
		c.t.Fatal(err)
	}
	jar.SetCookies(u, []*http.Cookie{session, cart})
	c.Jar = jar
}

var (
	saidWords = regexp.MustCompile(`<p class="flash__words">(.*?)</p>`)
	cartItem  = regexp.MustCompile(`<li class="cart-item[^"]*" data-item-id="(\d+)"`)
)

// shown returns what a page says, and the items in its cart.
func shown(t *testing.T, page string) (said string, items []string) {
	t.Helper()
	if found := saidWords.FindStringSubmatch(page); found != nil {
		said = found[1]
	}
	for _, found := range cartItem.FindAllStringSubmatch(strings.Split(page, "<template")[0], -1) {
		items = append(items, found[1])
	}
	return said, items
}

// TestFormsAtOnce puts ten sizes into a cart at once, without a script. A browser keeps one of the
// ten carts, and may have the message of another answer with it. Whatever it keeps, the page says
// of its cart what is so.
func TestFormsAtOnce(t *testing.T) {
	t.Parallel()
	c, _ := newCustomer(t)
	c.ask("GET", "/session", nil)
	sizes := map[string]string{
		"1": "Hop Man 3, size 9", "2": "Hop Man 3, size 9.5", "3": "Hop Man 3, size 10",
	}
	var adds []form
	for i := range 10 {
		adds = append(adds, form{"/cart/add", []string{"1", "2", "3"}[i%3]})
	}
	answers := c.atOnce(adds)
	for i, message := range answers {
		for j, cart := range answers {
			c.keeps(message["sneakers23"], cart["sneakers23_cart"])
			said, items := sayOf(t, c)
			if len(items) != 1 || items[0] != adds[j].item {
				t.Fatalf("the cart of form %d holds %v, want item %s", j, items, adds[j].item)
			}
			want := sizes[adds[i].item] + " is in your cart."
			if adds[i].item != adds[j].item {
				want = sizes[adds[i].item] + " did not get into your cart. Put it in again."
			}
			if !strings.HasPrefix(said, want) {
				t.Errorf("item %s is in the cart, and the page says %q, want %q", items[0], said, want)
			}
			if said, _ := sayOf(t, c); said != "" {
				t.Errorf("the page says %q again", said)
			}
		}
	}
}

func sayOf(t *testing.T, c *customer) (said string, items []string) {
	t.Helper()
	_, page := c.ask("GET", "/", nil)
	return shown(t, page)
}

// TestFormsAtOnceFollowed has one jar take the answers in any order, as a browser does, while each
// form's page is asked for. The messages on the pages are counted, and compared with their carts.
func TestFormsAtOnceFollowed(t *testing.T) {
	t.Parallel()
	c, _ := newCustomer(t)
	c.ask("GET", "/session", nil)
	pages := make([]string, 10)
	var sent sync.WaitGroup
	for i := range pages {
		sent.Go(func() {
			_, pages[i] = c.ask("POST", "/cart/add", url.Values{"item_id": {[]string{"1", "2", "3"}[i%3]}})
		})
	}
	sent.Wait()
	said := 0
	for _, page := range pages {
		words, items := shown(t, page)
		if strings.Contains(words, "is in your cart") {
			said++
			if size := map[string]string{"1": "9 ", "2": "9.5 ", "3": "10 "}[strings.Join(items, "")]; size == "" ||
				!strings.Contains(words, "size "+size) {
				t.Errorf("item %v is in the cart, and the page says %q", items, words)
			}
		}
	}
	_, items := sayOf(t, c)
	t.Logf("%d of 10 pages say that a size is in the cart, which holds %v in the end", said, items)
	if len(items) != 1 {
		t.Errorf("the cart holds %v, want the item of one form", items)
	}
}

// TestOtherMessagesOfTheCart holds what is said of a removal, a swap and a second click against
// another answer's cart.
func TestOtherMessagesOfTheCart(t *testing.T) {
	t.Parallel()
	c, _ := newCustomer(t)
	c.ask("POST", "/cart/add", url.Values{"item_id": {"2"}}) // past the page that finds out about cookies
	answers := c.atOnce([]form{
		{"/cart/remove", "2"}, {"/cart/add", "2"}, {"/cart/add", "3"}, {"/cart/add?replace=true", "3"},
	})
	removed, again, offered, swapped := answers[0], answers[1], answers[2], answers[3]
	for name, tt := range map[string]struct {
		message, cart map[string]*http.Cookie
		want          string
	}{
		"removed":                  {removed, removed, "Hop Man 3, size 9.5 was removed."},
		"removed, and still there": {removed, again, "Hop Man 3, size 9.5 is still in your cart."},
		"there already":            {again, again, "Hop Man 3, size 9.5 is in your cart already."},
		"there already, and not":   {again, removed, "Hop Man 3, size 9.5 did not get into your cart."},
		"offered a swap": {
			offered, offered, "You have Hop Man 3 in size 9.5. You can have one size of each shoe.",
		},
		"offered a swap for nothing":  {offered, removed, "Hop Man 3, size 10 did not get into your cart."},
		"swapped":                     {swapped, swapped, "Hop Man 3, size 10 is in your cart."},
		"swapped, and it did not get": {swapped, again, "Hop Man 3, size 10 did not get into your cart."},
	} {
		c.keeps(tt.message["sneakers23"], tt.cart["sneakers23_cart"])
		if said, items := sayOf(t, c); !strings.HasPrefix(said, tt.want) {
			t.Errorf("%s: the cart holds %v, and the page says %q, want %q", name, items, said, tt.want)
		}
		c.keeps(tt.message["sneakers23"], tt.cart["sneakers23_cart"])
		if _, answer := c.ask("GET", "/session", nil); !strings.Contains(answer, `"message":"`+tt.want) {
			t.Errorf("%s: the session says %s, want %q", name, answer, tt.want)
		}
	}
}
