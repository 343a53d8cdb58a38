package cmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// idleFor is how long a connection has been idle that nobody is likely to be writing to just now.
const idleFor = 500 * time.Millisecond

// drainFlags say how the gateway stops.
type drainFlags struct {
	DrainDelay   time.Duration `help:"How long clients are still served after a signal to stop, while /readyz tells load balancers to send them elsewhere." default:"0s" env:"FIELDGATE_DRAIN_DELAY"`
	DrainTimeout time.Duration `help:"How long requests under way may then take to end." default:"10s" env:"FIELDGATE_DRAIN_TIMEOUT"`
}

// check says what is wrong with them.
func (d drainFlags) check() error {
	if d.DrainDelay < 0 || d.DrainTimeout <= 0 {
		return errors.New("--drain-delay and --drain-timeout take durations, such as 5s; the timeout is more than nothing")
	}
	return nil
}

// drain takes leave of the clients and returns when the last request has its answer. Probes are
// told first, and clients go on being served for the delay, so that whoever sends them here has time to
// send them elsewhere. Answers then say that their connection ends (RFC 9112, section 9.6): a server that
// closes an idle one by itself may do so while the next request is on its way. Then nobody new is let in,
// and what is under way may end within the timeout.
func (s serve) drain(g *gateway, server *http.Server, listener net.Listener, served <-chan error, all *connected, log *slog.Logger) error {
	g.health.stopping.Store(true)
	log.Info("stopping: clients may go elsewhere, and requests under way may end",
		"delay", s.DrainDelay.String(), "within", s.DrainTimeout.String())
	time.Sleep(s.DrainDelay)

	ctx, cancel := context.WithTimeout(context.Background(), s.DrainTimeout)
	defer cancel()
	listener.Close()
	<-served
	if err := g.graphql.Close(ctx); err != nil {
		log.Warn("streams were still under way", "within", s.DrainTimeout.String())
	}
	all.settle(ctx)
	if err := server.Shutdown(ctx); err != nil {
		return fmt.Errorf("requests were still under way after %s (--drain-timeout): %w", s.DrainTimeout, errors.Join(err, server.Close()))
	}
	return nil
}

// leaving has the answers of a gateway that stops say that their connection ends.
func (h *health) leaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// connected are the connections that are open.
type connected struct {
	mu sync.Mutex
	// idle is for how long each was seen idle while the gateway waits for them to be; negative while a request is under way.
	idle map[net.Conn]time.Duration
}

// note is the server's ConnState.
func (c *connected) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.idle, conn)
	case http.StateActive:
		c.idle[conn] = -1
	default:
		c.idle[conn] = 0
	}
}

// settle waits until every connection that is left has been idle for a while, or until ctx ends.
func (c *connected) settle(ctx context.Context) {
	const every = 10 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for passed := time.Duration(0); !c.settled(passed); passed = every {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// settled adds what has passed to the time for which idle connections were seen idle, and says whether that is long enough
// for all. It is not read off a clock, which goes on while this process stands still and reads nothing of what has come.
func (c *connected) settled(passed time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := true
	for conn, seen := range c.idle {
		if seen >= 0 {
			seen += passed
			c.idle[conn] = seen
		}
		all = all && seen >= idleFor
	}
	return all
}
