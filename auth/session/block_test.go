package session

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func TestRoleChange(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		made, refresh := b.signIn("alice")
		other, _ := b.signIn("bob")
		before, err := b.Generation(ctx, "alice")
		b.want("Generation", err, nil)

		generation, err := b.Block(ctx, "alice", time.Minute)
		b.want("Block", err, nil)
		_, err = b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup while blocked", err, ErrBlocked)
		_, _, err = b.Rotate(ctx, refresh, []string{"DEVELOPER"}, "v1", generation)
		b.want("Rotate while blocked", err, ErrBlocked)
		_, _, err = b.Create(ctx, NewSession{User: "alice", Generation: generation})
		b.want("Create while blocked", err, ErrBlocked)
		_, err = b.Lookup(ctx, "bob", other.ID)
		b.want("Lookup of another user", err, nil)

		b.want("Reconcile", b.Reconcile(ctx, "alice", generation, []string{"SUPPORT"}, "v2"), nil)
		found, err := b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup after Reconcile", err, nil)
		if !slices.Equal(found.Roles, []string{"SUPPORT"}) || found.Policy != "v2" {
			t.Errorf("after Reconcile the session holds %v under %s", found.Roles, found.Policy)
		}
		for name, old := range map[string]int64{"before the block": before, "during it": generation} {
			_, _, err = b.Rotate(ctx, refresh, []string{"DEVELOPER"}, "v1", old)
			b.want("Rotate with roles read "+name, err, ErrStale)
			_, _, err = b.Create(ctx, NewSession{User: "alice", Generation: old})
			b.want("Create with roles read "+name, err, ErrStale)
		}
		_, _, err = b.refresh(refresh, "SUPPORT")
		b.want("refreshing afterwards, with the token that was refused", err, nil)
		if log, want := b.logged(), [][2]string{{"block", ""}, {"roles", ""}}; !slices.Equal(log[:2], want) {
			t.Errorf("the log has %v, want %v", log, want)
		}
	})
}

func TestCrashAfterBlockLeavesLessAccess(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		made, refresh := b.signIn("alice")
		if _, err := b.Block(ctx, "alice", time.Minute); err != nil {
			t.Fatal(err)
		}
		b.advance(time.Minute)
		_, err := b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup when the block has lapsed", err, ErrStale)
		_, _, err = b.refresh(refresh, "SUPPORT")
		b.want("refreshing", err, nil)
		found, err := b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup after refreshing", err, nil)
		if !slices.Equal(found.Roles, []string{"SUPPORT"}) {
			t.Errorf("the session holds %v", found.Roles)
		}
	})
}

// Who holds no roles any more has no sessions, and those of their clients are stale.
func TestReconcileWithNoRoles(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		made, refresh := b.signIn("alice")
		other, _ := b.signIn("bob")
		before, err := b.Generation(ctx, "alice")
		b.want("Generation", err, nil)
		robot, err := b.CreateForClient(ctx, NewClientSession{NewSession: NewSession{User: "alice", Generation: before}, OAuthClient: "robot"})
		b.want("CreateForClient", err, nil)
		generation, err := b.Block(ctx, "alice", time.Minute)
		b.want("Block", err, nil)
		b.want("Reconcile", b.Reconcile(ctx, "alice", generation, nil, "v1"), nil)
		_, err = b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup", err, ErrNotFound)
		_, err = b.Redeem(ctx, refresh)
		b.want("Redeem", err, ErrNotFound)
		_, err = b.Lookup(ctx, "robot", robot.ID)
		b.want("Lookup of the client", err, ErrStale)
		_, err = b.Lookup(ctx, "bob", other.ID)
		b.want("Lookup of another", err, nil)
		if left, err := b.List(ctx, "alice"); err != nil || len(left) != 0 {
			t.Errorf("%v, %v", left, err)
		}
		again, err := b.Generation(ctx, "alice")
		b.want("Generation", err, nil)
		_, _, err = b.Create(ctx, NewSession{User: "alice", Generation: again})
		b.want("Create, once they hold something again", err, nil)
	})
}

func TestLaterChangeReconciles(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		made, _ := b.signIn("alice")
		first, err := b.Block(ctx, "alice", time.Minute)
		b.want("first Block", err, nil)
		second, err := b.Block(ctx, "alice", time.Minute)
		b.want("second Block", err, nil)
		b.want("first Reconcile", b.Reconcile(ctx, "alice", first, []string{"OWNER"}, "v1"), ErrStale)
		_, err = b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup while the second change is under way", err, ErrBlocked)
		b.want("second Reconcile", b.Reconcile(ctx, "alice", second, []string{"SUPPORT"}, "v1"), nil)
		b.want("second Reconcile replayed", b.Reconcile(ctx, "alice", second, []string{"OWNER"}, "v1"), ErrStale)
		found, err := b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup", err, nil)
		if !slices.Equal(found.Roles, []string{"SUPPORT"}) {
			t.Errorf("the session holds %v", found.Roles)
		}
	})
}

// A sign-in on a Redis that has lost the block may store roles from before the change; Reconcile must still reach it.
func TestReconcileAfterFlush(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		generation, err := b.Block(ctx, "alice", time.Minute)
		b.want("Block", err, nil)
		b.flush(ctx)
		made, _ := b.signIn("alice")
		b.want("Reconcile", b.Reconcile(ctx, "alice", generation, []string{"SUPPORT"}, "v1"), nil)
		found, err := b.Lookup(ctx, "alice", made.ID)
		b.want("Lookup", err, nil)
		if !slices.Equal(found.Roles, []string{"SUPPORT"}) {
			t.Errorf("the session holds %v", found.Roles)
		}
	})
}

// An old outbox row, told on a Redis that has lost what it knew, must not lift the block of a change that is under way.
func TestReconcileAfterFlushDuringAnotherChange(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		for range 3 {
			old, err := b.Block(ctx, "alice", time.Minute)
			b.want("Block", err, nil)
			b.want("Reconcile", b.Reconcile(ctx, "alice", old, []string{"DEVELOPER"}, "v1"), nil)
		}
		old, err := b.Block(ctx, "alice", time.Minute)
		b.want("Block", err, nil)
		b.flush(ctx)
		_, err = b.Block(ctx, "alice", time.Minute)
		b.want("Block of the change under way", err, nil)
		b.want("Reconcile of the old one", b.Reconcile(ctx, "alice", old, []string{"DEVELOPER"}, "v1"), ErrStale)
		generation, err := b.Generation(ctx, "alice")
		b.want("Generation", err, nil)
		_, _, err = b.Create(ctx, NewSession{User: "alice", Generation: generation})
		b.want("Create, while the change is still under way", err, ErrBlocked)
	})
}

// While one goroutine demotes the user again and again, others sign in and refresh. What a Lookup shows afterwards must
// never be roles that SQL no longer holds.
func TestRolesNeverLagBehindSQL(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		var mu sync.Mutex
		sql := "v0"
		read := func() string { mu.Lock(); defer mu.Unlock(); return sql }

		_, token := b.signIn("alice")
		done := make(chan struct{})
		var wait sync.WaitGroup
		wait.Go(func() {
			defer close(done)
			for _, next := range []string{"v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10"} {
				generation, err := b.Block(ctx, "alice", time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				sql = next
				mu.Unlock()
				if err := b.Reconcile(ctx, "alice", generation, []string{next}, "v1"); err != nil {
					t.Error(err)
					return
				}
			}
		})
		wait.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				generation, err := b.Generation(ctx, "alice")
				if err != nil {
					t.Error(err)
					return
				}
				role := read()
				if _, next, err := b.Rotate(ctx, token, []string{role}, "v1", generation); err == nil {
					token = next
				}
				_, _, _ = b.Create(ctx, NewSession{User: "alice", Roles: []string{role}, Generation: generation})
			}
		})
		wait.Wait()
		sessions, err := b.List(ctx, "alice")
		b.want("List", err, nil)
		if len(sessions) == 0 {
			t.Fatal("no session is left to look at")
		}
		for _, s := range sessions {
			if found, err := b.Lookup(ctx, "alice", s.ID); err == nil && !slices.Equal(found.Roles, []string{"v10"}) {
				t.Errorf("a session shows %v, and SQL says v10", found.Roles)
			}
		}
	})
}
