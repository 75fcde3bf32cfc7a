package checkout

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/inventory"
)

func tokens(t testing.TB, secrets ...string) *Tokens {
	t.Helper()
	tok, err := NewTokens(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestTokenRestoresTheCart(t *testing.T) {
	t.Parallel()
	c := removed(t, added(t, Cart{}, 11, 21, 31), 21)
	if got, own := tokens(t, "secret").Open(tokens(t, "secret").Sign(c, "mine"), "mine"); !own || !got.Equal(c) {
		t.Errorf("got %+v, want %+v", got, c)
	}
	tok := tokens(t, "secret")
	if got, own := tok.Open(tok.Sign(Cart{}, "mine"), "mine"); !own || !got.Equal(Cart{}) {
		t.Errorf("an empty cart became %+v", got)
	}
}

// TestCartOfAnEarlierVersion reads a line in which a node of an earlier version wrote a revision.
func TestCartOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	c := added(t, Cart{}, 11)
	b := c.encode(ShopperID{})
	b[len(b)-1] = 99
	if got, _, err := decode(b); err != nil || !got.Equal(c) {
		t.Errorf("got %+v, %v, want %+v", got, err, c)
	}
}

func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	c := added(t, Cart{}, 11)
	old := tokens(t, "old").Sign(c, "")
	if got := tokens(t, "new", "old").OpenForm(old); !got.Equal(c) {
		t.Errorf("with the old secret still listed: %v", items(got))
	}
	if got := tokens(t, "new").OpenForm(old); !got.Equal(Cart{}) {
		t.Errorf("with the old secret gone: %v", items(got))
	}
	if got := tokens(t, "new").OpenForm(tokens(t, "new", "old").Sign(c, "")); !got.Equal(c) {
		t.Error("the first secret does not sign")
	}
	for _, bad := range [][]string{nil, {""}, {"a", ""}} {
		if _, err := NewTokens(bad); err == nil {
			t.Errorf("NewTokens(%q) has no complaint", bad)
		}
	}
}

func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tok, c := tokens(t, "secret"), added(t, Cart{}, 11)
		token := tok.Sign(c, "")
		time.Sleep(TokenAge - time.Second)
		if !tok.OpenForm(token).Equal(c) {
			t.Error("expired too early")
		}
		time.Sleep(3 * time.Second)
		if !tok.OpenForm(token).Equal(Cart{}) {
			t.Error("did not expire")
		}
	})
}

func TestBadTokensAreEmptyCarts(t *testing.T) {
	t.Parallel()
	tok := tokens(t, "secret")
	good := tok.Sign(added(t, Cart{}, 11, 21), "")
	raw := added(t, Cart{}, 11, 21).encode(ShopperID{})
	signed := func(b []byte) string {
		token, err := tok.codecs[0].Encode(tokenName, b)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	if tok.OpenForm(signed(raw)).Len() != 2 {
		t.Fatal("this test signs wrongly")
	}
	choices := func(n int, item inventory.ItemID) (c Cart) {
		for i := range n {
			c.choices = append(c.choices, choice{product: inventory.ProductID(i + 1), item: item, stamp: 1})
		}
		return c
	}
	for name, bad := range map[string]string{
		"a line too many":    signed(choices(MostLines+1, 11).encode(ShopperID{})),
		"a removal too many": signed(choices(mostRemovals+1, 0).encode(ShopperID{})),
		"nothing":            "", "words": "a cart", "truncated": good[:len(good)-1], "longer": good + "A",
		"oversized": strings.Repeat("A", 1<<20),
		"forged":    "B" + good[1:], "bytes": "\x00\xff",
		"signed elsewhere": tokens(t, "other").Sign(added(t, Cart{}, 11), ""),
		"signed nothing":   signed(nil), "unknown version": signed(append([]byte{9}, raw[1:]...)),
		"signed half": signed(raw[:len(raw)/2]), "signed and more": signed(append(raw, 0)),
		"the last stamp there is": signed(Cart{
			choices: []choice{{product: 1, item: 11, stamp: math.MaxUint64}},
		}.encode(ShopperID{})),
		"the highest floor": signed(Cart{floor: math.MaxUint64}.encode(ShopperID{})),
		"a product twice": signed(Cart{
			choices: []choice{{product: 1, item: 11, stamp: 1}, {product: 1, item: 12, stamp: 1}},
		}.encode(ShopperID{})),
		"product 0":        signed(Cart{choices: []choice{{product: 0, item: 11, stamp: 1}}}.encode(ShopperID{})),
		"too many choices": signed(Cart{choices: make([]choice, 100)}.encode(ShopperID{})),
	} {
		if got := tok.OpenForm(bad); !got.Equal(Cart{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The largest cart there can be, with the longest numbers there can be, fits where it must.
func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	fill := func(lines, removals int, id int64) (c Cart) {
		for i := range int64(lines + removals) {
			ch := choice{product: inventory.ProductID(id + i), stamp: mostStamp, actor: math.MaxUint32}
			if i < int64(lines) {
				ch.item, ch.line = inventory.ItemID(id), NewLineID()
			}
			c.choices = append(c.choices, ch)
		}
		return c
	}
	tok := tokens(t, "secret")
	for _, tt := range []struct {
		what                  string
		lines, removals, most int
		id                    int64
	}{
		{"ten lines in a store of a million items", 10, mostRemovals, 1400, 1e6},
		{"everything at its bounds", MostLines, mostRemovals, 3500, math.MaxInt64 - 1000},
	} {
		c := fill(tt.lines, tt.removals, tt.id)
		token := tok.Sign(c, "")
		t.Logf("%s: %d bytes, %d signed", tt.what, len(c.encode(ShopperID{})), len(token))
		if len(token) > tt.most || !tok.OpenForm(token).Equal(c) {
			t.Errorf("%s: %d bytes, want at most %d", tt.what, len(token), tt.most)
		}
	}
}

func FuzzOpen(f *testing.F) {
	tok := tokens(f, "secret")
	f.Add(tok.Sign(Cart{}, ""))
	f.Add(tok.Sign(added(f, Cart{}, 11, 21), ""))
	f.Add("MTIzfGZvb3xiYXI=")
	f.Fuzz(func(_ *testing.T, token string) { tok.OpenForm(token) })
}

// Bytes signed by any version decode to a usable cart, or to none.
func FuzzDecode(f *testing.F) {
	full := added(f, Cart{}, 11, 21, 31)
	f.Add(full.encode(ShopperID{}))
	f.Add(removed(f, full, 21).encode(ShopperID{}))
	f.Add([]byte{wireVersion, 0, 1, 1, 0, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, by, err := decode(b)
		if err != nil {
			return
		}
		if back, _, err := decode(c.encode(by)); err != nil || !back.Equal(c) {
			t.Fatalf("%+v became %+v: %v", c, back, err)
		}
		if !c.Merge(full).Equal(full.Merge(c)) || !c.Merge(c).Equal(c) {
			t.Fatalf("%+v does not merge", c)
		}
		later, err := c.Replace(line(12), NewActor(), MostLines)
		if err == nil && !later.Merge(c).Equal(later) {
			t.Fatalf("a later choice is lost in %+v", c)
		}
	})
}
