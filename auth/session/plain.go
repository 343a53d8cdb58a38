package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// plainAge is how long a session of someone else's is kept at most: whoever ends it may not tell the log.
const plainAge = time.Second

// Plain returns nil when a session of someone else's lives: when this key of Redis, which is theirs to write, has a value.
// ErrNotFound says that it has none.
//
// With a lease it may have that from before, but not longer than the key lasts, nor than a second. Who ends such a session
// deletes the key and then writes an entry into the log, of a user who is called like the key.
func (s *Store) Plain(ctx context.Context, key string) error {
	_, err := s.find(ctx, key, key, (*Store).askPlain)
	return err
}

// askPlain asks Redis for the value of a key, which is a session of its own user.
func (s *Store) askPlain(ctx context.Context, key, _ string) (Session, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if s.follower.cache == nil {
		value, err := s.client.Get(ctx, key).Result()
		return Session{}, plainError(value, err)
	}
	sent := s.now()
	pipe := s.client.Pipeline()
	value, left := pipe.Get(ctx, key), pipe.PTTL(ctx, key)
	if _, err := pipe.Exec(ctx); err != nil {
		return Session{}, plainError("", err)
	}
	if err := plainError(value.Val(), left.Err()); err != nil {
		return Session{}, err
	}
	lasts := plainAge
	if left.Val() >= 0 { // it ends by itself
		lasts = min(left.Val(), plainAge)
	}
	return Session{ID: key, User: key, Expires: sent.Add(lasts)}, nil
}

// plainError is ErrNotFound for what is no session, and ErrUnavailable when that is not known.
func plainError(value string, err error) error {
	switch {
	case errors.Is(err, redis.Nil), err == nil && value == "":
		return ErrNotFound
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return fmt.Errorf("%w: not a plain value", ErrNotFound)
	}
	return unavailable(err)
}
