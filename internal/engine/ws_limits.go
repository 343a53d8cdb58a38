package engine

import (
	"sync"
	"time"
)

// SocketLimits bounds WebSockets, beside Limits. The zero value of a limit allows nothing.
type SocketLimits struct {
	Open      int   // at once
	OfAddress int   // at once, of one address: those of guests, and those that have not said yet whose they are
	Message   int64 // bytes of what a client sends at once, or Limits.BodyBytes where that is less

	Init      time.Duration // for a client to say who it is
	KeepAlive time.Duration // between pings: a client that is gone is noticed within twice as long
	Write     time.Duration // for a client to take a message
	Close     time.Duration // for a client to agree to the end
	Guest     time.Duration // for which a guest's socket lasts: others end with their tokens
}

// DefaultSocketLimits has the figures that the gateway starts with.
func DefaultSocketLimits() SocketLimits {
	return SocketLimits{
		Open:      10_000,
		OfAddress: 100,
		Message:   64 << 10,
		Init:      10 * time.Second,
		KeepAlive: 20 * time.Second,
		Write:     15 * time.Second,
		Close:     2 * time.Second,
		Guest:     time.Hour,
	}
}

// sockets counts the open ones by whose they are.
type sockets struct {
	mu   sync.Mutex
	open map[string]int
}

func newSockets() *sockets { return &sockets{open: map[string]int{}} }

// take counts one in until the function is called. It is not ok when there are as many as may be.
func (s *sockets) take(whose string, most int) (give func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[whose] >= most {
		return nil, false
	}
	s.open[whose]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[whose]--; s.open[whose] == 0 {
			delete(s.open, whose)
		}
	}), true
}
