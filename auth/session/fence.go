package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// fenceLimit is how long replicas may take to confirm. With what else a read of the log waits for it is within ioLimit.
	fenceLimit = 200 * time.Millisecond
	// fenceEvery is how often a server has to take a write for the log to be followed on it, also when no replica is to confirm: a
	// replica takes none, nor does a master that was cut off, by min-replicas-to-write.
	fenceEvery = time.Second
)

// fence is a write in a pipeline, and how many replicas have it.
type fence struct {
	wrote *redis.StatusCmd
	have  *redis.Cmd // nil when none is to confirm
	want  int
}

// fence has a pipeline write, and wait until Options.Replicas have that and all that its server had written before. Only their master
// tells them, so none of them had taken its place when the pipeline was sent.
func (s *Store) fence(ctx context.Context, pipe redis.Pipeliner) fence {
	f := fence{wrote: pipe.Set(ctx, s.prefix+"fence", "", 0), want: s.replicas} // WAIT is about what its connection has written
	if f.want > 0 {
		f.have = pipe.Do(ctx, "WAIT", f.want, fenceLimit.Milliseconds())
	}
	return f
}

// err says why replicas that are to confirm have not, once the pipeline has run.
func (f fence) err() error {
	if f.have == nil {
		return nil
	}
	n, err := f.have.Int()
	if err := errors.Join(f.wrote.Err(), err); err != nil {
		return unavailable(err)
	}
	if n < f.want {
		return fmt.Errorf("%w: %d replicas confirm, and %d must: %w", ErrUnavailable, n, f.want, os.ErrDeadlineExceeded)
	}
	return nil
}

// fenced executes a command, and returns its error or that of the fence behind it.
func (s *Store) fenced(ctx context.Context, command func(redis.Cmdable) redis.Cmder) error {
	if s.replicas == 0 {
		return unavailable(command(s.client).Err())
	}
	pipe, err := s.pipeline(ctx)
	if err != nil {
		return unavailable(err)
	}
	sent, behind := command(pipe), s.fence(ctx, pipe)
	_, _ = pipe.Exec(ctx) // each command has its own error
	if err := sent.Err(); err != nil {
		return unavailable(err)
	}
	return behind.err()
}

// pipeline is one to the server that has the keys: WAIT has none by which a cluster's client would send it there.
func (s *Store) pipeline(ctx context.Context) (redis.Pipeliner, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok || s.replicas == 0 {
		return s.client.Pipeline(), nil
	}
	master, err := cluster.MasterForKey(ctx, s.prefix)
	if err != nil {
		return nil, err
	}
	return master.Pipeline(), nil
}
