package checkout

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/securecookie"
)

const (
	// TokenAge is how long a token is good.
	TokenAge = 7 * 24 * time.Hour

	tokenName = "cart"
	mostToken = 4096 // bytes; carts are bounded, and stay well under it
)

// Tokens writes carts as signed text, and reads them. A token is the whole cart, and names the
// shopper whose it is: any node with the same secret restores it. It is signed, not encrypted, and
// is never logged. Its methods may be called from any goroutine.
type Tokens struct{ codecs []securecookie.Codec }

// NewTokens derives its keys from the secrets: the first signs, all verify.
func NewTokens(secrets []string) (*Tokens, error) {
	if len(secrets) == 0 {
		return nil, errors.New("checkout: tokens need a secret")
	}
	t := new(Tokens)
	for _, secret := range secrets {
		if secret == "" {
			return nil, errors.New("checkout: a secret for tokens is empty")
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, "sneakers23 cart", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("checkout: token key: %w", err)
		}
		codec := securecookie.New(key, nil).MaxAge(int(TokenAge / time.Second)).MaxLength(mostToken)
		t.codecs = append(t.codecs, codec.SetSerializer(securecookie.NopEncoder{}))
	}
	return t, nil
}

// Sign makes a token of the cart with that id, good for [TokenAge] from now.
func (t *Tokens) Sign(c Cart, cartID string) string {
	token, err := t.codecs[0].Encode(tokenName, c.encode(ShopperOf(cartID)))
	if err != nil {
		return "" // carts are bounded, and keys are there: it does not happen, and "" is an empty cart
	}
	return token
}

// Open restores the cart of a token for the shopper whose cart has that id, and had the former
// ones. A token of another shopper gives the same shoes in lines of this shopper's own, see
// [Cart.adoptedBy], and own is false. A text that is no token, is too old, or was signed with
// another secret, gives an empty cart.
func (t *Tokens) Open(token, cartID string, former ...string) (c Cart, own bool) {
	c, by, ok := t.open(token)
	if !ok {
		return Cart{}, false
	}
	for _, id := range append(former, cartID) {
		if by == ShopperOf(id) {
			return c, true
		}
	}
	return c.adoptedBy(cartID), false
}

// OpenForm restores the cart of a token with the lines that were signed, for any shopper. A form
// buys exactly the lines that it shows, so it buys them once, whichever shopper sends it.
func (t *Tokens) OpenForm(token string) Cart {
	c, _, _ := t.open(token)
	return c
}

func (t *Tokens) open(token string) (c Cart, by ShopperID, ok bool) {
	if token == "" || len(token) > mostToken {
		return Cart{}, ShopperID{}, false
	}
	var raw []byte
	if securecookie.DecodeMulti(tokenName, token, &raw, t.codecs...) != nil {
		return Cart{}, ShopperID{}, false
	}
	c, by, err := decode(raw)
	return c, by, err == nil
}
