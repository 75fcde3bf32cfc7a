package admin

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/checkout"
)

const password = "of whom the shop is"

func newTokens(t testing.TB, password string, secrets ...string) *Tokens {
	t.Helper()
	tokens, err := NewTokens(secrets, password)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func sign(t testing.TB, tokens *Tokens) string {
	t.Helper()
	token, err := tokens.Sign()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestTokenTellsWhenItWasSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, began := newTokens(t, password, "secret"), time.Now()
		token := sign(t, tokens)
		if len(token) > mostToken {
			t.Errorf("a token has %d bytes", len(token))
		}
		time.Sleep(TokenAge)
		if signed, ok := tokens.open(token); !ok || !signed.Equal(began) {
			t.Errorf("at its end: signed %v, %v, want %v", signed, ok, began)
		}
		time.Sleep(time.Second)
		if _, ok := tokens.open(token); ok {
			t.Error("a token outlives its end")
		}
	})
}

func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	old := sign(t, newTokens(t, password, "old"))
	if _, ok := newTokens(t, password, "new", "old").open(old); !ok {
		t.Error("the old secret is still listed, and its token refused")
	}
	if _, ok := newTokens(t, password, "new").open(sign(t, newTokens(t, password, "new", "old"))); !ok {
		t.Error("the first secret does not sign")
	}
	for _, bad := range [][]string{nil, {""}, {"a", ""}} {
		if _, err := NewTokens(bad, password); err == nil {
			t.Errorf("NewTokens(%q) has no complaint", bad)
		}
	}
	if _, err := NewTokens([]string{"secret"}, ""); err == nil {
		t.Error("NewTokens without a password has no complaint")
	}
}

func TestWhatIsNoToken(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, password, "secret")
	good := sign(t, tokens)
	other := "A"
	if good[10] == 'A' {
		other = "B"
	}
	carts, err := checkout.NewTokens([]string{"secret"})
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"nothing":          "",
		"nonsense":         "nonsense",
		"another secret":   sign(t, newTokens(t, password, "another")),
		"another password": sign(t, newTokens(t, "another password", "secret")),
		"a cart":           carts.Sign(checkout.Cart{}, ""),
		"an altered one":   good[:10] + other + good[11:],
		"one with a tail":  good + "A",
		"too long a text":  strings.Repeat("A", 1<<20),
		"one that was cut": good[:len(good)-4],
	} {
		if _, ok := tokens.open(token); ok {
			t.Errorf("%s is taken for a token", name)
		}
	}
}
