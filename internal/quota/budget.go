package quota

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/redis/go-redis/v9"
)

const (
	// window is the time for which a budget is good.
	window = time.Minute
	// leases is into how many parts a budget is cut. A gateway takes a part at a time and spends it without asking
	// again, so Redis is asked some times a minute for each caller and not at each request.
	leases = 20
	// leaseLimit bounds how long Redis may take to answer.
	leaseLimit = 250 * time.Millisecond
	// pause is how long Redis is left alone for guests when it did not answer.
	pause = time.Second
	// fewest is from how many callers on it is looked for those that are gone.
	fewest = 1024
)

// LimitBudget is the name of the limit on what a caller's operations cost in a minute.
const LimitBudget = "cost_per_minute"

// Budget charges callers for what their operations cost. It may be shared.
//
// All gateways that share it never grant more than the budget in one window together. One may have up to a twentieth
// that it has not spent, which the others do not get: they may refuse that much too early. Windows follow each other
// without regard to what was spent when, so around the end of one twice the budget can be spent in a short time.
type Budget struct {
	shared Shared
	now    func() time.Time

	mu      sync.Mutex
	callers map[caller]*lease
	sweepAt int
	asleep  time.Time // until when Redis is left alone for guests
}

// NewBudget makes a budget. now is the clock, time.Now outside of tests.
func NewBudget(shared Shared, now func() time.Time) *Budget {
	return &Budget{shared: shared, now: now, callers: map[caller]*lease{}, sweepAt: fewest}
}

// Payer is who pays for an operation.
type Payer struct {
	// User is who is signed in, and empty for a guest, who is known by their address alone.
	User string
	// Points is what they may spend in a minute. Nothing is charged when it is zero.
	Points int
}

// caller is whom figures are of: somebody who is signed in, or the guests of an address.
type caller struct {
	signedIn string
	address  netip.Addr
}

// callerOf is who is signed in or, when nobody is, the guests of the address that the request comes from.
func callerOf(signedIn string, r *Request) caller {
	if signedIn != "" || r == nil {
		return caller{signedIn: signedIn}
	}
	return caller{address: neighbourhood(r.address)}
}

func (c caller) String() string {
	if c.signedIn != "" {
		return c.signedIn
	}
	return "guest " + c.address.String()
}

// lease is what a gateway holds of a caller's budget.
type lease struct {
	phase  int64         // when the caller's windows begin, in milliseconds
	held   chan struct{} // whose turn it is: whoever could put something in
	window int64         // the window that it is of
	points int           // the whole budget
	left   int           // of what was taken
	rest   int           // what Redis has left at most: it does not become more in a window
	policy []string      // the value of headerPolicy
}

// Charge takes the cost of an operation, one point at least, from the payer's budget and tells them in the answer's
// headers what is left. RATE_LIMITED says that there is not enough, and when there will be; LIMIT_EXCEEDED that there
// never is as much. When Redis does not answer it is SERVICE_UNAVAILABLE for who is signed in, whose session could
// not be checked either; a guest has the whole budget at this gateway until it does.
func (b *Budget) Charge(ctx context.Context, p Payer, cost int) error {
	r := requestOf(ctx)
	if p.Points == 0 || p.User == "" && r == nil {
		return nil // the engine asking itself, at the start
	}
	if cost > p.Points {
		return &problem.Error{
			Code: problem.LimitExceeded, Limit: LimitBudget, Most: p.Points,
			Message: fmt.Sprintf("The operation costs %d points, and %d are all that can be spent in a minute.", cost, p.Points),
		}
	}
	who := callerOf(p.User, r)
	l := b.lease(who)
	if err := l.hold(ctx, p); err != nil {
		return unavailable(err)
	}
	defer l.release()
	reset := l.at(b.now(), p.Points)
	if l.left < cost && l.left+l.rest >= cost {
		if err := b.take(ctx, l, who, p, cost-l.left); err != nil {
			return err
		}
	}
	var err error
	if l.left < cost {
		err = &problem.Error{
			Code: problem.RateLimited, Limit: LimitBudget, Most: p.Points, RetryAfter: reset,
			Message: fmt.Sprintf("The operation costs %d points, and %d are left of the %d that can be spent in a minute.", cost, l.left+l.rest, p.Points),
		}
	} else {
		l.left -= cost
	}
	if r != nil {
		r.tell(l.policy, l.left+l.rest, reset)
		if err != nil {
			r.retry(reset)
		}
	}
	return err
}

// hold waits for the lease. Who is signed in waits no longer than two others may wait for Redis: of many requests at
// once, each would otherwise wait for all before it when Redis does not answer. Guests ask it no more then.
func (l *lease) hold(ctx context.Context, p Payer) error {
	if l.tryHold() {
		return nil
	}
	if p.User != "" {
		limited, cancel := context.WithTimeout(ctx, 2*leaseLimit)
		defer cancel()
		ctx = limited
	}
	select {
	case l.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tryHold says whether nobody had the lease, and the caller has it now.
func (l *lease) tryHold() bool {
	select {
	case l.held <- struct{}{}:
		return true
	default:
		return false
	}
}

func (l *lease) release() { <-l.held }

// at begins a new lease when the window of the old one has passed, and returns how long this one lasts.
func (l *lease) at(now time.Time, points int) (left time.Duration) {
	ms := now.UnixMilli() + l.phase
	if w := ms / window.Milliseconds(); l.window != w || l.points != points {
		l.window, l.points, l.left, l.rest = w, points, 0, points
		l.policy = []string{fmt.Sprintf(`"cost";q=%d;w=%d`, points, seconds(window))}
	}
	return time.Duration(window.Milliseconds()-ms%window.Milliseconds()) * time.Millisecond
}

// lease is what is held for a caller.
func (b *Budget) lease(who caller) *lease {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.callers[who]; ok {
		return l
	}
	if len(b.callers) >= b.sweepAt {
		b.sweep()
	}
	l := &lease{phase: phaseOf(who), held: make(chan struct{}, 1)}
	b.callers[who] = l
	return l
}

// phaseOf spreads the windows of callers over time, so that not all of them come to Redis at once. It is the same in
// all gateways.
func phaseOf(who caller) int64 {
	h := fnv.New32a()
	h.Write([]byte(who.String()))
	return int64(h.Sum32()) % window.Milliseconds()
}

// sweep forgets the callers whose window has passed.
func (b *Budget) sweep() {
	now := b.now()
	for who, l := range b.callers {
		if l.tryHold() { // who is being charged is there still
			if (now.UnixMilli()+l.phase)/window.Milliseconds() != l.window {
				delete(b.callers, who)
			}
			l.release()
		}
	}
	b.sweepAt = max(fewest, 2*len(b.callers))
}

// take adds to a lease what Redis grants: a part of the budget, or more when the operation needs more.
func (b *Budget) take(ctx context.Context, l *lease, who caller, p Payer, need int) error {
	guest := p.User == ""
	if guest && b.sleeping() {
		l.left, l.rest = l.points, 0
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaseLimit)
	defer cancel()
	key := b.shared.name("cost", strconv.FormatInt(l.window, 10), who.String())
	reply, err := takeScript.Run(ctx, b.shared.Redis, []string{key},
		l.points, need, max(need, l.points/leases), (2 * window).Milliseconds()).Int64Slice()
	if err == nil && len(reply) != 2 {
		err = errAnswer
	}
	switch {
	case err == nil:
		l.left += int(reply[0])
		l.rest = int(reply[1])
		return nil
	case guest:
		b.sleep()
		l.left, l.rest = l.points, 0
		return nil
	}
	return unavailable(err)
}

// takeScript grants as much of a budget as is wanted and there, and nothing when that is less than is needed. It
// returns what it grants and what is left thereafter.
var takeScript = redis.NewScript(`
local budget, need, want, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local free = budget - tonumber(redis.call('GET', KEYS[1]) or '0')
if free < need then return {0, math.max(free, 0)} end
local granted = math.min(free, want)
redis.call('INCRBY', KEYS[1], string.format('%.0f', granted))
redis.call('PEXPIRE', KEYS[1], ttl)
return {granted, free - granted}
`)

func (b *Budget) sleeping() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now().Before(b.asleep)
}

func (b *Budget) sleep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asleep = b.now().Add(pause)
}
