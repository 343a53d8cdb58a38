package session

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestCache: what is found again of a session that was kept, after this or that has happened.
func TestCache(t *testing.T) {
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	of := Session{ID: newID(), User: "US1", Expires: start.Add(time.Hour), Seen: start}
	ofClient := Session{ID: newID(), User: "US1", OAuthClient: "OC1", Expires: start.Add(time.Hour), Seen: start}
	for name, row := range map[string]struct {
		session Session
		happens func(c *cache)
		holder  string
		after   time.Duration
		found   bool
	}{
		"nothing":                            {of, func(*cache) {}, "US1", 0, true},
		"a client's":                         {ofClient, func(*cache) {}, "OC1", 0, true},
		"a client's, by its user":            {ofClient, func(*cache) {}, "US1", 0, false},
		"another's":                          {of, func(*cache) {}, "US2", 0, false},
		"the user is forgotten":              {of, func(c *cache) { c.forget("US1") }, "US1", 0, false},
		"the client's user is forgotten":     {ofClient, func(c *cache) { c.forget("US1") }, "OC1", 0, false},
		"another user is forgotten":          {of, func(c *cache) { c.forget("US2") }, "US1", 0, true},
		"all is forgotten":                   {of, func(c *cache) { c.forgetAll() }, "US1", 0, false},
		"it is removed":                      {of, func(c *cache) { c.remove("US1", of.ID) }, "US1", 0, false},
		"it is removed as another's":         {of, func(c *cache) { c.remove("US2", of.ID) }, "US1", 0, true},
		"it was looked up before, kept late": {of, func(c *cache) { n := c.count.Load(); c.forget("US1"); c.put(of, n, start) }, "US1", 0, false},
		"it is kept again":                   {of, func(c *cache) { c.forget("US1"); c.put(of, c.count.Load(), start) }, "US1", 0, true},
		"just before the minute":             {of, func(*cache) {}, "US1", time.Minute - time.Millisecond, true},
		"a minute: to be noted":              {of, func(*cache) {}, "US1", time.Minute, false},
		"just before it is over":             {Session{ID: of.ID, User: "US1", Expires: start.Add(time.Second), Seen: start}, func(*cache) {}, "US1", time.Second - time.Millisecond, true},
		"over":                               {Session{ID: of.ID, User: "US1", Expires: start.Add(time.Second), Seen: start}, func(*cache) {}, "US1", time.Second, false},
		"not noted by a full Redis":          {Session{ID: of.ID, User: "US1", Expires: start.Add(time.Hour), Seen: start.Add(-time.Hour)}, func(*cache) {}, "US1", time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCache()
			c.put(row.session, c.count.Load(), start)
			row.happens(c)
			if k := c.find(row.holder, row.session.ID, start.Add(row.after)); (k != nil) != row.found {
				t.Errorf("found %v", k)
			}
		})
	}
}

// TestOneNotesThatItWasSeen: when a minute is over, one of many has to look the session up.
func TestOneNotesThatItWasSeen(t *testing.T) {
	now := time.Now()
	c := newCache()
	of := Session{ID: newID(), User: "US1", Expires: now.Add(time.Hour), Seen: now}
	c.put(of, 0, now)
	var asking sync.WaitGroup
	missed := make(chan bool, 100)
	for range cap(missed) {
		asking.Go(func() { missed <- c.find("US1", of.ID, now.Add(time.Minute)) == nil })
	}
	asking.Wait()
	close(missed)
	n := 0
	for miss := range missed {
		if miss {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d have to", n)
	}
}

// TestCacheIsBounded: of more sessions than there are places, those stay that were used, and what is over goes first.
func TestCacheIsBounded(t *testing.T) {
	now := time.Now()
	c := newCache()
	// As many of one set as it takes, each used a second later than the one before.
	var ids []string
	for first := c.set("x"); len(ids) < cacheWays+2; {
		if id := newID(); c.set(id) == first {
			ids = append(ids, id)
		}
	}
	for i, id := range ids[:cacheWays] {
		used := now.Add(time.Duration(i) * time.Second)
		c.put(Session{ID: id, User: fmt.Sprint("US", i), Expires: now.Add(time.Hour), Seen: used}, 0, now)
	}
	c.forget("US3")
	there := func() (n int) {
		for _, id := range ids {
			for i := range c.set(id) {
				if k := c.set(id)[i].Load(); k != nil && k.ID == id {
					n++
				}
			}
		}
		return n
	}
	kept := func(i int) bool { return c.find(fmt.Sprint("US", i), ids[i], now) != nil }
	c.put(Session{ID: ids[cacheWays], User: fmt.Sprint("US", cacheWays), Expires: now.Add(time.Hour), Seen: now.Add(time.Minute)}, c.count.Load(), now)
	if !kept(cacheWays) || !kept(0) || kept(3) || there() != cacheWays {
		t.Errorf("the first one more: %v, %v, %v, %d", kept(cacheWays), kept(0), kept(3), there())
	}
	c.put(Session{ID: ids[cacheWays+1], User: fmt.Sprint("US", cacheWays+1), Expires: now.Add(time.Hour), Seen: now.Add(time.Minute)}, c.count.Load(), now)
	if !kept(cacheWays+1) || kept(0) || !kept(1) || there() != cacheWays {
		t.Errorf("the second one more: %v, %v, %v, %d", kept(cacheWays+1), kept(0), kept(1), there())
	}
}
