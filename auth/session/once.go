package session

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Once tells whether this is the first time that it is asked about an id, which is not to be guessed, within a time.
// It is for what is good once and is kept elsewhere. ErrUnavailable says that nobody knows.
func (s *Store) Once(ctx context.Context, id string, within time.Duration) (first bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var set *redis.BoolCmd
	err = s.fenced(ctx, func(c redis.Cmdable) redis.Cmder {
		set = c.SetNX(ctx, s.prefix+"once:"+id, "", within)
		return set
	})
	return err == nil && set.Val(), err
}
