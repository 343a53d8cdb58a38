package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// followBlock is how long one read of the log waits for an entry. With nothing to tell it is how often Redis is
	// asked at all, twice each time.
	followBlock = 100 * time.Millisecond
	// followCount is how many entries one read takes. The log keeps more: only a read that is full may have come too
	// late for some that were thrown away.
	followCount = 1000
	// followPatience is how long Redis may give no answer before everyone who watches is told that nothing is known.
	followPatience = 2 * time.Second
	// followPause is how long it is left alone after an error.
	followPause = 50 * time.Millisecond
)

// Follower follows the log of what ended or changed, for all who watch a session in this process: one reader, which
// runs while someone watches. It may be shared.
type Follower struct {
	store *Store

	mu      sync.Mutex
	watches map[string]map[*Watch]bool // by user
	ready   chan struct{}              // of the reader that runs, closed when it knows where to begin; nil when none does
}

// NewFollower makes a follower of a store's log. It does nothing until someone watches.
func NewFollower(s *Store) *Follower {
	return &Follower{store: s, watches: map[string]map[*Watch]bool{}}
}

// Watch is one who watches a session.
type Watch struct {
	follower  *Follower
	user, sid string
	again     chan struct{} // has one when something may have changed
	lost      chan struct{} // closed when nothing is known any more
}

// Watch begins to watch the user's session sid, which need not be there. What changes after it has returned is told by
// Wait, so a Lookup that follows it and the calls of Wait together miss nothing. ErrUnavailable says that the log
// cannot be followed.
func (f *Follower) Watch(ctx context.Context, user, sid string) (*Watch, error) {
	w := &Watch{follower: f, user: user, sid: sid, again: make(chan struct{}, 1), lost: make(chan struct{})}
	f.mu.Lock()
	if f.watches[user] == nil {
		f.watches[user] = map[*Watch]bool{}
	}
	f.watches[user][w] = true
	if f.ready == nil {
		f.ready = make(chan struct{})
		go f.run(f.ready)
	}
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

// errLost says that what happened to a session cannot be known any more.
var errLost = fmt.Errorf("%w: the log of what ended cannot be followed", ErrUnavailable)

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

// place is where the reader stands in the log, and the epoch to which that belongs.
type place struct{ last, epoch string }

// run reads the log until nobody watches any more, or nothing can be known.
func (f *Follower) run(ready chan struct{}) {
	asked := time.Now()
	at, err := f.store.tip(context.Background())
	if err != nil {
		f.lose()
		return
	}
	close(ready)
	// Everything that was logged before asOf has been told.
	for asOf := asked; f.watched(); {
		asked := time.Now()
		if err == nil {
			at, err = f.read(at)
		} else if at, err = f.store.tip(context.Background()); err == nil {
			// What answers now may be another Redis, whose log has not all that this one's had.
			f.wakeAll()
		}
		if err == nil {
			asOf = asked
			continue
		}
		if time.Since(asOf) > followPatience {
			f.lose()
			return
		}
		time.Sleep(followPause)
	}
}

// tip is the end of the log as it is now.
func (s *Store) tip(ctx context.Context) (place, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var at place
	var err error
	if at.epoch, err = s.epoch(ctx); err != nil {
		return place{}, err
	}
	newest, err := s.client.XRevRangeN(ctx, s.prefix+"revocations", "+", "-", 1).Result()
	if err != nil {
		return place{}, unavailable(err)
	}
	at.last = "0-0"
	if len(newest) > 0 {
		at.last = newest[0].ID
	}
	return at, nil
}

// epoch is the life of the store, "" when it has none.
func (s *Store) epoch(ctx context.Context) (string, error) {
	epoch, err := s.client.Get(ctx, s.prefix+"epoch").Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return epoch, unavailable(err)
}

// read waits a moment for what follows in the log, tells those whom it concerns, and returns where that ends. A store
// that has lost what it knew has no entry for it, so its epoch is read as well.
func (f *Follower) read(at place) (place, error) {
	s := f.store
	// The client alone would wait ten seconds longer than the block.
	ctx, cancel := context.WithTimeout(context.Background(), followBlock+callLimit)
	defer cancel()
	found, err := s.client.XRead(ctx, &redis.XReadArgs{
		Streams: []string{s.prefix + "revocations", at.last}, Count: followCount, Block: followBlock,
	}).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return at, unavailable(err)
	}
	for _, stream := range found {
		for _, entry := range stream.Messages {
			user, _ := entry.Values["user"].(string)
			sid, _ := entry.Values["sid"].(string)
			f.wake(user, sid)
			at.last = entry.ID
		}
		if len(stream.Messages) == followCount {
			f.wakeAll()
		}
	}
	epoch, err := s.epoch(ctx)
	if err != nil || epoch == at.epoch {
		return at, err
	}
	next, err := s.tip(ctx)
	if err == nil {
		f.wakeAll()
	}
	return next, err
}

// watched tells whether someone watches. When nobody does the reader is over.
func (f *Follower) watched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.watches) == 0 {
		f.ready = nil
		return false
	}
	return true
}

// wake has those look again who watch this session, or any of the user's when sid is empty.
func (f *Follower) wake(user, sid string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watches[user] {
		if sid == "" || sid == w.sid {
			w.wake()
		}
	}
}

// wakeAll has everyone look again.
func (f *Follower) wakeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, all := range f.watches {
		for w := range all {
			w.wake()
		}
	}
}

func (w *Watch) wake() {
	select {
	case w.again <- struct{}{}:
	default: // they will look anyway
	}
}

// lose tells everyone that nothing is known any more. The reader is over.
func (f *Follower) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, all := range f.watches {
		for w := range all {
			close(w.lost)
		}
	}
	clear(f.watches)
	f.ready = nil
}
