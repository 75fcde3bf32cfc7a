package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"sneakers23/app/waittest"
)

// control serves what a scenario may ask for that no client of a socket could, at an
// address of its own, which it returns.
func control(t testing.TB, s *site) string {
	mux := http.NewServeMux()
	for action, do := range map[string]func(*http.Request) (any, error){
		"stop":       func(*http.Request) (any, error) { s.stop(waittest.Limit()); return nil, nil },
		"start":      func(*http.Request) (any, error) { return nil, s.restart() },
		"cut":        func(*http.Request) (any, error) { s.cut(); return nil, nil },
		"release":    func(*http.Request) (any, error) { s.release <- struct{}{}; return nil, nil },
		"broadcast":  s.broadcastFor,
		"everywhere": s.pushEverywhere,
		"terminated": s.nextTerminated,
		"churn":      s.roll.churn,
		"roll":       func(r *http.Request) (any, error) { return s.roll.moods(r.FormValue("topic")) },
		"refused":    func(*http.Request) (any, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.refused, nil },
	} {
		mux.HandleFunc("POST /"+action, func(w http.ResponseWriter, r *http.Request) {
			answer, err := do(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			json.NewEncoder(w).Encode(answer)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// broadcastFor broadcasts the body, as the application would without any socket.
func (s *site) broadcastFor(r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.pubsub.Broadcast(r.FormValue("topic"), r.FormValue("event"), json.RawMessage(body))
	return nil, nil
}

// pushEverywhere pushes to all who ever joined a room, the oldest first, and tells of
// each whether its channel took it.
func (s *site) pushEverywhere(r *http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := []bool{}
	for i, socket := range s.sockets[r.FormValue("topic")] {
		took = append(took, socket.Push("pushed", map[string]int{"join": i}) == nil)
	}
	return took, nil
}

// nextTerminated waits for a channel to end.
func (s *site) nextTerminated(r *http.Request) (any, error) {
	select {
	case text := <-s.terminated:
		return text, nil
	case <-time.After(waittest.Limit() / 2): // less than the test waits for the scenario
		return nil, fmt.Errorf("no channel was terminated")
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}
