package session

import (
	"context"
	"time"
)

// Once tells whether this is the first time that it is asked about an id, which is not to be guessed, within a time.
// It is for what is good once and is kept elsewhere. ErrUnavailable says that nobody knows.
func (s *Store) Once(ctx context.Context, id string, within time.Duration) (first bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	first, err = s.client.SetNX(ctx, s.prefix+"once:"+id, "", within).Result()
	return first, unavailable(err)
}
