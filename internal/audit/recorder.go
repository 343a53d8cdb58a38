package audit

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

const (
	// maxPending is how many different events wait to be written at most, and maxOfAccount how many of them are one
	// account's, or nobody's: a flood of theirs leaves room for the others.
	maxPending, maxOfAccount = 4096, 512
	// flushEvery is how often they are written, and so how late they are.
	flushEvery = 500 * time.Millisecond
	// maxAge is how long an event is kept that cannot be written, as while the database is away.
	maxAge = time.Minute
	// writeLimit bounds one transaction, and the writing of an outcome after the caller has gone.
	writeLimit = 5 * time.Second
	// intendLimit bounds how long what takes access away waits for its intent.
	intendLimit = 2 * time.Second
	// atOnce is how many events one transaction writes.
	atOnce = 256
)

// Trails keeps events in accounts' trails, each call in a transaction of its own.
type Trails interface {
	RecordEvents(ctx context.Context, account string, events ...Event) error
}

// Recorder writes events that belong to no change of the database. What was denied or has failed it writes off the
// request's path: equal events that come close together become one.
type Recorder struct {
	trails Trails
	lines  *Lines // for events of no account; may be nil
	log    *slog.Logger
	onDrop func(n int)
	now    func() time.Time

	mu      sync.Mutex
	pending map[string]map[key]*Event // by account
	waiting int                       // how many are pending
	lost    map[string]int            // how many events of an account were dropped, until its trail says so
	ended   bool                      // what is noted now is dropped
}

// key is what makes two events equal.
type key struct {
	user, client, session, agent, coordinate, permission, action, code, kind, sid, fields string
	decision                                                                              Decision
	outcome                                                                               Outcome
}

// NewRecorder makes a recorder. lines may be nil; events of no account are then not kept. onDrop is told how many events were not
// written, and must not take long.
func NewRecorder(trails Trails, lines *Lines, log *slog.Logger, onDrop func(n int)) *Recorder {
	return &Recorder{
		trails: trails, lines: lines, log: log, onDrop: onDrop, now: time.Now,
		pending: map[string]map[key]*Event{}, lost: map[string]int{},
	}
}

// Note has an event written soon, or adds it to an equal one that is waiting. It does not wait: when too many are waiting
// the event is dropped, and counted.
func (r *Recorder) Note(e Event) {
	e = r.timed(e)
	k := key{
		e.User, e.Client, e.Session, e.Agent, e.Coordinate, string(e.Permission), string(e.Action), e.Code,
		e.Type, e.Change.SID, strings.Join(e.Fields, ","), e.Decision, e.Outcome,
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.pending[e.Account]
	switch same := of[k]; {
	case r.ended:
		r.onDrop(e.Count)
	case same != nil:
		same.Count += e.Count
		if e.Time.Before(same.Time) {
			same.Time, same.RequestID = e.Time, e.RequestID
		}
	case r.waiting >= maxPending || len(of) >= maxOfAccount:
		r.onDrop(e.Count)
		r.lose(e.Account, e.Count)
	default:
		if of == nil {
			of = map[key]*Event{}
			r.pending[e.Account] = of
		}
		of[k] = &e
		r.waiting++
	}
}

// Write writes an event now.
func (r *Recorder) Write(ctx context.Context, e Event) error {
	e = r.timed(e)
	if e.Account == "" {
		r.line(e)
		return nil
	}
	return r.trails.RecordEvents(ctx, e.Account, e)
}

// Intend writes that something is about to be done where no transaction reaches, so that no crash leaves it without a trace.
func (r *Recorder) Intend(ctx context.Context, e Event) error {
	e.Decision, e.Outcome = Allowed, Intended
	if err := r.Write(ctx, e); err != nil {
		return fmt.Errorf("audit: the intent cannot be written, and so nothing is done: %w", err)
	}
	return nil
}

// IntendAnyway is Intend for what only takes access away, which must not wait for the trail: an intent that cannot be
// written now is written later.
func (r *Recorder) IntendAnyway(ctx context.Context, e Event) {
	e = r.timed(e)
	ctx, cancel := context.WithTimeout(ctx, intendLimit)
	defer cancel()
	if r.Intend(ctx, e) != nil {
		e.Decision, e.Outcome = Allowed, Intended
		r.Note(e)
	}
}

// Around does something where no transaction reaches: it writes the intent, calls, and writes what came of it. Nothing is called when
// the intent cannot be written. The call may say more of the event, such as the SID of what it has made.
func (r *Recorder) Around(ctx context.Context, e Event, call func(context.Context, *Event) error) error {
	if err := r.Intend(ctx, e); err != nil {
		return err
	}
	return r.Outcome(ctx, e, call)
}

// Outcome is Around without the intent: for what is harmless when it leaves no trace.
func (r *Recorder) Outcome(ctx context.Context, e Event, call func(context.Context, *Event) error) error {
	err := call(ctx, &e)
	code := problem.CodeOf(err)
	if errors.Is(err, context.DeadlineExceeded) {
		code = problem.Timeout
	}
	if err == nil {
		code = ""
	}
	e.Ended(code)
	// The caller may have gone meanwhile.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	if failed := r.Write(ctx, e); failed != nil {
		r.log.WarnContext(ctx, "an audit event is written later", "coordinate", e.Coordinate, "error", failed)
		r.Note(e)
	}
	e.Intent.Wrote()
	return err
}

// timed sees to the time and the count of an event.
func (r *Recorder) timed(e Event) Event {
	if e.Time.IsZero() {
		e.Time = r.now()
	}
	e.Count = max(e.Count, 1)
	return e
}

// line writes an event of no account, which no database keeps.
func (r *Recorder) line(e Event) {
	if r.lines != nil {
		var random [16]byte
		rand.Read(random[:]) // never fails
		r.lines.Write(RecordOf("AE"+hex.EncodeToString(random[:]), e))
	}
}

// lose counts events that are not written. The account's trail says so as soon as it can.
func (r *Recorder) lose(account string, n int) {
	if _, known := r.lost[account]; known || len(r.lost) < maxPending {
		r.lost[account] += n
	}
}

// Run writes what is noted, until ctx ends, and then what is left, for a few seconds at most.
func (r *Recorder) Run(ctx context.Context) {
	ticks := time.NewTicker(flushEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			r.flush(ctx)
		case <-ctx.Done():
			r.mu.Lock()
			r.ended = true
			r.mu.Unlock()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
			defer cancel()
			r.flush(ctx)
			return
		}
	}
}

// flush writes what is pending. What cannot be written now is noted again, but not for ever.
func (r *Recorder) flush(ctx context.Context) {
	r.mu.Lock()
	pending, lost := r.pending, r.lost
	r.pending, r.lost, r.waiting = map[string]map[key]*Event{}, map[string]int{}, 0
	r.mu.Unlock()
	for account, n := range lost {
		if pending[account] == nil {
			pending[account] = map[key]*Event{}
		}
		pending[account][key{outcome: Dropped}] = &Event{Account: account, Time: r.now(), Decision: Denied, Outcome: Dropped, Count: n}
	}
	for account, of := range pending {
		events := make([]Event, 0, len(of))
		for _, e := range of {
			events = append(events, *e)
		}
		slices.SortFunc(events, func(a, b Event) int { return a.Time.Compare(b.Time) })
		for len(events) > 0 {
			some := events[:min(len(events), atOnce)]
			if err := r.write(ctx, account, some); err != nil {
				r.log.WarnContext(ctx, "audit events cannot be written", "account", account, "error", err)
				r.again(events, err)
				break
			}
			events = events[len(some):]
		}
	}
}

// again notes events anew that could not be written. It gives up those that are too old, and all of a trail that nothing is
// added to.
func (r *Recorder) again(events []Event, err error) {
	for _, e := range events {
		broken, counted := errors.Is(err, ErrBroken), e.Outcome == Dropped
		gone := broken || counted || r.now().Sub(e.Time) > maxAge
		if !gone {
			r.Note(e)
			continue
		}
		if !counted {
			r.onDrop(e.Count)
		}
		if !broken {
			r.mu.Lock()
			r.lose(e.Account, e.Count)
			r.mu.Unlock()
		}
	}
}

// write writes events of one account.
func (r *Recorder) write(ctx context.Context, account string, events []Event) error {
	if account == "" {
		for _, e := range events {
			r.line(e)
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeLimit)
	defer cancel()
	return r.trails.RecordEvents(ctx, account, events...)
}
