package devices

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// keyring stores keys as hashes under the secrets of the nodes: whoever reads the database alone
// can't find a key by trying all of them.
type keyring []hashKey

// hashKey is derived from one secret.
type hashKey struct {
	id  [8]byte // names the secret in the database, and does not lead back to it
	key []byte
}

func newKeyring(secrets []string) keyring {
	ring := make(keyring, len(secrets))
	for i, s := range secrets {
		ring[i].key = mac([]byte(s), "sneakers23 device keys")
		copy(ring[i].id[:], mac([]byte(s), "sneakers23 id of the secret of device keys"))
	}
	return ring
}

func mac(secret []byte, text string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (h hashKey) hash(k Key) []byte { return mac(h.key, string(k)) }

// hashes of the key, under each secret.
func (r keyring) hashes(k Key) [][]byte {
	all := make([][]byte, len(r))
	for i, h := range r {
		all[i] = h.hash(k)
	}
	return all
}

// state reports under which secret a key is stored.
func (r keyring) state(secretID []byte) KeyState {
	for i, h := range r {
		if string(h.id[:]) == string(secretID) {
			if i == 0 {
				return KeyCurrent
			}
			return KeyOlder
		}
	}
	return KeyLost
}

// newKey makes a key of 48 random bits.
func newKey() Key {
	var b [KeyLength / 2]byte
	_, _ = rand.Read(b[:]) // never fails
	return Key(hex.EncodeToString(b[:]))
}
