package shop

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"sneakers23/web/channel"
)

// Limits of one socket's carts. A tab has one; while it moves to the cart of another tab it has
// two.
const (
	cartsPerSocket  = 2
	cartJoinsAtOnce = 10
	cartJoinEvery   = time.Second // after those
)

// socketCarts counts the carts of one socket, which all of its channels share.
type socketCarts struct {
	mu    sync.Mutex
	open  int
	joins *rate.Limiter // nil before the first
}

// Connect lets every shopper connect, and limits how many carts his socket opens. It goes into
// [channel.Config].
func Connect(channel.ConnectInfo) (any, error) { return new(socketCarts), nil }

// ConnectUnlimited is Connect for rehearsals: carts may be joined as fast as one likes.
func ConnectUnlimited(channel.ConnectInfo) (any, error) {
	return &socketCarts{joins: rate.NewLimiter(rate.Inf, 0)}, nil
}

// enterSocket takes one more cart on the socket, if it counts them.
func enterSocket(s *channel.Socket) error {
	if carts, ok := s.Assigns().(*socketCarts); ok {
		return carts.enter()
	}
	return nil
}

func leaveSocket(s *channel.Socket) {
	if carts, ok := s.Assigns().(*socketCarts); ok {
		carts.leave()
	}
}

// enter takes one more cart, which must leave. The error is a refusal.
func (s *socketCarts) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joins == nil {
		s.joins = rate.NewLimiter(rate.Every(cartJoinEvery), cartJoinsAtOnce)
	}
	switch {
	case !s.joins.Allow():
		return channel.Refuse(map[string]string{"reason": "too_fast"})
	case s.open == cartsPerSocket:
		return channel.Refuse(map[string]string{"reason": "too many carts"})
	}
	s.open++
	return nil
}

func (s *socketCarts) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
}
