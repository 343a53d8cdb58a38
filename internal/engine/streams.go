package engine

import (
	"context"
	"sync"
	"time"
)

// Streams is what the engine needs to know of callers to whom it goes on sending: of
// subscriptions, and of WebSockets.
type Streams struct {
	// Authenticate gives the context of the caller for whom an access token stands. Its errors are
	// *problem.Error.
	Authenticate func(ctx context.Context, token string) (context.Context, error)
	// Watch gives a context that ends once nothing more may be sent to the caller of ctx, with the reason as
	// its cause, a *problem.Error: the session is over, the token has expired, the roles have changed, or
	// none of this can be found out. When the caller is refused already it has ended when it is returned. The
	// function that is returned frees what watches.
	Watch func(ctx context.Context) (context.Context, context.CancelFunc)
	// Over says of such a reason that no new token will help: the session was ended.
	Over func(reason error) bool
	// Session names whose WebSockets and streams of events are counted together with those of the caller of ctx: the
	// caller's session, or what stands for several. It is "" for a guest. It may be nil, and then they are counted by address.
	Session func(ctx context.Context) string
}

// streams are the answers under way that have no end of their own. They end when the gateway does.
type streams struct {
	leaving context.Context // ends when they should
	leave   context.CancelFunc

	mu      sync.Mutex
	left    bool
	running sync.WaitGroup

	// keepAlive is how often a stream says something, so that nobody in between takes it for dead, and
	// patience how long one write may take.
	keepAlive, patience time.Duration
}

func newStreams() *streams {
	s := &streams{keepAlive: 15 * time.Second, patience: 10 * time.Second}
	s.leaving, s.leave = context.WithCancel(context.Background())
	return s
}

// begin counts a stream in, until end is called. leaving is closed when it should come to its end. It is not
// ok when the gateway is stopping.
func (s *streams) begin() (leaving <-chan struct{}, end func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left {
		return nil, nil, false
	}
	s.running.Add(1)
	return s.leaving.Done(), sync.OnceFunc(s.running.Done), true
}

// close has all streams end and waits for them, for as long as ctx lasts.
func (s *streams) close(ctx context.Context) error {
	s.mu.Lock()
	s.left = true
	s.mu.Unlock()
	s.leave()
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
