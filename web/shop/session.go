package shop

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"sneakers23/checkout"
)

// The cart has a cookie of its own, and so has the order. Requests of one browser overlap and each
// answers with what it was sent: so the cart that the script mirrors never brings back a flash that
// was shown, and who takes a flash away does not lose an order that was just made. Each fits into
// the 4096 bytes that browsers take.
const (
	sessionName = "sneakers23"
	cartName    = "sneakers23_cart"
	orderName   = "sneakers23_order"
	sessionAge  = 30 * 24 * time.Hour
)

// Sessions reads and writes the visitors' session cookies. They are signed, not secret: all that is
// in one belongs to the visitor who holds it.
type Sessions struct {
	store    *sessions.CookieStore
	receipts []securecookie.Codec
	scheme   func(*http.Request) string
}

// NewSessions derives its keys from the secrets: the first signs, all verify. scheme says how a
// visitor asked, "http" or "https": what is given to him by the latter goes back by nothing else.
func NewSessions(secrets []string, scheme func(*http.Request) string) (*Sessions, error) {
	if len(secrets) == 0 || scheme == nil {
		return nil, errors.New("shop: sessions need a secret, and a scheme")
	}
	var (
		pairs    [][]byte
		receipts []securecookie.Codec
	)
	for _, secret := range secrets {
		if secret == "" {
			return nil, errors.New("shop: a secret for sessions is empty")
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, "sneakers23 session", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("shop: session key: %w", err)
		}
		pairs = append(pairs, key, nil)
		codec, err := newReceiptCodec(secret)
		if err != nil {
			return nil, err
		}
		receipts = append(receipts, codec)
	}
	store := sessions.NewCookieStore(pairs...)
	store.Options = &sessions.Options{Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	store.MaxAge(int(sessionAge / time.Second))
	for _, codec := range store.Codecs {
		codec.(*securecookie.SecureCookie).SetSerializer(wordsSerializer{})
	}
	return &Sessions{store, receipts, scheme}, nil
}

// carried tells whether the request carries a session, without reading it.
func (s *Sessions) carried(r *http.Request) bool {
	for _, line := range r.Header["Cookie"] {
		if strings.Contains(line, sessionName) {
			return true
		}
	}
	return false
}

// load reads the request's session. A cookie that is not ours, or too old, is as good as none.
func (s *Sessions) load(r *http.Request) session { return session{s.read(r, sessionName)} }

func (s *Sessions) read(r *http.Request, name string) *sessions.Session {
	held, err := s.store.New(r, name)
	if err != nil {
		clear(held.Values)
	}
	held.Options.Secure = s.scheme(r) == "https"
	return held
}

// cartToken is the cart that the session keeps, "" if there is none.
func (s *Sessions) cartToken(r *http.Request) string {
	token, _ := s.read(r, cartName).Values["serialized_cart"].(string)
	return token
}

// saveCart keeps a cart in the session.
func (s *Sessions) saveCart(w http.ResponseWriter, r *http.Request, token string) error {
	held := s.read(r, cartName)
	held.Values["serialized_cart"] = token
	if err := s.store.Save(r, w, held); err != nil {
		return fmt.Errorf("shop: save cart: %w", err)
	}
	return nil
}

// orderID is the order that the visitor made last, "" if there is none.
func (s *Sessions) orderID(r *http.Request) checkout.OrderID {
	id, _ := s.read(r, orderName).Values["order_id"].(string)
	return checkout.OrderID(id)
}

// orderNumber is the number of that order, "" if there is none.
func (s *Sessions) orderNumber(r *http.Request) checkout.OrderNumber {
	if id := s.orderID(r); id != "" {
		return id.Number()
	}
	return ""
}

// saveOrder notes the order that the visitor has made.
func (s *Sessions) saveOrder(w http.ResponseWriter, r *http.Request, id checkout.OrderID) error {
	held := s.read(r, orderName)
	held.Values["order_id"] = string(id)
	if err := s.store.Save(r, w, held); err != nil {
		return fmt.Errorf("shop: save order: %w", err)
	}
	return nil
}

// save adds the cookie to the response's headers.
func (s *Sessions) save(w http.ResponseWriter, r *http.Request, sess session) error {
	if err := s.store.Save(r, w, sess.held); err != nil {
		return fmt.Errorf("shop: save session: %w", err)
	}
	return nil
}

// session is what a visitor's browser keeps for us from page to page. Values of other versions of
// this program stay there.
type session struct {
	held *sessions.Session
}

func (s session) word(key string) string {
	value, _ := s.held.Values[key].(string)
	return value
}

func (s session) cartID() string { return s.word("cart_id") }

// setCartID gives the session a cart id, and keeps the one that it had: a form that was made before
// is still the shopper's own.
func (s session) setCartID(id string) {
	if before := s.cartID(); before != "" {
		s.held.Values["cart_id_before"] = before
	}
	s.held.Values["cart_id"] = id
}

func (s session) cartIDBefore() string { return s.word("cart_id_before") }

// needCartID returns the session's cart id. A session without one is given the id that the request
// brought, if it is well formed, else a new one; the caller saves the session.
func (s session) needCartID(brought string) string {
	if s.cartID() == "" {
		if !cartIDs.MatchString(brought) {
			brought = newCartID()
		}
		s.setCartID(brought)
	}
	return s.cartID()
}

// flash is nil when there is none. Its message may be true no longer: see [Flash.over].
func (s session) flash() *Flash {
	message := s.word("flash")
	if message == "" {
		return nil
	}
	pairs, _ := strconv.Atoi(s.word("flash_pairs"))
	return &Flash{
		Kind: s.word("flash_kind"), Message: message, Action: s.word("flash_action"),
		ItemID: parseItemID(s.word("flash_item")),
		claim: claim{
			in: parseItemID(s.word("flash_in")), out: parseItemID(s.word("flash_out")), pairs: pairs,
			orElse: s.word("flash_else"),
		},
	}
}

func (s session) setFlash(f *Flash) {
	if f == nil {
		f = new(Flash)
	}
	for key, word := range map[string]string{
		"flash": f.Message, "flash_kind": f.Kind, "flash_action": f.Action, "flash_item": numberWord(int64(f.ItemID)),
		"flash_in": numberWord(int64(f.claim.in)), "flash_out": numberWord(int64(f.claim.out)),
		"flash_pairs": numberWord(int64(f.claim.pairs)), "flash_else": f.claim.orElse,
	} {
		if word == "" {
			delete(s.held.Values, key)
		} else {
			s.held.Values[key] = word
		}
	}
}

// numberWord writes a number, 0 as nothing.
func numberWord(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// newCartID makes an unguessable name for a cart: 64 characters of the base64 alphabet.
func newCartID() string {
	var raw [48]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
	return base64.StdEncoding.EncodeToString(raw[:])
}

// wordsSerializer writes a session's values as a JSON object of strings: shorter than gob, and much
// faster to read.
type wordsSerializer struct{}

func (wordsSerializer) Serialize(src any) ([]byte, error) {
	values, ok := src.(map[any]any)
	if !ok {
		return nil, fmt.Errorf("shop: session values are %T", src)
	}
	words := make(map[string]string, len(values))
	for key, value := range values {
		k, ok := key.(string)
		v, isWord := value.(string)
		if !ok || !isWord {
			return nil, fmt.Errorf("shop: session value %v is %T, not a string", key, value)
		}
		words[k] = v
	}
	return json.Marshal(words)
}

func (wordsSerializer) Deserialize(src []byte, dst any) error {
	values, ok := dst.(*map[any]any)
	if !ok {
		return fmt.Errorf("shop: session values are %T", dst)
	}
	var words map[string]string
	if err := json.Unmarshal(src, &words); err != nil {
		return err
	}
	for k, v := range words {
		(*values)[k] = v
	}
	return nil
}
