package gateway

import (
	"context"
	"errors"

	"sneakers23/app/devices"
)

// Connected is a device that has verified connections at this node.
type Connected struct {
	Device      devices.ID
	Name        string
	Connections int
}

// Devices returns the devices that are connected, in no order.
func (s *Server) Devices() []Connected { return s.registry.all() }

// Push sends variables to every verified connection of a device, as v:KEY:BASE64. It does not wait,
// and proves nothing: a device that was sent variables reports them. Callers that push to one
// device from several goroutines must order the calls. A connection that is being verified at the
// moment is sent what the Store says is wanted.
func (s *Server) Push(device devices.ID, variables []devices.Variable) {
	var lines [][]byte
	for _, c := range s.registry.toPush(device) {
		if lines == nil { // all connections of a device have the same key
			if lines = variableLines(c.key, variables); len(lines) == 0 {
				return
			}
		}
		c.send(lines...)
	}
}

// Close ends every connection of a device whose key was revoked, after ERROR. A connection that is
// being verified at the moment is refused. It returns at once.
func (s *Server) Close(device devices.ID) {
	s.endAll(device, errRevoked)
}

// endAll ends all connections of a device, those that are about to be verified included.
func (s *Server) endAll(device devices.ID, why reason) {
	for _, c := range s.registry.revoke(device) {
		c.end(errorLine(why), false)
	}
}

// Reverify verifies the keys of all connected devices again, one after the other, and ends the
// connections of those that are no longer good: after a database was restored, for instance. It
// returns when all were looked at, or with the error of the first that the Store can't verify.
func (s *Server) Reverify(ctx context.Context) error {
	for _, known := range s.registry.keys() {
		found, err := s.cfg.Store.Verify(ctx, devices.Key(known.key[:]))
		switch {
		case errors.Is(err, devices.ErrUnknownKey), err == nil && found.ID != known.id:
			s.endAll(known.id, errUnknownKey)
		case errors.Is(err, devices.ErrRevoked):
			s.endAll(known.id, errRevoked)
		case err != nil:
			return err
		}
	}
	return nil
}
