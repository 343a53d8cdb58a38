package events

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/fieldgate/fieldgate/internal/upstream"
	"github.com/redis/go-redis/v9"
)

// feed is what Redis tells of one account, and who is told of it here.
type feed struct {
	account string
	stop    context.CancelFunc
	joined  int           // guarded by the Bus
	ready   chan struct{} // closed when it has begun, or will not

	mu      sync.Mutex
	streams map[*stream]bool
	began   bool
	ended   error // set when nothing more comes
}

// run subscribes and passes on what comes, until ctx ends or Redis stops answering: then
// all streams end, and the feed is of no use any more. before is called ahead of that.
func (f *feed) run(ctx context.Context, subscription *redis.PubSub, before func()) error {
	defer subscription.Close()
	defer context.AfterFunc(ctx, func() { subscription.Close() })() // it may be waiting
	err := f.subscribe(ctx, subscription)
	if err == nil {
		err = f.listen(ctx, subscription)
	}
	before()
	f.end(unavailable(err))
	return err
}

// subscribe returns when Redis has said that everything from now on will come.
func (f *feed) subscribe(ctx context.Context, subscription *redis.PubSub) error {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if err := subscription.Subscribe(limited, channelPrefix+f.account); err != nil {
		return err
	}
	told, err := subscription.ReceiveTimeout(limited, callLimit)
	if err != nil {
		return err
	}
	if _, is := told.(*redis.Subscription); !is {
		return fmt.Errorf("a subscription is answered with a %T", told)
	}
	f.mu.Lock()
	f.began = true
	f.mu.Unlock()
	close(f.ready)
	return nil
}

// listen passes events on. The client would connect anew by itself and lose what comes
// meanwhile, so its first error is the end. A connection on which nothing comes is tried.
func (f *feed) listen(ctx context.Context, subscription *redis.PubSub) error {
	asked := false
	for {
		told, err := subscription.ReceiveTimeout(ctx, silence)
		var late net.Error
		switch {
		case err == nil:
			asked = false
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.As(err, &late) || !late.Timeout() || asked:
			return err
		default:
			asked = true
			limited, cancel := context.WithTimeout(ctx, callLimit)
			err := subscription.Ping(limited)
			cancel()
			if err != nil {
				return err
			}
		}
		switch told := told.(type) {
		case *redis.Message:
			if e, ok := decode(told.Payload); ok {
				f.pass(e)
			}
		case *redis.Subscription: // the client has connected anew
			return errors.New("the connection was replaced")
		}
	}
}

// pass gives an event to every stream.
func (f *feed) pass(e upstream.LogEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.streams {
		select {
		case s.events <- e:
		default:
			s.err = errSlow
			close(s.events)
			delete(f.streams, s)
		}
	}
}

// end ends all streams, with this error.
func (f *feed) end(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = err
	if !f.began {
		close(f.ready)
	}
	for s := range f.streams {
		s.err = err
		close(s.events)
	}
	clear(f.streams)
}

// add begins a stream. left is called when it is closed.
func (f *feed) add(left func()) (*stream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended != nil {
		return nil, f.ended
	}
	s := &stream{events: make(chan upstream.LogEvent, buffered)}
	s.close = sync.OnceFunc(func() {
		f.mu.Lock()
		delete(f.streams, s)
		f.mu.Unlock()
		left()
	})
	f.streams[s] = true
	return s, nil
}
