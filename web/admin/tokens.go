package admin

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gorilla/securecookie"
)

const (
	// TokenAge is how long a token is good.
	TokenAge = 24 * time.Hour

	tokenName = "admin"
	mostToken = 256 // bytes; ours are about 120
)

// Tokens signs who may open the admins' socket. A token is a bearer secret: it is never logged.
type Tokens struct{ codecs []securecookie.Codec }

// NewTokens derives its keys from the secrets, of which the first signs and all verify, and from
// the password: with another password no token of before is good.
func NewTokens(secrets []string, password string) (*Tokens, error) {
	codecs, err := codecs(secrets, password, "sneakers23 admin", TokenAge)
	return &Tokens{codecs}, err
}

// codecs sign with the first secret and verify with all, for the password and the purpose only.
func codecs(secrets []string, password, purpose string, age time.Duration) (all []securecookie.Codec, err error) {
	if len(secrets) == 0 || password == "" {
		return nil, errors.New("admin: a signature needs a secret and a password")
	}
	for _, secret := range secrets {
		if secret == "" {
			return nil, errors.New("admin: a secret is empty")
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), []byte(password), purpose, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("admin: key: %w", err)
		}
		codec := securecookie.New(key, nil).MaxAge(int(age / time.Second)).MaxLength(mostToken)
		all = append(all, codec.SetSerializer(securecookie.NopEncoder{}))
	}
	return all, nil
}

// Sign makes a token that is good for [TokenAge] from now.
func (t *Tokens) Sign() (string, error) {
	token, err := t.codecs[0].Encode(tokenName, strconv.AppendInt(nil, time.Now().Unix(), 10))
	if err != nil {
		return "", fmt.Errorf("admin: sign a token: %w", err)
	}
	return token, nil
}

// open tells when a token was signed. It is not ok if it is no token of ours, too old, or signed
// with another secret or for another password.
func (t *Tokens) open(token string) (signed time.Time, ok bool) {
	if token == "" || len(token) > mostToken {
		return time.Time{}, false
	}
	var raw []byte
	if securecookie.DecodeMulti(tokenName, token, &raw, t.codecs...) != nil {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(string(raw), 10, 64)
	return time.Unix(seconds, 0), err == nil
}
