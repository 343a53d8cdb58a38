package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// deadline is a context that ends as that of context.WithDeadline does. Its timer and its tie to its parent, which are what
// that costs, are made for the first who waits for its end: an operation that waits for nothing needs neither.
type deadline struct {
	context.Context // its parent
	at              time.Time

	timed  atomic.Pointer[waited]
	mu     sync.Mutex
	cancel context.CancelFunc // of what is waited for, if there is any
	over   bool
}

// waited is the context that those who wait have.
type waited struct{ context.Context }

// within is a context that ends after a time, or when it is cancelled.
func within(parent context.Context, d time.Duration) *deadline {
	return &deadline{Context: parent, at: time.Now().Add(d)}
}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) {
	if at, ok := d.Context.Deadline(); ok && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} { return d.wait().Done() }

// Err implements context.Context.
func (d *deadline) Err() error {
	if w := d.timed.Load(); w != nil {
		return w.Err()
	}
	if d.Context.Err() == nil && time.Now().Before(d.at) && !d.stopped() {
		return nil
	}
	return d.wait().Err()
}

// Value implements context.Context. The parent's cancellation is not its own: those who are tied to it by context's own key have
// waited before.
func (d *deadline) Value(key any) any {
	if w := d.timed.Load(); w != nil {
		return w.Value(key)
	}
	return d.Context.Value(key)
}

// stop ends it, and frees what it holds. It may be called several times.
func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if d.cancel != nil {
		d.cancel()
	}
}

func (d *deadline) stopped() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.over
}

// wait makes the context that ends.
func (d *deadline) wait() *waited {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.timed.Load(); w != nil {
		return w
	}
	ctx, cancel := context.WithDeadline(d.Context, d.at)
	if d.over {
		cancel()
	}
	w := &waited{ctx}
	d.cancel = cancel
	d.timed.Store(w)
	return w
}
