package session

import (
	"slices"
	"testing"
	"time"
)

const robot = "OC1"

// robot makes a session of a client that alice has made, for ten minutes.
func (b *bench) robot(client string) Session {
	b.t.Helper()
	made, err := b.tryRobot(client)
	b.want("CreateForClient", err, nil)
	return made
}

func (b *bench) tryRobot(client string) (Session, error) {
	b.t.Helper()
	ctx := b.t.Context()
	of, err := b.Generation(ctx, client)
	b.want("Generation", err, nil)
	generation, err := b.Generation(ctx, "alice")
	b.want("Generation", err, nil)
	return b.CreateForClient(ctx, NewClientSession{
		NewSession: NewSession{
			User: "alice", Account: "AC1", Roles: []string{"DEVELOPER"}, Policy: "v1", Client: "a robot", Generation: generation,
			Until: b.clock.now().Add(10 * time.Minute),
		},
		OAuthClient: client, Grants: "[]", ClientGeneration: of,
	})
}

// TestClientSession: it is the client's alone, and has no refresh token.
func TestClientSession(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		own, _ := b.signIn("alice")
		made := b.robot(robot)
		if made.Holder() != robot || made.User != "alice" || made.OAuthClient != robot || made.Grants != "[]" || own.Holder() != "alice" || own.OAuthClient != "" {
			t.Errorf("made %+v beside %+v", made, own)
		}
		found, err := b.Lookup(ctx, robot, made.ID)
		b.want("Lookup by the client", err, nil)
		if !found.Expires.Equal(b.clock.now().Add(10*time.Minute)) || found.Grants != "[]" {
			t.Errorf("found %+v", found)
		}
		for name, err := range map[string]error{
			"the client's by its user":  second(b.Lookup(ctx, "alice", made.ID)),
			"the user's by the client":  second(b.Lookup(ctx, robot, own.ID)),
			"the client's by another":   second(b.Lookup(ctx, "OC2", made.ID)),
			"the client's by no client": second(b.Lookup(ctx, "", made.ID)),
		} {
			b.want("Lookup of "+name, err, ErrNotFound)
		}
		for _, holder := range []string{"alice", "OC2"} {
			if ended, err := b.End(ctx, holder, made.ID); ended || err != nil {
				t.Errorf("%s ended the client's session, %v", holder, err)
			}
		}
		for holder, want := range map[string]string{"alice": own.ID, robot: made.ID} {
			if listed, err := b.List(ctx, holder); err != nil || len(listed) != 1 || listed[0].ID != want {
				t.Errorf("%s has %+v, %v", holder, listed, err)
			}
		}
		_, _, err = b.refresh(made.ID+".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "DEVELOPER")
		b.want("a refresh token that was made up", err, ErrNotFound)
		ended, err := b.End(ctx, robot, made.ID)
		b.want("End", err, nil)
		if !ended {
			t.Error("it was not there")
		}
		_, err = b.Lookup(ctx, robot, made.ID)
		b.want("Lookup after End", err, ErrNotFound)
		_, err = b.Lookup(ctx, "alice", own.ID)
		b.want("Lookup of the user's own", err, nil)
	})
}

func second[T any](_ T, err error) error { return err }

// TestClientSessionEnds at its time, which no use puts off.
func TestClientSessionEnds(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		made := b.robot(robot)
		b.advance(10*time.Minute - time.Millisecond)
		b.want("just before", second(b.Lookup(t.Context(), robot, made.ID)), nil)
		b.advance(time.Millisecond)
		b.want("at its end", second(b.Lookup(t.Context(), robot, made.ID)), ErrNotFound)
	})
}

// TestClientFollowsItsUser: what holds the user's sessions back holds the client's back, for good.
func TestClientFollowsItsUser(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		made := b.robot(robot)
		generation, err := b.Block(ctx, "alice", time.Minute)
		b.want("Block", err, nil)
		b.want("Lookup while blocked", second(b.Lookup(ctx, robot, made.ID)), ErrBlocked)
		b.want("CreateForClient while blocked", second(b.tryRobot(robot)), ErrBlocked)
		b.want("Reconcile", b.Reconcile(ctx, "alice", generation, []string{"DEVELOPER"}, "v1"), nil)
		b.want("Lookup after Reconcile", second(b.Lookup(ctx, robot, made.ID)), ErrStale)

		made = b.robot(robot)
		b.want("Lookup of another", second(b.Lookup(ctx, robot, made.ID)), nil)
		_, err = b.EndAll(ctx, "alice")
		b.want("EndAll", err, nil)
		b.want("Lookup after the user's end", second(b.Lookup(ctx, robot, made.ID)), ErrStale)

		made = b.robot(robot)
		b.flush(ctx)
		b.want("Lookup when Redis has lost everything", second(b.Lookup(ctx, robot, made.ID)), ErrNotFound)
	})
}

// TestEndClient: the client's sessions are over, others' are not, and none that was about to be made comes after it.
func TestEndClient(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		own, _ := b.signIn("alice")
		first, other := b.robot(robot), b.robot("OC2")
		b.robot(robot)
		before, err := b.Generation(ctx, robot)
		b.want("Generation", err, nil)
		ended, err := b.EndClient(ctx, "alice", robot, time.Minute)
		b.want("EndClient", err, nil)
		if ended != 2 {
			t.Errorf("%d sessions ended, want 2", ended)
		}
		b.want("Lookup", second(b.Lookup(ctx, robot, first.ID)), ErrNotFound)
		b.want("Lookup of the user's own", second(b.Lookup(ctx, "alice", own.ID)), nil)
		b.want("Lookup of another client's", second(b.Lookup(ctx, "OC2", other.ID)), nil)
		b.want("a new session", second(b.tryRobot(robot)), ErrBlocked)
		b.advance(time.Minute)
		_, err = b.CreateForClient(ctx, NewClientSession{NewSession: NewSession{User: "alice"}, OAuthClient: robot, ClientGeneration: before})
		b.want("a session for a client that was read before", err, ErrStale)
		b.robot(robot) // the deletion has failed, and the client lives on
		if log, want := b.logged(), [][2]string{{"end", first.ID}}; !slices.Contains(log, want[0]) {
			t.Errorf("the log has %v, want %v among it", log, want)
		}
		for _, of := range [][2]string{{"", robot}, {"alice", ""}} {
			if _, err := b.EndClient(ctx, of[0], of[1], time.Minute); err == nil {
				t.Errorf("%q was taken", of)
			}
		}
	})
}

// TestMaxPerClient: a client's sessions are bounded, and do not push out the user's own.
func TestMaxPerClient(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		own, _ := b.signIn("alice")
		first := b.robot(robot)
		b.advance(time.Second) // so that it is the one that would end first
		last := b.robot(robot)
		for range MaxPerClient - 1 {
			last = b.robot(robot)
		}
		listed, err := b.List(ctx, robot)
		b.want("List", err, nil)
		if len(listed) != MaxPerClient {
			t.Errorf("%d sessions, want %d", len(listed), MaxPerClient)
		}
		b.want("Lookup of the first", second(b.Lookup(ctx, robot, first.ID)), ErrNotFound)
		b.want("Lookup of the last", second(b.Lookup(ctx, robot, last.ID)), nil)
		b.want("Lookup of the user's own", second(b.Lookup(ctx, "alice", own.ID)), nil)
	})
}

// TestNoSessionOfNobody: a session of a client needs all that it is held back by.
func TestNoSessionOfNobody(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		for name, n := range map[string]NewClientSession{
			"no client":    {NewSession: NewSession{User: "alice"}},
			"no user":      {OAuthClient: robot},
			"both in one":  {NewSession: NewSession{User: robot}, OAuthClient: robot},
			"over already": {NewSession: NewSession{User: "alice", Until: b.clock.now()}, OAuthClient: robot},
		} {
			if _, err := b.CreateForClient(t.Context(), n); err == nil {
				t.Errorf("%s: it was made", name)
			}
		}
	})
}
