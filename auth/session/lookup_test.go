package session

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCreateAndLookup(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		made, refresh, err := b.Create(ctx, NewSession{
			User: "alice", Account: "AC1", Roles: []string{"DEVELOPER", "SUPPORT"}, Policy: "v1", Client: "Firefox",
		})
		b.want("Create", err, nil)
		now := b.clock.now()
		want := Session{
			ID: made.ID, User: "alice", Account: "AC1", Roles: []string{"DEVELOPER", "SUPPORT"}, Policy: "v1",
			Epoch: made.Epoch, Created: now, Expires: now.Add(2 * time.Hour), Seen: now, Client: "Firefox",
		}
		if !IsID(made.ID) || made.Epoch == "" || !reflect.DeepEqual(made, want) {
			t.Errorf("Create gave %+v, want %+v", made, want)
		}
		found, err := b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup", err, nil)
		if !reflect.DeepEqual(found, want) {
			t.Errorf("Lookup gave %+v, want %+v", found, want)
		}
		stored, err := b.client.HGetAll(ctx, b.prefix+"session:"+made.ID).Result()
		b.want("HGETALL", err, nil)
		_, secret, _ := strings.Cut(refresh, ".")
		for field, value := range stored {
			if strings.Contains(value, secret) {
				t.Errorf("the refresh token is kept in %s", field)
			}
		}
	})
}

func TestLookupOfNoSession(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		made, _ := b.signIn("alice")
		for name, row := range map[string]struct{ user, sid string }{
			"another user":          {"bob", made.ID},
			"no user":               {"", made.ID},
			"unknown session":       {"alice", newID()},
			"no session":            {"alice", ""},
			"a key instead of a id": {"alice", made.ID + ":used"},
			"upper case":            {"alice", strings.ToUpper(made.ID[:31]) + "A"},
		} {
			_, err := b.Lookup(t.Context(), row.user, row.sid)
			b.want(name, err, ErrNotFound)
		}
	})
}

func TestSeenIsNotedOnceAMinute(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		made, _ := b.signIn("alice")
		seenAfter := func(d time.Duration) time.Duration {
			b.advance(d)
			if _, err := b.Lookup(t.Context(), "alice", made.ID); err != nil {
				t.Fatal(err)
			}
			found, err := b.Lookup(t.Context(), "alice", made.ID)
			b.want("Lookup", err, nil)
			return found.Seen.Sub(made.Created)
		}
		if seen := seenAfter(59 * time.Second); seen != 0 {
			t.Errorf("after 59 s the session was seen %v after its start, want 0", seen)
		}
		if seen := seenAfter(time.Second); seen != time.Minute {
			t.Errorf("after 60 s the session was seen %v after its start, want 1m", seen)
		}
	})
}

func TestListAndEnd(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		first, _ := b.signIn("alice")
		b.advance(time.Minute)
		second, _ := b.signIn("alice")
		third, _ := b.signIn("bob")
		ids := func(user string) []string {
			sessions, err := b.List(ctx, user)
			b.want("List", err, nil)
			found := []string{}
			for _, s := range sessions {
				found = append(found, s.ID)
			}
			return found
		}
		if got, want := ids("alice"), []string{first.ID, second.ID}; !slices.Equal(got, want) {
			t.Errorf("List gave %v, want %v", got, want)
		}
		ended, err := b.End(ctx, "bob", first.ID)
		if ended || err != nil {
			t.Errorf("ending another user's session: %v, %v", ended, err)
		}
		for i, want := range []bool{true, false, false} {
			ended, err := b.End(ctx, "alice", first.ID)
			if ended != want || err != nil {
				t.Errorf("End, call %d: %v, %v; want %v", i+1, ended, err, want)
			}
		}
		_, err = b.Lookup(ctx, "alice", first.ID)
		b.want("Lookup of the ended session", err, ErrNotFound)
		if log, want := b.logged(), [][2]string{{"end", first.ID}}; !slices.Equal(log, want) {
			t.Errorf("the log has %v, want %v", log, want)
		}
		if got, want := ids("alice"), []string{second.ID}; !slices.Equal(got, want) {
			t.Errorf("List gave %v, want %v", got, want)
		}
		_, err = b.Lookup(ctx, "bob", third.ID)
		b.want("Lookup of another user's session", err, nil)
	})
}

func TestEndAll(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		first, _ := b.signIn("alice")
		b.signIn("alice")
		other, _ := b.signIn("bob")
		generation, err := b.Generation(ctx, "alice")
		b.want("Generation", err, nil)
		if ended, err := b.EndAll(ctx, "alice"); ended != 2 || err != nil {
			t.Errorf("EndAll ended %d, %v; want 2", ended, err)
		}
		if ended, err := b.EndAll(ctx, "alice"); ended != 0 || err != nil {
			t.Errorf("EndAll again ended %d, %v; want 0", ended, err)
		}
		_, err = b.Lookup(ctx, "alice", first.ID)
		b.want("Lookup", err, ErrNotFound)
		_, _, err = b.Create(ctx, NewSession{User: "alice", Generation: generation})
		b.want("a sign-in that had begun before", err, ErrStale)
		_, err = b.Lookup(ctx, "bob", other.ID)
		b.want("Lookup of another user's session", err, nil)
		if log := b.logged(); log[0] != [2]string{"end", ""} {
			t.Errorf("the log has %v", log)
		}
	})
}
