package states

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"sneakers23/inventory"
)

// visitor sends requests to a shop as a browser without a script does: with cookies, and to where
// it is redirected. After a request that fails it does nothing any more, and keeps the error.
type visitor struct {
	*stage
	base   *url.URL
	client *http.Client
	answer answer
	err    error
}

// answer is what the shop said last.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func newVisitor(sh *stage, host string) *visitor {
	v := &visitor{stage: sh, base: &url.URL{Scheme: "http", Host: host}}
	v.client = &http.Client{Transport: inProcess{sh.handler}}
	if !sh.forgetful {
		v.client.Jar, v.err = cookiejar.New(nil)
	}
	return v
}

// inProcess hands requests to a handler without a network.
type inProcess struct{ http.Handler }

// RoundTrip answers one request.
func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	res.Request = r
	return res, nil
}

// get opens a page.
func (v *visitor) get(path string) { v.send(http.MethodGet, path, "", nil) }

// post sends a form of names and values, one after the other.
func (v *visitor) post(path string, form ...string) {
	values := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	v.send(http.MethodPost, path, values.Encode(), nil)
}

// send sends a request with these headers besides those of a form.
func (v *visitor) send(method, path, body string, headers map[string]string) {
	if v.err != nil {
		return
	}
	r, err := http.NewRequest(method, v.base.String()+path, strings.NewReader(body))
	if err != nil {
		v.err = err
		return
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.err = err
		return
	}
	defer res.Body.Close()
	v.answer = answer{status: res.StatusCode, header: res.Header}
	v.answer.body, v.err = io.ReadAll(res.Body)
}

// sendAsAdmin sends a request with the password, and with these headers.
func (v *visitor) sendAsAdmin(method, path, body string, headers map[string]string) {
	r := http.Request{Header: make(http.Header)}
	r.SetBasicAuth("admin", password)
	headers["Authorization"] = r.Header.Get("Authorization")
	v.send(method, path, body, headers)
}

// add puts items into the cart, one after the other.
func (v *visitor) add(items ...inventory.ItemID) {
	for _, id := range items {
		v.post("/cart/add", "item_id", fmt.Sprint(id))
	}
}

// addFirst puts items into the cart that are of so many of the products that fill one.
func (v *visitor) addFirst(n int) {
	for i := range n {
		v.add(size(first+inventory.ProductID(i), 6))
	}
}

// buys sends the form of the checkout that is shown.
func (v *visitor) buys() {
	form := []string{"serialized_cart", v.field("serialized_cart"), "total_cents", v.field("total_cents")}
	if v.forgetful {
		form = append(form, "cart_id", v.field("cart_id"))
	}
	v.post("/checkout", form...)
}

// carriesCart opens the checkout as a script does where no cookie keeps the cart.
func (v *visitor) carriesCart(items ...inventory.ItemID) {
	v.post("/checkout/cart", "serialized_cart", v.tokenOf(items...), "cart_id", strings.Repeat("A", 64))
}

// tokenOf is the cart of another visitor with these items.
func (v *visitor) tokenOf(items ...inventory.ItemID) string {
	if v.err != nil {
		return ""
	}
	other := newVisitor(v.stage, v.base.Host)
	if other.client.Jar, other.err = cookiejar.New(nil); other.err == nil {
		other.add(items...)
	}
	token := other.field("serialized_cart")
	v.err = other.err
	return token
}

// field is the value of a hidden input of the page that is shown.
func (v *visitor) field(name string) string {
	if v.err != nil {
		return ""
	}
	m := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindSubmatch(v.answer.body)
	if m == nil {
		v.err = fmt.Errorf("the page has no field %s", name)
		return ""
	}
	return html.UnescapeString(string(m[1]))
}

// result is the last answer, and what the browser keeps.
func (v *visitor) result() (answer, []*http.Cookie, error) {
	switch {
	case v.err != nil:
		return answer{}, nil, v.err
	case v.answer.status == 0:
		return answer{}, nil, errors.New("nothing was asked for")
	case v.client.Jar == nil:
		return v.answer, nil, nil
	}
	return v.answer, v.client.Jar.Cookies(v.base), nil
}

// sentByOthers sends the form that is shown from another browser.
func (v *visitor) sentByOthers() { v.sentFrom(nil) }

// sentTwice sends the form that is shown from a browser with the same cookies, as when its answer
// is lost.
func (v *visitor) sentTwice() {
	if v.err == nil {
		v.sentFrom(v.client.Jar.Cookies(v.base))
	}
}

func (v *visitor) sentFrom(cookies []*http.Cookie) {
	token, total := v.field("serialized_cart"), v.field("total_cents")
	jar, err := cookiejar.New(nil)
	if v.err = errors.Join(v.err, err); v.err != nil {
		return
	}
	jar.SetCookies(v.base, cookies)
	other := newVisitor(v.stage, v.base.Host)
	other.client.Jar = jar
	other.post("/checkout", "serialized_cart", token, "total_cents", total)
	v.err = other.err
}
