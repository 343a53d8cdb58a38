package token

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"
)

const (
	// cacheSets is how many sets a Cache has, and cacheWays how many tokens a set remembers: 16,384 in all, of about a kilobyte.
	cacheSets = 1 << 12
	cacheWays = 4
)

// Cache remembers the tokens of an authority that were good, so that the signature of each is verified once and not with every
// request. It may be shared, and takes no lock.
//
// What it knows a token by is its SHA-256: nobody finds two texts of one hash, and what is in memory is no credential. It
// remembers what does not change, which is what was signed, and judges that by the clock each time anew, as Verify does. An
// authority never has other keys, so a gateway that starts without a key that it had before remembers nothing of it. A set
// that is full gives up the token that is over first, which is verified again when it comes: whoever has many good tokens
// makes those of others cost what they would without a Cache.
type Cache[T any] struct {
	of     *Authority
	others func(raw string) (*T, time.Time, error) // nil for none
	sets   []cacheSet[T]
}

// cacheSet is where the tokens are whose keys begin alike.
type cacheSet[T any] [cacheWays]atomic.Pointer[Verified[T]]

// Verified is a good token, shared by all who ask with it: nobody changes its claims.
type Verified[T any] struct {
	payload
	// Made is what whoever verifies the token makes of it, for the next time.
	Made atomic.Pointer[T]

	key   [sha256.Size]byte
	other bool // whether it is none of the authority's: of its claims only ExpiresAt is set
}

// NewCache makes an empty cache of the authority's tokens.
func NewCache[T any](of *Authority) *Cache[T] { return newCache[T](of, cacheSets) }

func newCache[T any](of *Authority, sets int) *Cache[T] {
	return &Cache[T]{of: of, sets: make([]cacheSet[T], sets)}
}

// Others has the cache remember tokens that are none of the authority's too: verify returns what is made of one that is good,
// and from when on it is over. It is called before the cache is used.
func (c *Cache[T]) Others(verify func(raw string) (made *T, over time.Time, err error)) {
	c.others = verify
}

// Verify is the authority's Verify: it gives the same claims, and the same errors. Of another's token it gives what was made of
// it, and the errors are those of verify.
func (c *Cache[T]) Verify(raw string) (*Verified[T], error) {
	var room [1024]byte // a token of ours is shorter
	key := sha256.Sum256(append(room[:0], raw...))
	if known := c.find(key); known != nil {
		if err := c.check(known); err != nil {
			c.Forget(known)
			return nil, err
		}
		return known, nil
	}
	read, err := c.of.verify(raw)
	v := &Verified[T]{payload: read, key: key}
	if err != nil && !errors.Is(err, ErrExpired) && c.others != nil {
		var made *T
		made, v.ExpiresAt, err = c.others(raw)
		v.other = true
		v.Made.Store(made)
	}
	if err != nil {
		return nil, err
	}
	c.keep(v)
	return v, nil
}

// check judges by the clock what was good before.
func (c *Cache[T]) check(v *Verified[T]) error {
	if !v.other {
		return c.of.check(&v.payload)
	}
	if !c.of.now().Before(v.ExpiresAt) {
		return ErrExpired
	}
	return nil
}

// set is where a token may be.
func (c *Cache[T]) set(key [sha256.Size]byte) *cacheSet[T] {
	return &c.sets[binary.LittleEndian.Uint64(key[:])%uint64(len(c.sets))]
}

func (c *Cache[T]) find(key [sha256.Size]byte) *Verified[T] {
	set := c.set(key)
	for i := range set {
		if v := set[i].Load(); v != nil && v.key == key {
			return v
		}
	}
	return nil
}

// keep puts a token where it was before, where none is, or in place of the one that is over first.
func (c *Cache[T]) keep(v *Verified[T]) {
	set := c.set(v.key)
	place, over := &set[0], set[0].Load()
	for i := range set {
		there := set[i].Load()
		if there == nil || there.key == v.key {
			place = &set[i]
			break
		}
		if there.ExpiresAt.Before(over.ExpiresAt) {
			place, over = &set[i], there
		}
	}
	place.Store(v)
}

// Forget has the token verified again when it comes the next time.
func (c *Cache[T]) Forget(v *Verified[T]) {
	set := c.set(v.key)
	for i := range set {
		set[i].CompareAndSwap(v, nil)
	}
}
