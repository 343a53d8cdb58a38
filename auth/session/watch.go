package session

import (
	"context"
	"fmt"
)

// Watch is one who watches a session.
type Watch struct {
	follower  *follower
	user, sid string
	again     chan struct{} // has one when something may have changed
	lost      chan struct{} // closed when nothing is known any more
}

// errLost says that what happened to a session cannot be known any more.
var errLost = fmt.Errorf("%w: the log of what ended cannot be followed", ErrUnavailable)

// Watch begins to watch the user's session sid, which need not be there. What changes after it has returned is told by
// Wait, so a Lookup that follows it and the calls of Wait together miss nothing. ErrUnavailable says that the log
// cannot be followed.
func (s *Store) Watch(ctx context.Context, user, sid string) (*Watch, error) {
	f := s.follower
	w := &Watch{follower: f, user: user, sid: sid, again: make(chan struct{}, 1), lost: make(chan struct{})}
	f.mu.Lock()
	if f.watches[user] == nil {
		f.watches[user] = map[*Watch]bool{}
	}
	f.watches[user][w] = true
	f.start()
	ready := f.ready
	f.mu.Unlock()

	select {
	case <-ready:
		return w, nil
	case <-w.lost:
		return nil, errLost
	case <-ctx.Done():
		w.Close()
		return nil, ctx.Err()
	}
}

// Wait returns nil when the session is to be looked up again: it may have ended or changed. It returns ErrUnavailable
// when that cannot be known any more, and the context's error. Not every nil means a change.
func (w *Watch) Wait(ctx context.Context) error {
	select {
	case <-w.lost:
		return errLost
	default:
	}
	select {
	case <-w.again:
		return nil
	case <-w.lost:
		return errLost
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Lost is closed when nothing can be known any more: when Wait returns ErrUnavailable.
func (w *Watch) Lost() <-chan struct{} { return w.lost }

// Close ends the watch. It may be called twice.
func (w *Watch) Close() {
	f := w.follower
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watches[w.user], w)
	if len(f.watches[w.user]) == 0 {
		delete(f.watches, w.user)
	}
}

func (w *Watch) wake() {
	select {
	case w.again <- struct{}{}:
	default: // they will look anyway
	}
}

// wakeAll has everyone look again. The follower is locked.
func (f *follower) wakeAll() {
	for _, all := range f.watches {
		for w := range all {
			w.wake()
		}
	}
}

// lose tells everyone that nothing is known any more. Whoever watches next waits until the log can be read again, or until it
// still cannot.
func (f *follower) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, all := range f.watches {
		for w := range all {
			close(w.lost)
		}
	}
	clear(f.watches)
	f.ready, f.begun = make(chan struct{}), false
}
