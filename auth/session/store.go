package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// keyPrefix holds the hash tag; the package comment says why there is one.
const keyPrefix = "{fieldgate}:"

// callLimit bounds each call, whatever the client is doing meanwhile: waiting for a connection, dialling, reading.
const callLimit = 800 * time.Millisecond

// Options are the limits of a session. A zero field stands for its default.
type Options struct {
	Lifetime time.Duration // a session ends this long after sign-in, whatever happens: 12 hours
	Idle     time.Duration // and this long after its last refresh: 2 hours

	// Lease is how long a session that was looked up may be used again after the log of what ended was last read, at most
	// MaxLease: so long a change waits at most for a gateway that is out of reach, and so soon all is refused after
	// Redis has failed. 0 keeps no session; each is looked up in Redis.
	Lease time.Duration

	// Replicas is how many replicas of Redis must have what was written before a call is answered that writes, ends or looks up
	// something: what is promised then outlives a master that is replaced by one of them, and a master that was replaced,
	// and does not know of it, is one that does not answer. 0 asks for none.
	Replicas int
}

// MaxLease bounds Options.Lease, which all who change something may have to wait.
const MaxLease = 5 * time.Second

// Store keeps sessions in Redis. It may be shared.
type Store struct {
	client   redis.UniversalClient
	now      func() time.Time
	prefix   string
	lifetime time.Duration
	idle     time.Duration
	replicas int
	base     time.Time // from which times of the lease count
	follower *follower
}

// New makes a store on a client, best one from NewClient or Embedded, which stays the caller's to close. now is the
// clock, time.Now outside of tests. Close is to be called before the client's.
func New(client redis.UniversalClient, now func() time.Time, options Options) *Store {
	s := &Store{client: client, now: now, prefix: keyPrefix, lifetime: 12 * time.Hour, idle: 2 * time.Hour, replicas: options.Replicas, base: now()}
	s.follower = newFollower(s, min(options.Lease, MaxLease))
	if options.Lifetime > 0 {
		s.lifetime = options.Lifetime
	}
	if options.Idle > 0 {
		s.idle = options.Idle
	}
	return s
}

// Close ends what the store does by itself: it reads the log while sessions are looked up or watched. Nothing is kept of them
// any more.
func (s *Store) Close() { s.follower.close() }

// since is a time that does not jump with the clock of the machine.
func (s *Store) since(now time.Time) int64 { return int64(now.Sub(s.base)) }

func (s *Store) log() string       { return s.prefix + "revocations" }
func (s *Store) followers() string { return s.prefix + "followers" }

// Start makes the epoch if there is none, so that caches have one to follow. It fails when Redis cannot be reached.
func (s *Store) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return s.fenced(ctx, func(c redis.Cmdable) redis.Cmder { return c.SetNX(ctx, s.prefix+"epoch", rand.Text(), 0) })
}

// Ping says whether Redis answers, with as many replicas as there must be.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return s.fenced(ctx, func(c redis.Cmdable) redis.Cmder { return c.Ping(ctx) })
}

// Generation returns the number of the user's roles, which is to be read before the roles themselves are: Create and
// Rotate refuse roles that were read under another one.
func (s *Store) Generation(ctx context.Context, user string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var stored *redis.StringCmd
	err := s.fenced(ctx, func(c redis.Cmdable) redis.Cmder {
		stored = c.Get(ctx, s.prefix+"user:"+user+":generation")
		return stored
	})
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	generation, err := stored.Int64()
	return generation, unavailable(err)
}

// run executes a script with the prefix, the time and then args, and returns its answer after the word it begins with;
// every word but "ok" is an error of this package, and only "reused" has an answer too. What the script has ended or changed,
// no gateway takes for what it was any more when run returns. The one key that is named, the epoch, tells Redis Cluster the slot;
// the scripts build the others, which all lie in the same one.
func (s *Store) run(ctx context.Context, script *redis.Script, args ...any) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	args = append([]any{s.prefix, millis(s.now())}, args...)
	keys := []string{s.prefix + "epoch"}
	var answer *redis.Cmd
	err := s.fenced(ctx, func(c redis.Cmdable) redis.Cmder {
		answer = script.Run(ctx, c, keys, args...)
		return answer
	})
	if redis.HasErrorPrefix(err, "NOSCRIPT") { // which Run does not see in a pipeline
		err = s.fenced(ctx, func(c redis.Cmdable) redis.Cmder {
			answer = script.Eval(ctx, c, keys, args...)
			return answer
		})
	}
	if err != nil {
		return nil, err
	}
	whole, err := answer.Slice()
	if err != nil {
		return nil, unavailable(err)
	}
	if len(whole) == logReply {
		s.settle(ctx, whole[1:])
	}
	var reply []any
	if len(whole) > 0 {
		reply, _ = whole[0].([]any)
	}
	if len(reply) == 0 {
		return nil, fmt.Errorf("%w: an empty answer", ErrUnavailable)
	}
	switch reply[0] {
	case "ok":
		return reply[1:], nil
	case "none":
		return nil, ErrNotFound
	case "reused":
		return reply[1:], ErrReused
	case "stale":
		return nil, ErrStale
	case "blocked":
		return nil, ErrBlocked
	}
	return nil, fmt.Errorf("%w: an unknown answer", ErrUnavailable)
}

// unavailable turns any failure of Redis into ErrUnavailable.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// number reads the nth value of a script's answer as a whole number.
func number(reply []any, n int) (int64, error) {
	if n < len(reply) {
		switch value := reply[n].(type) {
		case int64:
			return value, nil
		case string:
			if parsed, err := strconv.ParseInt(value, 10, 64); err == nil {
				return parsed, nil
			}
		}
	}
	return 0, fmt.Errorf("%w: an answer that is not a number", ErrUnavailable)
}
