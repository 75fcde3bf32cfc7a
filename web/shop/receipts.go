package shop

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/gorilla/securecookie"

	"sneakers23/checkout"
)

// receiptAge is how long the address with a receipt shows its order.
const receiptAge = 10 * time.Minute

// receiptName goes into the signature of a receipt.
const receiptName = "receipt"

// receipt stands in the address of the page that shows an order to a browser without cookies, whose
// next request carries nothing else. It is encrypted: an address is kept in histories and logs of
// proxies, and must not open the order after its time.
type receipt struct {
	Order  checkout.OrderID `json:"order"`
	Bought string           `json:"bought,omitempty"` // a token that takes the bought lines out of the tab's cart
	Words  string           `json:"words,omitempty"`  // what a flash would say
}

// newReceiptCodec makes the codec of a secret. It refuses receipts that are older than receiptAge.
func newReceiptCodec(secret string) (securecookie.Codec, error) {
	const aes256 = 32
	keys, err := hkdf.Key(sha256.New, []byte(secret), nil, "sneakers23 receipt", sha256.Size+aes256)
	if err != nil {
		return nil, fmt.Errorf("shop: receipt key: %w", err)
	}
	codec := securecookie.New(keys[:sha256.Size], keys[sha256.Size:]).MaxAge(int(receiptAge / time.Second))
	return codec.SetSerializer(securecookie.JSONEncoder{}), nil
}

// signReceipt returns the text of a receipt for an address.
func (s *Sessions) signReceipt(r receipt) (string, error) {
	text, err := securecookie.EncodeMulti(receiptName, r, s.receipts...)
	if err != nil {
		return "", fmt.Errorf("shop: sign receipt: %w", err)
	}
	return text, nil
}

// openReceipt reads a receipt. It reports whether the receipt is ours, and not too old.
func (s *Sessions) openReceipt(text string) (r receipt, ok bool) {
	err := securecookie.DecodeMulti(receiptName, text, &r, s.receipts...)
	return r, err == nil
}
