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

// Tokens writes carts as signed text, and reads them. A token is the whole cart: whoever has the secret restores it. It
// is signed, not secret, and belongs to the shopper: it is never logged. Its methods may be called from any goroutine.
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

// Sign makes a token of the cart that is good for [TokenAge] from now.
func (t *Tokens) Sign(c Cart) string {
	token, err := t.codecs[0].Encode(tokenName, c.encode())
	if err != nil {
		return "" // carts are bounded, and keys are there: it does not happen, and "" is an empty cart
	}
	return token
}

// Open restores the cart of a token. What is no token, is too old, or was signed with another secret, is an empty cart.
func (t *Tokens) Open(token string) Cart {
	if token == "" || len(token) > mostToken {
		return Cart{}
	}
	var raw []byte
	if securecookie.DecodeMulti(tokenName, token, &raw, t.codecs...) != nil {
		return Cart{}
	}
	c, err := decode(raw)
	if err != nil {
		return Cart{}
	}
	return c
}
