package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestOnce: of all who ask about an id, one is first.
func TestOnce(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		var first atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				is, err := b.Once(t.Context(), "an id", time.Minute)
				if err != nil {
					t.Error(err)
				}
				if is {
					first.Add(1)
				}
			})
		}
		all.Wait()
		if first.Load() != 1 {
			t.Errorf("%d were first", first.Load())
		}
		if is, err := b.Once(t.Context(), "another", time.Minute); err != nil || !is {
			t.Errorf("another id: %v, %v", is, err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if is, err := b.Once(gone, "a third", time.Minute); is || !errors.Is(err, ErrUnavailable) {
			t.Errorf("without an answer: %v, %v", is, err)
		}
	})
}
