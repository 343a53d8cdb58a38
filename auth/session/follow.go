package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// followBlock is how long one read of the log waits for an entry at most, and a quarter of the lease while the cache is
	// used: a read then has time to be late before the lease is out.
	followBlock = 100 * time.Millisecond
	// followCount is how many entries one read takes. One that is full has not come to the end.
	followCount = 1000
	// followPatience is how long Redis may give no answer before everyone who watches is told that nothing is known.
	followPatience = 2 * time.Second
	// followPause is how long it is left alone after an error that came again.
	followPause = 20 * time.Millisecond
	// followRest is how long the reader goes on when nothing was looked up and nobody watches.
	followRest = 5 * time.Second
)

// follower reads the log of what ended or changed, for the cache of this process and for all who watch a session in it.
// One goroutine reads, while there is something to read it for.
//
// # The lease
//
// The cache may be used until the lease is out, which is a time after a read of the log was sent, once all that it brought
// has been applied. A follower with a lease is in the register of followers, with the place up to which it has applied the
// log. Who writes into the log finds there for whom to wait (see settle): until each has come past the entry or the lease it
// may have had when the entry was written is out. Nobody goes by the clock of another, nor by that of Redis.
//
// A follower that did not come past an entry in time is taken from the register, so that it holds up nobody again. It must not
// have a lease then, without being there. So a read extends the lease only when it has just written itself into
// the register, or has found itself there as it was and nothing in the log: what is written there is never the same
// twice, and is taken away only as it was when the entry was written.
//
// Nor must it have one that a master does not know of which has taken the place of its own. With Options.Replicas each read is fenced:
// those that can take that place have what stands in the register, and had not taken it yet when the read was sent.
type follower struct {
	store *Store
	cache *cache        // nil when there is none
	lease time.Duration // 0 when there is no cache
	name  string        // of this process; a reader's name in the register begins with it

	until atomic.Int64 // the lease, as a time of Store.since
	used  atomic.Bool  // whether something has been looked up of late
	down  atomic.Bool  // whether Redis has just failed to answer; the reader finds out when it does again

	mu      sync.Mutex
	at      place
	id      string  // of the reader, in the register
	marks   uint64  // how many marks were written there
	flight  *flight // the read that requests wait for
	watches map[string]map[*Watch]bool
	ready   chan struct{} // of the reader that runs, closed when it knows where to begin; nil when none does
	begun   bool          // whether it is closed
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// place is where the log has been applied up to, and the epoch to which that belongs. The zero place is none.
type place struct {
	life        uint64 // counts the places that did not follow from the one before
	last, epoch string
	mark        string // what stands in the register for it, "" when that is not so or not known
}

func newFollower(s *Store, lease time.Duration) *follower {
	f := &follower{store: s, lease: lease, name: rand.Text(), watches: map[string]map[*Watch]bool{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	if lease > 0 {
		f.cache = newCache()
	}
	return f
}

// start has a reader run. The follower is locked.
func (f *follower) start() {
	if f.ready != nil || f.ctx.Err() != nil {
		return
	}
	f.ready, f.begun = make(chan struct{}), false
	f.id = f.name + " " + rand.Text()
	f.running.Go(f.run)
}

// run reads the log until there is nothing to read it for.
func (f *follower) run() {
	asOf, used, failures := time.Now(), time.Now(), 0
	for f.wanted(&used) {
		asked := time.Now()
		_, err := f.read(f.block(used))
		if err == nil {
			// Everything that was logged before asOf has been told.
			asOf, failures = asked, 0
			f.down.Store(false)
			continue
		}
		if failures++; failures == 1 && f.known() {
			continue // a connection that was broken says nothing of the next
		}
		f.down.Store(true)
		if time.Since(asOf) > followPatience || !f.known() {
			f.lose()
		}
		pause(f.ctx, followPause)
	}
}

// known tells whether the reader has ever known where it was.
func (f *follower) known() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.begun
}

// wanted tells whether there is something to read for. When there is not, the reader is over and leaves the register, under
// a name that no other one has.
func (f *follower) wanted(used *time.Time) bool {
	if f.used.Swap(false) {
		*used = time.Now()
	}
	f.mu.Lock()
	if f.ctx.Err() == nil && (len(f.watches) > 0 || f.lease > 0 && time.Since(*used) < followRest) {
		f.mu.Unlock()
		return true
	}
	f.move(place{})
	f.ready = nil
	id := f.id
	f.mu.Unlock()
	f.down.Store(false)
	if f.lease > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), ioLimit)
		defer cancel()
		_ = f.store.client.HDel(ctx, f.store.followers(), id).Err() // or else it is taken away
	}
	return false
}

// close ends the reader. The store asks Redis from then on.
func (f *follower) close() {
	f.cancel()
	f.running.Wait()
}

// block is how long a read waits for something to come.
func (f *follower) block(used time.Time) time.Duration {
	if f.lease > 0 && time.Since(used) < followRest {
		return min(f.lease/4, followBlock)
	}
	return followBlock
}

// read reads what follows in the log, and waits for that up to block; 0 does not wait. True says that all was applied
// that had been logged when the read began. After an error nothing is known any more.
func (f *follower) read(block time.Duration) (bool, error) {
	f.mu.Lock()
	at, id := f.at, f.id
	f.mu.Unlock()
	var whole bool
	var err error
	if at.last == "" {
		at, err = f.begin()
	}
	if err == nil {
		whole, err = f.follow(at, id, block)
	}
	if err != nil {
		f.mu.Lock()
		f.move(place{})
		f.mu.Unlock()
	}
	return whole, err
}

// begin takes the end of the log as it is now for the place. What had been looked up before is forgotten, and all who watch
// look again: what is logged there may be another Redis's, which has not all that the one before it had.
func (f *follower) begin() (place, error) {
	ctx, cancel := context.WithTimeout(f.ctx, ioLimit)
	defer cancel()
	s := f.store
	pipe := s.client.Pipeline()
	newest, epoch := pipe.XRevRangeN(ctx, s.log(), "+", "-", 1), pipe.Get(ctx, s.prefix+"epoch")
	if err := perform(ctx, pipe); err != nil {
		return place{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.move(place{last: lastOf(newest), epoch: epoch.Val()})
	if f.begun {
		f.wakeAll()
	} else if f.ready != nil {
		f.begun = true
		close(f.ready)
	}
	return f.at, nil
}

// lastOf is the id of the newest entry.
func lastOf(newest *redis.XMessageSliceCmd) string {
	if entries := newest.Val(); len(entries) > 0 {
		return entries[0].ID
	}
	return "0-0"
}

// move goes to a place that does not follow from the one before. The follower is locked.
func (f *follower) move(to place) {
	to.life = f.at.life + 1
	f.at = to
	f.until.Store(0)
	f.cache.forgetAll()
}

// follow applies what follows in the log after a place. A store that has lost what it knew, or another one, has no entry for
// that, so the epoch and the end of the log are read as well.
func (f *follower) follow(at place, id string, block time.Duration) (bool, error) {
	s := f.store
	sent := s.since(s.now())
	ctx, cancel := context.WithTimeout(f.ctx, block+ioLimit)
	defer cancel()
	pipe, err := s.pipeline(ctx)
	if err != nil {
		return false, unavailable(err)
	}
	var wrote *redis.IntCmd
	var found *redis.StringCmd
	mark := at.mark
	switch {
	case f.lease == 0: // nobody waits for a follower that has no cache
	case mark == "":
		mark = f.mark(at.last)
		wrote = pipe.HSet(ctx, s.followers(), id, mark)
	default:
		found = pipe.HGet(ctx, s.followers(), id)
	}
	behind := s.fence(ctx, pipe)
	wait := block
	if block == 0 {
		wait = -1
	}
	entries := pipe.XRead(ctx, &redis.XReadArgs{Streams: []string{s.log(), at.last}, Count: followCount, Block: wait})
	epoch := pipe.Get(ctx, s.prefix+"epoch")
	newest := pipe.XRevRangeN(ctx, s.log(), "+", "-", 1)
	if err := perform(ctx, pipe); err != nil {
		return false, err
	}
	if err := behind.err(); err != nil {
		return false, err
	}
	var came []redis.XMessage
	if streams := entries.Val(); len(streams) > 0 {
		came = streams[0].Messages
	}

	f.mu.Lock()
	defer f.mu.Unlock()
	if f.at.life != at.life {
		return false, nil // it has begun elsewhere meanwhile
	}
	if epoch.Val() != at.epoch || len(came) == followCount || !f.apply(came) || earlierID(lastOf(newest), f.at.last) {
		f.move(place{})
		return false, nil
	}
	isThere := wrote != nil && wrote.Err() == nil || found != nil && found.Val() == mark
	switch {
	case !isThere && f.at.mark == mark:
		f.at.mark = ""
	case isThere && f.at.last == at.last:
		f.at.mark = mark
	}
	if at.epoch == "" {
		return false, nil // one that comes and is lost again before the next read would not show
	}
	if isThere && (wrote != nil || len(came) == 0) {
		f.until.Store(max(f.until.Load(), sent+int64(f.lease)))
	}
	return true, nil
}

// apply forgets what entries of the log are about and wakes who watches it. False says that one is missing before them. What
// another read has applied is passed over. The follower is locked.
func (f *follower) apply(entries []redis.XMessage) bool {
	for _, entry := range entries {
		if !earlierID(f.at.last, entry.ID) {
			continue
		}
		if after, _ := entry.Values["after"].(string); after != f.at.last {
			return false
		}
		user, _ := entry.Values["user"].(string)
		sid, _ := entry.Values["sid"].(string)
		f.cache.forget(user)
		for w := range f.watches[user] {
			if sid == "" || sid == w.sid {
				w.wake()
			}
		}
		f.at.last, f.at.mark = entry.ID, ""
	}
	return true
}

// mark is what a follower writes into the register: its place, its lease, and what makes it unlike all others.
func (f *follower) mark(last string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.marks++
	return fmt.Sprintf("%s %s %d", last, f.lease, f.marks)
}

// perform runs a pipeline of reads. That there is nothing is no error, nor is it that a full Redis takes nothing more: what could
// not be written shows in its own command.
func perform(ctx context.Context, pipe redis.Pipeliner) error {
	commands, err := pipe.Exec(ctx)
	if len(commands) == 0 {
		return unavailable(err)
	}
	for _, command := range commands {
		if err := command.Err(); err != nil && !errors.Is(err, redis.Nil) && !redis.IsOOMError(err) {
			return unavailable(err)
		}
	}
	return nil
}

// earlierID says whether an entry's id is earlier than another: two numbers with a dash between.
func earlierID(a, b string) bool {
	aTime, aCount, _ := strings.Cut(a, "-")
	bTime, bCount, _ := strings.Cut(b, "-")
	if aTime != bTime {
		return less(aTime, bTime)
	}
	return less(aCount, bCount)
}

// less compares two numbers without leading zeros.
func less(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
