package engine

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// TestDeadline: it is what context.WithTimeout gives, whoever waits and whenever.
func TestDeadline(t *testing.T) {
	type key struct{}
	for _, row := range []struct {
		name   string
		happen func(parent context.CancelFunc, d *deadline)
		take   time.Duration
		want   error
	}{
		{"nothing", func(context.CancelFunc, *deadline) {}, time.Hour, nil},
		{"the time is over", func(_ context.CancelFunc, d *deadline) {}, -1, context.DeadlineExceeded},
		{"it is stopped", func(_ context.CancelFunc, d *deadline) { d.stop(); d.stop() }, time.Hour, context.Canceled},
		{"its parent ends", func(parent context.CancelFunc, _ *deadline) { parent() }, time.Hour, context.Canceled},
	} {
		for when, before := range map[string]func(*testing.T, *deadline) <-chan struct{}{
			"nobody waits":   func(*testing.T, *deadline) <-chan struct{} { return nil },
			"somebody waits": func(_ *testing.T, d *deadline) <-chan struct{} { return d.Done() },
			"a child waits": func(t *testing.T, d *deadline) <-chan struct{} {
				child, cancel := context.WithCancel(d)
				t.Cleanup(cancel)
				return child.Done()
			},
			"a function waits": func(_ *testing.T, d *deadline) <-chan struct{} {
				called := make(chan struct{})
				context.AfterFunc(d, func() { close(called) })
				return called
			},
			"a value is wanted": func(_ *testing.T, d *deadline) <-chan struct{} { d.Value(key{}); return nil },
		} {
			t.Run(row.name+", "+when, func(t *testing.T) {
				parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "it"))
				defer cancel()
				d := within(parent, row.take)
				defer d.stop()
				ended := before(t, d)
				row.happen(cancel, d)
				if row.want != nil && ended != nil {
					select {
					case <-ended:
					case <-time.After(10 * time.Second):
						t.Fatal("who waited is not told")
					}
				}
				if err := d.Err(); !errors.Is(err, row.want) {
					t.Errorf("%v, want %v", err, row.want)
				}
				select {
				case <-d.Done():
					if row.want == nil {
						t.Error("it has ended")
					}
				default:
					if row.want != nil {
						t.Error("it has not ended")
					}
				}
				if err := context.Cause(d); !errors.Is(err, row.want) {
					t.Errorf("cause %v, want %v", err, row.want)
				}
				if at, ok := d.Deadline(); !ok || time.Until(at) > row.take || d.Value(key{}) != "it" {
					t.Errorf("%v %v %v", at, ok, d.Value(key{}))
				}
			})
		}
	}
	t.Run("its parent's comes first", func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d := within(parent, time.Hour)
		defer d.stop()
		if at, ok := d.Deadline(); !ok || time.Until(at) > time.Minute {
			t.Errorf("%v %v", at, ok)
		}
	})
	t.Run("it comes while many wait", func(t *testing.T) {
		d := within(t.Context(), 50*time.Millisecond)
		defer d.stop()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				<-d.Done()
				if d.Err() != context.DeadlineExceeded {
					t.Error(d.Err())
				}
			})
		}
		all.Wait()
	})
}
