package quota

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// LimitLarge is the name of the limit on large operations that work at once.
const LimitLarge = "large_requests"

const (
	// large is from how many points on an operation is: it keeps a processor busy for a millisecond and more.
	large = 1000
	// turnLimit is how long one waits for its turn. It would hardly be done in time if it waited longer.
	turnLimit = 5 * time.Second
)

// Turns bounds how many large operations work at once in this gateway, while the others wait. They keep the processors
// busy: many at once are done no sooner, and all that is small, and probes, would have to wait among them. It may be
// shared.
type Turns struct{ slots chan struct{} }

// NewTurns makes a bound.
func NewTurns(most int) *Turns { return &Turns{make(chan struct{}, most)} }

// Take waits for the turn of an operation that costs so many points, which a small one has at once; over is called when
// it has done its work. SERVICE_UNAVAILABLE says that its turn did not come in time.
func (t *Turns) Take(ctx context.Context, cost int) (over func(), err error) {
	if cost < large {
		return func() {}, nil
	}
	late := time.NewTimer(turnLimit)
	defer late.Stop()
	select {
	case t.slots <- struct{}{}:
		return func() { <-t.slots }, nil
	case <-late.C:
	case <-ctx.Done():
	}
	return nil, &problem.Error{
		Code: problem.Unavailable, Limit: LimitLarge, Most: cap(t.slots), RetryAfter: time.Second,
		Message: "The gateway has as many large operations under way as it takes. Try again in a moment.",
	}
}
