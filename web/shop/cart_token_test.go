package shop

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Any node with the same secret restores a cart from its token, whatever the cart's id; what is no
// token is no cart.
func TestCartToken(t *testing.T) {
	here, there := newCounter(t), newCounter(t)
	a, _ := here.tab(newCartID(), nil)
	token := changed(t, a, "add_item", object{"item_id": 2}).Serialized
	_, restored := there.tab(newCartID(), object{"serialized": token})
	wantIDs(t, restored, 2)
	for _, bad := range []any{
		object{"serialized": token[1:]}, object{"serialized": 7}, "x", []int{},
		object{"serialized": strings.Repeat("x", 50_000)},
	} {
		_, restored := there.tab(newCartID(), bad)
		wantIDs(t, restored)
	}
}

// A cart that is as the tab has it comes with the token that the tab has; another one, with the
// same shoes or not, with another token. So the tab knows what it has to keep.
func TestTokensTellCartsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		id := newCartID()
		a, first := c.tab(id, nil)
		token := changed(t, a, "add_item", object{"item_id": 2}).Serialized
		time.Sleep(2 * time.Second) // tokens say when they were signed
		b, again := c.tab(id, object{"serialized": token})
		if again.Serialized != token {
			t.Error("the tab has the cart, and gets another token")
		}
		time.Sleep(2 * time.Second)
		c.rows.Items[1].Available = 0
		c.notice(nil, 2)
		if got := seen(t, b.Receive("cart")); got.Serialized != token || got.Items[0]["out_of_stock"] != true {
			t.Error("a shoe is sold out, and the cart has another token")
		}
		time.Sleep(2 * time.Second)
		changed(t, b, "remove_item", object{"item_id": 2})
		same := changed(t, b, "add_item", object{"item_id": 2}) // another line
		wantIDs(t, same, 2)
		if same.Serialized == token {
			t.Error("another line of the same shoe has the token of the one before")
		}
		if _, empty := c.tab(newCartID(), object{"serialized": "expired"}); empty.Serialized == "expired" ||
			first.Serialized == "" {
			t.Error("a token that is none comes back")
		}
		if _, joined := c.tab(id, object{"serialized": token}); joined.Serialized == token {
			t.Error("the cart knows more than the tab, and the tab gets its own token")
		}
	})
}
