package session

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// cacheSets and cacheWays bound what is kept: a session has its place in one set, by its id, with so many others. They
	// are 65,536 sessions together, and half a megabyte of places.
	cacheSets, cacheWays = 1 << 13, 8
	// cacheUsers is how many numbers there are for all users; those who share one are forgotten together.
	cacheUsers = 1 << 12
	// seenEvery is how often it is noted that a session is used. A session is looked up for that, if for nothing else.
	seenEvery = time.Minute
)

// cache keeps sessions as they were looked up. It reads without a lock and knows nothing of Redis.
//
// What is to be forgotten is numbered. A session has the number of the last thing that had been forgotten when its look-up
// was sent, and is good while nothing newer is about it. So no look-up that was under way meanwhile is kept.
type cache struct {
	seed maphash.Seed
	sets [cacheSets][cacheWays]atomic.Pointer[kept]

	count atomic.Uint64             // the last number
	all   atomic.Uint64             // what was kept before this one is forgotten
	users [cacheUsers]atomic.Uint64 // so is what was kept of a user before theirs
	mu    sync.Mutex                // of who changes something; due is changed without it
}

// kept is a session in the cache.
type kept struct {
	Session
	holder string
	number uint64
	user   *atomic.Uint64 // of cache.users
	due    atomic.Int64   // when it is looked up again, to note that it was seen, in milliseconds
}

func newCache() *cache { return &cache{seed: maphash.MakeSeed()} }

func (c *cache) set(sid string) *[cacheWays]atomic.Pointer[kept] {
	return &c.sets[maphash.String(c.seed, sid)%cacheSets]
}

func (c *cache) user(user string) *atomic.Uint64 {
	return &c.users[maphash.String(c.seed, user)%cacheUsers]
}

// find returns a session that is good now, or nil. When it is time to note that the session was seen, one caller is given
// nil, who looks it up.
func (c *cache) find(holder, sid string, now time.Time) *kept {
	set := c.set(sid)
	for i := range set {
		k := set[i].Load()
		if k == nil || k.ID != sid || k.holder != holder {
			continue
		}
		if !c.good(k, now) {
			return nil
		}
		ms := now.UnixMilli()
		if due := k.due.Load(); ms >= due && k.due.CompareAndSwap(due, ms+seenEvery.Milliseconds()) {
			return nil
		}
		return k
	}
	return nil
}

// good says whether nothing has happened to a session since, by itself or by time. What this gateway has given an end, by
// plainAge, goes by a clock that is never set back.
func (c *cache) good(k *kept, now time.Time) bool {
	return k.number >= c.all.Load() && k.number >= k.user.Load() && now.Before(k.Expires)
}

// put keeps a session that was looked up, when number was the last one. It takes the place of the same session, or of
// one that is good no more, or of the one of its set that will have been used the longest ago.
func (c *cache) put(s Session, number uint64, now time.Time) {
	k := &kept{Session: s, holder: s.Holder(), number: number, user: c.user(s.User)}
	ms := now.UnixMilli()
	due := s.Seen.Add(seenEvery).UnixMilli()
	if due <= ms { // a Redis that is full has not noted it
		due = ms + seenEvery.Milliseconds()
	}
	k.due.Store(due)
	c.mu.Lock()
	defer c.mu.Unlock()
	set, place, oldest := c.set(s.ID), 0, int64(1<<63-1)
	for i := range set {
		old := set[i].Load()
		age := int64(-1)
		switch {
		case old != nil && old.ID == s.ID:
			set[i].Store(k)
			return
		case old != nil && c.good(old, now):
			age = old.due.Load()
		}
		if age < oldest {
			place, oldest = i, age
		}
	}
	set[place].Store(k)
}

// remove forgets one session of a holder, which the store says they do not have.
func (c *cache) remove(holder, sid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	set := c.set(sid)
	for i := range set {
		if k := set[i].Load(); k != nil && k.ID == sid && k.holder == holder {
			set[i].Store(nil)
		}
	}
}

// forget forgets a user's sessions and their clients'.
func (c *cache) forget(user string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.user(user).Store(c.count.Add(1))
}

// forgetAll forgets everything.
func (c *cache) forgetAll() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Store(c.count.Add(1))
}
