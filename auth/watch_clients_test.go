package auth

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
)

// TestWatchOfClient: what is sent to a client ends with its session, and with its creator's roles.
func TestWatchOfClient(t *testing.T) {
	for _, row := range []struct {
		name string
		ends func(b *bench)
		want error
	}{
		{"its creator's roles change", func(b *bench) { b.changeRoles(policy.Support) }, ErrStaleToken},
		{"it is deleted", func(b *bench) {
			_, err := b.sessions.EndClient(b.t.Context(), mary, robotID, time.Minute)
			b.check(err)
		}, ErrSessionEnded},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			tokens, err := b.signInRobot(b.robot(grant("USAGE", policy.Read)))
			b.check(err)
			p, err := b.Authenticate(t.Context(), tokens.Access)
			b.check(err)
			ctx, stop := b.Watch(With(t.Context(), p))
			defer stop()
			row.ends(b)
			select {
			case <-ctx.Done():
			case <-time.After(time.Minute):
				t.Fatal("the watch goes on")
			}
			if cause := context.Cause(ctx); !errors.Is(cause, row.want) {
				t.Errorf("it ended with %v, want %v", cause, row.want)
			}
		})
	}
}
