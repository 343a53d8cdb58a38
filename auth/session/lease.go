package session

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// holds says whether the lease is not out: whether the cache may be used for what is asked now.
func (f *follower) holds(now time.Time) bool {
	if !f.used.Load() { // only read where many ask
		f.used.Store(true)
	}
	return f.store.since(now) < f.until.Load()
}

// flight is a read that others wait for.
type flight struct {
	done chan struct{}
	err  error
}

// renew has the log read when the lease is out: once for all who ask meanwhile. True says that all has been applied that had
// been logged when it was called; who has waited for another's read may find a lease instead, or asks Redis for the session.
// When Redis does not answer nobody waits for it but one, and then the reader.
func (f *follower) renew(ctx context.Context) (bool, error) {
	f.mu.Lock()
	f.start()
	if f.holds(f.store.now()) || f.ctx.Err() != nil {
		f.mu.Unlock()
		return false, nil
	}
	if f.down.Load() {
		f.mu.Unlock()
		return false, errAway
	}
	if other := f.flight; other != nil {
		f.mu.Unlock()
		select {
		case <-other.done:
			return false, other.err
		case <-ctx.Done():
			return false, unavailable(ctx.Err())
		}
	}
	mine := &flight{done: make(chan struct{})}
	f.flight = mine
	f.mu.Unlock()
	fresh, err := f.read(0) // not with the caller's context: others wait for it
	if err != nil {
		f.down.Store(true)
	}
	f.mu.Lock()
	f.flight = nil
	f.mu.Unlock()
	mine.err = err
	close(mine.done)
	return fresh, err
}

// errAway says that Redis has just failed to answer.
var errAway = fmt.Errorf("%w: it has just failed to answer", ErrUnavailable)

// settle returns when no gateway takes for good any more what an entry of the log is about. logged has the entry, its user, and
// the register of followers when it was written. Each of them is waited for until it has come past the entry, or until
// the lease is out that it may have had then, and is taken from the register in that case. This store's own is waited for as well
// when the entry is another's, and so of no user that is known here.
func (s *Store) settle(ctx context.Context, logged []any) {
	entry, _ := logged[0].(string)
	user, _ := logged[1].(string)
	s.follower.cache.forget(user)
	register, _ := logged[2].([]any)
	waiting, longest := map[string]string{}, time.Duration(0)
	for i := 0; i+1 < len(register); i += 2 {
		id, _ := register[i].(string)
		mark, _ := register[i+1].(string)
		own := user != "" && strings.HasPrefix(id, s.follower.name)
		if !own && !past(mark, entry) {
			waiting[id], longest = mark, max(longest, leaseOf(mark))
		}
	}
	if len(waiting) == 0 {
		return
	}
	// Who is not told of what is done already goes on waiting: it is done.
	written := time.Now()
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), written.Add(longest))
	defer cancel()
	for polls := 0; len(waiting) > 0; polls++ {
		if polls > 5 { // most are past it by then, and no sleep is shorter than a millisecond where nothing else happens
			time.Sleep(time.Millisecond)
		}
		marks, err := s.client.HGetAll(ctx, s.followers()).Result()
		waited := time.Since(written)
		var gone []any
		for id, mark := range waiting {
			switch {
			case err == nil && past(marks[id], entry):
				delete(waiting, id)
			case waited >= leaseOf(mark):
				delete(waiting, id)
				gone = append(gone, id, mark)
			}
		}
		if len(gone) > 0 {
			s.strike(gone)
		}
	}
}

// past says whether a follower with this mark has applied the log up to an entry.
func past(mark, entry string) bool {
	last, _, _ := strings.Cut(mark, " ")
	return last != "" && !earlierID(last, entry)
}

// leaseOf is how long to wait for a follower with this mark: its lease, and some more as no two clocks are as fast.
func leaseOf(mark string) time.Duration {
	_, rest, _ := strings.Cut(mark, " ")
	text, _, _ := strings.Cut(rest, " ")
	lease, err := time.ParseDuration(text)
	if err != nil || lease > MaxLease {
		lease = MaxLease
	}
	return lease + lease/32
}

// strike takes followers from the register, given by their ids and marks in turn, which have not written themselves there since.
// Those that cannot be taken from it now are waited for again.
func (s *Store) strike(gone []any) {
	ctx, cancel := context.WithTimeout(context.Background(), ioLimit)
	defer cancel()
	_ = strikeScript.Run(ctx, s.client, []string{s.followers()}, gone...).Err()
}

var strikeScript = redis.NewScript(`
for i = 1, #ARGV, 2 do
	if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 0
`)
