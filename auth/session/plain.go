package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Plain returns nil when a session of someone else's lives: when this key of Redis, which is theirs to write, has a value.
// ErrNotFound says that it has none. Who ends such a session deletes the key, and then tells the caches through the log:
//
//	DEL <key>
//	XADD {fieldgate}:revocations MAXLEN ~ 10000 * kind end user <key> sid ""
func (s *Store) Plain(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	value, err := s.client.Get(ctx, key).Result()
	switch {
	case errors.Is(err, redis.Nil), err == nil && value == "":
		return ErrNotFound
	case err != nil && redis.HasErrorPrefix(err, "WRONGTYPE"):
		return fmt.Errorf("%w: not a plain value", ErrNotFound)
	}
	return unavailable(err)
}
