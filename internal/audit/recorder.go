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
	// eventQueue is how many events wait to be taken up at most.
	eventQueue = 4096
	// maxPending is how many different events wait to be written at most.
	maxPending = 4096
	// flushEvery is how often they are written, and so how late they are.
	flushEvery = 500 * time.Millisecond
	// maxAge is how long an event is kept that cannot be written, as while the database is away.
	maxAge = time.Minute
	// writeLimit bounds one transaction, and the writing of an outcome after the caller has gone.
	writeLimit = 5 * time.Second
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
	queue  chan Event

	mu   sync.Mutex
	lost map[string]int // how many events of an account were dropped, until its trail says so

	pending map[key]*Event // Run's alone
}

// key is what makes two events equal.
type key struct {
	account, user, client, session, agent, coordinate, permission, action, code, kind, sid, fields string
	decision                                                                                       Decision
	outcome                                                                                        Outcome
}

// NewRecorder makes a recorder. lines may be nil; events of no account are then not kept. onDrop is told how many events were not
// written, and must not take long.
func NewRecorder(trails Trails, lines *Lines, log *slog.Logger, onDrop func(n int)) *Recorder {
	return &Recorder{
		trails: trails, lines: lines, log: log, onDrop: onDrop, now: time.Now, queue: make(chan Event, eventQueue),
		lost: map[string]int{}, pending: map[key]*Event{},
	}
}

// Note has an event written soon. It does not wait: when too many are waiting the event is dropped, and counted.
func (r *Recorder) Note(e Event) {
	e = r.timed(e)
	select {
	case r.queue <- e:
	default:
		r.drop(e.Account, e.Count)
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

// drop counts events that are not written. The account's trail says so as soon as it can.
func (r *Recorder) drop(account string, n int) {
	r.onDrop(n)
	r.mu.Lock()
	defer r.mu.Unlock()
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
		case e := <-r.queue:
			r.take(e)
			if len(r.pending) < maxPending/2 {
				continue
			}
		case <-ticks.C:
		case <-ctx.Done():
			for len(r.queue) > 0 {
				r.take(<-r.queue)
			}
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
			r.flush(ctx)
			cancel()
			for _, e := range r.pending {
				r.onDrop(e.Count)
			}
			return
		}
		r.flush(ctx)
	}
}

// take puts an event among those that are about to be written, or adds to one that is equal.
func (r *Recorder) take(e Event) {
	k := key{
		e.Account, e.User, e.Client, e.Session, e.Agent, e.Coordinate, string(e.Permission), string(e.Action), e.Code,
		e.Type, e.Change.SID, strings.Join(e.Fields, ","), e.Decision, e.Outcome,
	}
	if same := r.pending[k]; same != nil {
		same.Count += e.Count
		return
	}
	if len(r.pending) >= maxPending {
		r.drop(e.Account, e.Count)
		return
	}
	r.pending[k] = &e
}

// flush writes what is pending. What cannot be written now stays, but not for ever.
func (r *Recorder) flush(ctx context.Context) {
	byAccount := map[string][]key{}
	for k := range r.pending {
		byAccount[k.account] = append(byAccount[k.account], k)
	}
	for account, keys := range byAccount {
		for len(keys) > 0 {
			some := keys[:min(len(keys), atOnce)]
			if !r.write(ctx, account, some) {
				break
			}
			keys = keys[len(some):]
		}
	}
}

// write writes some pending events of one account, and says whether it could.
func (r *Recorder) write(ctx context.Context, account string, keys []key) bool {
	events := make([]Event, len(keys))
	for i, k := range keys {
		events[i] = *r.pending[k]
	}
	slices.SortFunc(events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	r.mu.Lock()
	lost := r.lost[account]
	delete(r.lost, account)
	r.mu.Unlock()
	if lost > 0 {
		events = append(events, Event{Account: account, Time: r.now(), Decision: Denied, Outcome: Dropped, Count: lost})
	}
	var err error
	if account == "" {
		for _, e := range events {
			r.line(e)
		}
	} else {
		limited, cancel := context.WithTimeout(ctx, writeLimit)
		err = r.trails.RecordEvents(limited, account, events...)
		cancel()
	}
	if err == nil {
		for _, k := range keys {
			delete(r.pending, k)
		}
		return true
	}
	r.log.WarnContext(ctx, "audit events cannot be written", "account", account, "error", err)
	r.mu.Lock()
	if lost > 0 {
		r.lost[account] += lost
	}
	r.mu.Unlock()
	for _, k := range keys {
		if e := r.pending[k]; errors.Is(err, ErrBroken) || r.now().Sub(e.Time) > maxAge {
			delete(r.pending, k)
			r.drop(account, e.Count)
		}
	}
	return false
}
