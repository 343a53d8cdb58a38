package quota

import (
	"context"
	"fmt"
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
	callers map[string]int // sessions, and guests by their address
}

// NewRunning makes a bound.
func NewRunning(most, perSession int) *Running {
	return &Running{most: most, perSession: perSession, callers: map[string]int{}}
}

// Enter lets an operation of a session begin, or of a guest, who is known by the address of ctx's request, when session is
// empty; leave is called when it is over, and may be called twice. SERVICE_UNAVAILABLE says that the gateway has as much to
// do as it may, or as it may for guests, RATE_LIMITED that the session or the address has.
func (r *Running) Enter(ctx context.Context, session string) (leave func(), err error) {
	guest, caller, whose, most := session == "", session, "session", r.perSession
	if guest { // an address may be that of many people: half of what all guests have, or what one session has
		whose, most = "address", max(r.most/4, r.perSession)
		if from := requestOf(ctx); from != nil {
			caller = neighbourhood(from.address).String()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.all >= r.most, guest && r.guests >= max(r.most/2, 1):
		return nil, &problem.Error{
			Code: problem.Unavailable, Limit: LimitRunning, Most: r.most, RetryAfter: time.Second,
			Message: "The gateway has as many requests under way as it takes. Try again in a moment.",
		}
	case r.callers[caller] >= most:
		return nil, &problem.Error{
			Code: problem.RateLimited, Limit: LimitSessionRunning, Most: most, RetryAfter: time.Second,
			Message: fmt.Sprintf("The %s has more requests under way than the %d that are allowed. Wait for an answer before the next.", whose, most),
		}
	}
	r.all++
	r.callers[caller]++
	if guest {
		r.guests++
	}
	left := false
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !left {
			left = true
			r.leave(caller, guest)
		}
	}, nil
}

func (r *Running) leave(caller string, guest bool) {
	r.all--
	if guest {
		r.guests--
	}
	if r.callers[caller]--; r.callers[caller] == 0 {
		delete(r.callers, caller)
	}
}
