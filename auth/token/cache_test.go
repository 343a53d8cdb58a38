package token

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// remembered is how many tokens a cache remembers.
func remembered[T any](c *Cache[T]) (n int) {
	for i := range c.sets {
		for j := range c.sets[i] {
			if c.sets[i][j].Load() != nil {
				n++
			}
		}
	}
	return n
}

// same checks that a cache says of a token what its authority says, once it is remembered too.
func same(t *testing.T, f *forger, c *Cache[int], name, raw string) {
	t.Helper()
	want, wantErr := f.Verify(raw)
	for _, turn := range []string{"first", "second"} {
		got, err := c.Verify(raw)
		switch {
		case wantErr == nil && (err != nil || !reflect.DeepEqual(got.Claims, want)):
			t.Errorf("%s, the %s time: %+v, %v; want %+v", name, turn, got, err, want)
		case wantErr != nil && (got != nil || err == nil || err.Error() != wantErr.Error() || errors.Is(err, ErrExpired) != errors.Is(wantErr, ErrExpired)):
			t.Errorf("%s, the %s time: %+v, %v; want %v", name, turn, got, err, wantErr)
		}
	}
}

// TestCacheByTheClock: a token that is remembered is good for as long as it would be anyway, to the nanosecond.
func TestCacheByTheClock(t *testing.T) {
	f := newForger(t)
	raw := f.withClaim("nbf", start.Unix())
	for _, row := range []struct {
		name string
		at   time.Time
		kept int
		err  error
	}{
		{"when it is issued", start, 1, nil},
		{"when it is over, within leeway", start.Add(TTL), 1, nil},
		{"the last moment", start.Add(TTL + Leeway - 1), 1, nil},
		{"the end", start.Add(TTL + Leeway), 0, ErrExpired},
		{"after the end", start.Add(TTL + Leeway + time.Second), 0, ErrExpired},
		{"before it is issued, within leeway", start.Add(-Leeway), 1, nil},
		{"a clock that was set back", start.Add(-Leeway - 1), 0, ErrInvalid},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := NewCache[int](f.Authority)
			f.now = start
			if _, err := c.Verify(raw); err != nil || remembered(c) != 1 {
				t.Fatalf("%v, %d remembered", err, remembered(c))
			}
			f.now = row.at
			if _, err := c.Verify(raw); !errors.Is(err, row.err) || errors.Is(err, ErrExpired) != (row.err == ErrExpired) {
				t.Errorf("%v, want %v", err, row.err)
			}
			if remembered(c) != row.kept {
				t.Errorf("%d are remembered, want %d", remembered(c), row.kept)
			}
			same(t, f, c, row.name, raw)
		})
	}
}

// TestCacheOfGoodTokensAlone: what is refused is not remembered, so a token that is not yet in force is good in time.
func TestCacheOfGoodTokensAlone(t *testing.T) {
	f := newForger(t)
	c := NewCache[int](f.Authority)
	later := f.withClaim("nbf", start.Add(Leeway+time.Second).Unix())
	for name, raw := range map[string]string{
		"not yet in force": later, "another audience": f.withClaim("aud", "other"), "nothing": "", "no token": strings.Repeat("x", 2*MaxSize),
		"over": f.sign(f.header(nil), f.claims(map[string]any{"iat": start.Add(-2 * TTL).Unix(), "exp": start.Add(-TTL).Unix()})),
	} {
		same(t, f, c, name, raw)
		if n := remembered(c); n != 0 {
			t.Errorf("%s: %d tokens are remembered", name, n)
		}
	}
	f.now = start.Add(time.Second)
	same(t, f, c, "in force", later)
	if n := remembered(c); n != 1 {
		t.Errorf("%d tokens are remembered, want the good one", n)
	}
}

// TestCacheTakesNoOther: what resembles a token that is remembered is not taken for it.
func TestCacheTakesNoOther(t *testing.T) {
	f := newForger(t)
	c := NewCache[int](f.Authority)
	good, other := f.withClaim("jti", "j1"), f.withClaim("jti", "j2")
	for _, raw := range []string{good, other} {
		same(t, f, c, "good", raw)
	}
	parts, others := strings.Split(good, "."), strings.Split(other, ".")
	forged := map[string]string{
		"one letter more": good + "A", "a line break": good + "\n", "one letter less": good[:len(good)-1], "a part less": parts[0] + "." + parts[1],
		"another's signature": parts[0] + "." + parts[1] + "." + others[2], "another's claims": parts[0] + "." + others[1] + "." + parts[2],
		"in capitals": strings.ToUpper(good),
	}
	for i := range good {
		swapped := []byte(good)
		if swapped[i] = 'A'; good[i] == 'A' {
			swapped[i] = 'B'
		}
		forged["letter "+string(rune(i))] = string(swapped)
	}
	for name, raw := range forged {
		if v, err := c.Verify(raw); err == nil {
			t.Errorf("%s is taken for %+v", name, v.Claims)
		}
	}
	if n := remembered(c); n != 2 {
		t.Errorf("%d tokens are remembered, want the two that are good", n)
	}
}

// TestCacheOfOtherKeys: a key that was taken away takes its tokens with it.
func TestCacheOfOtherKeys(t *testing.T) {
	f := newForger(t)
	old, fresh := signWith(f, seededKey(1)), f.withClaim("jti", "j2") // the second key signs
	before := NewCache[int](f.Authority)
	same(t, f, before, "old", old)
	same(t, f, before, "fresh", fresh)
	keys, err := NewKeys(seededKey(2))
	if err != nil {
		t.Fatal(err)
	}
	rotated := &forger{now: start}
	if rotated.Authority, err = NewAuthority(keys, f.issuer, f.audience, func() time.Time { return rotated.now }); err != nil {
		t.Fatal(err)
	}
	after := NewCache[int](rotated.Authority)
	for name, row := range map[string]struct {
		raw  string
		good bool
	}{"of the key that is gone": {old, false}, "of the key that is left": {fresh, true}} {
		same(t, rotated, after, name, row.raw)
		if _, err := after.Verify(row.raw); (err == nil) != row.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCacheKeeps is about which token of a set has to go, and tells keys apart by their last byte.
func TestCacheKeeps(t *testing.T) {
	c := newCache[int](newForger(t).Authority, 1)
	one := func(n byte, over time.Duration) *Verified[int] {
		v := &Verified[int]{}
		v.key[31], v.ExpiresAt = n, start.Add(over)
		return v
	}
	all := []*Verified[int]{one(0, 4), one(1, 2), one(2, 3), one(3, 5)}
	for _, v := range all {
		c.keep(v)
	}
	check := func(name string, gone ...byte) {
		t.Helper()
		for _, v := range all {
			want := v
			if strings.ContainsRune(string(gone), rune(v.key[31])) {
				want = nil
			}
			if c.find(v.key) != want {
				t.Errorf("%s: token %d is %p, want %p", name, v.key[31], c.find(v.key), want)
			}
		}
	}
	check("as many as there is room for")
	again := one(2, 3)
	c.keep(again)
	all[2] = again
	check("the same again takes its own place")
	all = append(all, one(4, 6))
	c.keep(all[4])
	check("the one that is over first goes", 1)
	c.Forget(all[0])
	c.Forget(one(3, 5)) // not the one that is there
	check("one is forgotten", 0, 1)
	all = append(all, one(5, 1))
	c.keep(all[5])
	check("its place is taken", 0, 1)
}

// TestCacheIsBounded: however many good tokens come, no more are remembered than there is room for, the last among them.
func TestCacheIsBounded(t *testing.T) {
	f := newForger(t)
	const sets = 8
	c := newCache[int](f.Authority, sets)
	for i := range 10 * sets * cacheWays {
		v, err := c.Verify(f.withClaim("jti", strconv.Itoa(i)))
		if err != nil || c.find(v.key) != v {
			t.Fatalf("token %d: %v, or it is not remembered", i, err)
		}
	}
	if n := remembered(c); n != sets*cacheWays {
		t.Errorf("%d tokens are remembered, and there is room for %d", n, sets*cacheWays)
	}
}

// TestCacheAgrees asks for tokens of all kinds in any order while the clock goes and is set back: the cache never says
// anything else than the authority.
func TestCacheAgrees(t *testing.T) {
	f := newForger(t)
	c, random := NewCache[int](f.Authority), rand.New(rand.NewPCG(3, 4))
	near := func() int64 { return start.Unix() + random.Int64N(180) - 90 }
	var raws []string
	for range 100 {
		change := map[string]any{"iat": near(), "exp": near() + int64(random.IntN(2))*570}
		change["jti"] = "j" + string(rune('a'+random.IntN(26)))
		for _, other := range []struct {
			name  string
			value any
		}{ // in this order, so that each run has the same cases
			{"nbf", near()}, {"aud", "other"}, {"iss", "https://other.example"}, {"roles", []string{}}, {"aud", []string{"other", "fieldgate"}},
		} {
			if random.IntN(5) == 0 {
				change[other.name] = other.value
			}
		}
		raw := f.sign(f.header(nil), f.claims(change))
		if random.IntN(8) == 0 {
			raw = raw[:random.IntN(len(raw))]
		}
		raws = append(raws, raw)
	}
	good := 0
	for range 2000 {
		f.now = start.Add(time.Duration(random.Int64N(int64(2*TTL))) - TTL/2)
		raw := raws[random.IntN(len(raws))]
		same(t, f, c, f.now.String(), raw)
		if _, err := f.Verify(raw); err == nil {
			good++
		}
	}
	if good < 200 || good > 1800 {
		t.Errorf("of 2000, %d were good: these cases say little", good)
	}
}

// TestCacheAtOnce asks for more tokens than there is room for, and forgets some, all at once.
func TestCacheAtOnce(t *testing.T) {
	f := newForger(t)
	c := newCache[int](f.Authority, 1)
	var crowd []string
	for i := range 2 * cacheWays {
		crowd = append(crowd, f.withClaim("jti", strconv.Itoa(i)))
	}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 0))
			for range 200 {
				i := random.IntN(len(crowd))
				v, err := c.Verify(crowd[i])
				if err != nil || v.ID != strconv.Itoa(i) {
					t.Errorf("token %d: %+v, %v", i, v, err)
					return
				}
				v.Made.Store(&i)
				if made := v.Made.Load(); *made != i {
					t.Errorf("token %d has what was made of %d", i, *made)
				}
				if random.IntN(4) == 0 {
					c.Forget(v)
				}
			}
		})
	}
	all.Wait()
}
