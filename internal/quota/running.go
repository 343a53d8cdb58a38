package quota

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// The names of the limits on what goes on at once.
const (
	LimitRunning        = "requests"
	LimitSessionRunning = "session_requests"
)

// Running bounds how many operations this gateway has under way, in all, of guests and of one session. It may be shared.
//
// Guests have half of the places at most: whoever is signed in is served while strangers, who need nothing to be one, ask
// for as much as they can.
type Running struct {
	most, perSession int

	mu      sync.Mutex
	all     int
	guests  int
	callers map[caller]*int // sessions, and guests by their address; who was here lately stands at 0
	sweepAt int
}

// NewRunning makes a bound.
func NewRunning(most, perSession int) *Running {
	return &Running{most: most, perSession: perSession, callers: map[caller]*int{}, sweepAt: fewest}
}

// Enter lets an operation of a session begin, or of a guest, who is known by the address of ctx's request, when session is
// empty; leave is called when it is over, and may be called twice. SERVICE_UNAVAILABLE says that the gateway has as much to
// do as it may, or as it may for guests, RATE_LIMITED that the session or the address has.
func (r *Running) Enter(ctx context.Context, session string) (leave func(), err error) {
	who := callerOf(session, requestOf(ctx))
	guest, whose, most := session == "", "session", r.perSession
	if guest { // an address may be that of many people: half of what all guests have, or what one session has
		whose, most = "address", max(r.most/4, r.perSession)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.of(who)
	switch {
	case r.all >= r.most, guest && r.guests >= max(r.most/2, 1):
		return nil, &problem.Error{
			Code: problem.Unavailable, Limit: LimitRunning, Most: r.most, RetryAfter: time.Second,
			Message: "The gateway has as many requests under way as it takes. Try again in a moment.",
		}
	case *of >= most:
		return nil, &problem.Error{
			Code: problem.RateLimited, Limit: LimitSessionRunning, Most: most, RetryAfter: time.Second,
			Message: fmt.Sprintf("The %s has more requests under way than the %d that are allowed. Wait for an answer before the next.", whose, most),
		}
	}
	r.all++
	*of++
	if guest {
		r.guests++
	}
	left := false
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !left {
			left = true
			r.all--
			*of--
			if guest {
				r.guests--
			}
		}
	}, nil
}

// of is how many operations a caller has under way.
func (r *Running) of(who caller) *int {
	n := r.callers[who]
	if n == nil {
		if len(r.callers) >= r.sweepAt {
			maps.DeleteFunc(r.callers, func(_ caller, n *int) bool { return *n == 0 })
			r.sweepAt = max(fewest, 2*len(r.callers))
		}
		n = new(int)
		r.callers[who] = n
	}
	return n
}
