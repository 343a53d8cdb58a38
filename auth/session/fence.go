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
	// fenceKept is how long the key that is written for them stays there, once nobody writes it.
	fenceKept = time.Hour
)

// fence is a write in a pipeline, and how many replicas have it.
type fence struct {
	wrote *redis.BoolCmd
	have  *redis.Cmd
	want  int
}

// fence has a pipeline of ours write, and wait until Options.Replicas have that and all that its server had written before. Only their
// master tells them, so none of them had taken its place when the pipeline was sent.
func (s *Store) fence(ctx context.Context, pipe redis.Pipeliner) fence {
	if s.replicas == 0 {
		return fence{}
	}
	// WAIT is about what its connection has written. A full server takes this write, which needs no more memory.
	wrote := pipe.PExpire(ctx, s.prefix+"fence", fenceKept)
	return fence{wrote, pipe.Do(ctx, "WAIT", s.replicas, fenceLimit.Milliseconds()), s.replicas}
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
	if !f.wrote.Val() {
		return fmt.Errorf("%w: it could not write", ErrUnavailable)
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
	if err := sent.Err(); err != nil && !errors.Is(err, redis.Nil) {
		return unavailable(err)
	}
	if err := behind.err(); err != nil {
		return err
	}
	return unavailable(sent.Err())
}

// pipeline is one to the server that has the keys: WAIT has none by which a cluster's client would send it there. It begins with a
// write, which a replica refuses, and a master that was cut off by min-replicas-to-write. As it is the first the client drops a
// connection that leads to such a one.
func (s *Store) pipeline(ctx context.Context) (redis.Pipeliner, error) {
	pipe := s.client.Pipeline()
	if s.replicas == 0 {
		pipe.Del(ctx, s.prefix+"none") // changes nothing, and a full server takes it
		return pipe, nil
	}
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		master, err := cluster.MasterForKey(ctx, s.prefix)
		if err != nil {
			return nil, err
		}
		pipe = master.Pipeline()
	}
	pipe.SetNX(ctx, s.prefix+"fence", "", fenceKept)
	return pipe, nil
}
