package store

import (
	"context"
	"sync"
)

// turns has whoever changes the same thing do so one after the other, in this process. The zero turns is ready.
type turns struct {
	mu sync.Mutex
	of map[string]*turn
}

// turn is held by whoever has put something into the channel.
type turn struct {
	held  chan struct{}
	users int // who hold it or wait for it
}

// take waits for the turn of what goes by this name. The function that it gives is called when the turn is over. The
// error is the context's.
func (t *turns) take(ctx context.Context, name string) (over func(), err error) {
	t.mu.Lock()
	if t.of == nil {
		t.of = map[string]*turn{}
	}
	mine := t.of[name]
	if mine == nil {
		mine = &turn{held: make(chan struct{}, 1)}
		t.of[name] = mine
	}
	mine.users++
	t.mu.Unlock()

	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.users--; mine.users == 0 {
			delete(t.of, name)
		}
	}
	select {
	case mine.held <- struct{}{}:
		return func() { <-mine.held; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
