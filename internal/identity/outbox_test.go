package identity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// crash is panicked with where the process ends.
type crash struct{}

var errStep = errors.New("this step fails")

// TestFailureLeavesLessAccess fails, or ends the process, at each step of a change of
// roles, and looks at what the target's session can be used for.
func TestFailureLeavesLessAccess(t *testing.T) {
	changes := map[string]struct{ from, to []policy.Role }{
		"demotion":  {[]policy.Role{policy.Developer, policy.Support}, []policy.Role{policy.Support}},
		"promotion": {[]policy.Role{policy.Support}, []policy.Role{policy.Administrator}},
		"sideways":  {[]policy.Role{policy.Developer}, []policy.Role{policy.BillingManager}},
	}
	failures := map[string]func() error{
		"error":   func() error { return errStep },
		"refusal": func() error { return problem.New(problem.Conflict, "The change collided with others.") },
		"crash":   func() error { panic(crash{}) },
	}
	steps := []string{
		"begin", "block", "blocked", "commit", "committed", "generation", "read", "tell", "told", "close", "closed",
	}
	for change, roles := range changes {
		for failure, fail := range failures {
			for _, step := range steps {
				if failure == "refusal" && step == "committed" {
					continue // a store does not refuse what it has committed
				}
				t.Run(change+"/"+failure+"/"+step, func(t *testing.T) {
					b := newBench(t, people()...)
					b.memory.users["developer"] = Credential{Member: Member{SID: "developer", Account: account, Roles: roles.from}}
					open, refresh := b.open("developer")
					reached := false
					b.memory.step = func(name string) error {
						if name != step {
							return nil
						}
						reached = true
						return fail()
					}
					err := b.setRolesOrCrash("developer", roles.to)
					if !reached {
						t.Fatal("the step was not reached")
					}
					stands, commits := b.memory.rolesOf("developer")
					if err == nil && commits == 0 {
						t.Error("success, and nothing was changed")
					}
					if got := b.usable(open); got != nil && !slices.Equal(got, texts(stands)) {
						t.Errorf("the session is good for %v while SQL says %v", got, stands)
					}

					// A minute later all works again. A process that ended has started anew, which is the same
					// to a service that remembers nothing.
					b.memory.step = nil
					b.clock.advance(blockTTL + time.Second)
					if got := b.usable(open); got != nil && !slices.Equal(got, texts(stands)) {
						t.Errorf("when the block is over, the session is good for %v while SQL says %v", got, stands)
					}
					b.check(b.Reconcile(t.Context()))
					if len(b.memory.outbox) != 0 {
						t.Errorf("outbox %v", b.memory.outbox)
					}
					generation, err := b.sessions.Generation(t.Context(), "developer")
					b.check(err)
					_, _, err = b.sessions.Rotate(t.Context(), refresh, texts(stands), version, generation)
					b.check(err)
					if got := b.usable(open); !slices.Equal(got, texts(stands)) {
						t.Errorf("after a refresh the session is good for %v, want %v", got, stands)
					}
				})
			}
		}
	}
}

var errCrash = errors.New("the process ended")

// setRolesOrCrash is SetRoles by the Owner, in a process that may end meanwhile.
func (b *bench) setRolesOrCrash(target string, roles []policy.Role) (err error) {
	defer func() {
		if end := recover(); end == (crash{}) {
			err = errCrash
		} else if end != nil {
			panic(end)
		}
	}()
	return b.setRoles(b.actor("owner"), target, roles)
}

// TestUndoneChangeIsLifted shows that a change that was certainly undone does not keep
// the target out, and that one of which this is not known does.
func TestUndoneChangeIsLifted(t *testing.T) {
	for _, row := range []struct {
		name   string
		err    error
		lifted bool
	}{
		{"a conflict", problem.New(problem.Conflict, "collided"), true},
		{"an unknown failure", errStep, false},
		{"it collided too often", fmt.Errorf("%w: %w", ErrUndone, problem.New(problem.Unavailable, "busy")), true},
		{"the database is away", problem.New(problem.Unavailable, "away"), false},
		{"out of time", context.DeadlineExceeded, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t, people()...)
			open, _ := b.open("support")
			b.memory.step = func(name string) error {
				if name == "commit" {
					return row.err
				}
				return nil
			}
			if err := b.setRoles(b.actor("owner"), "support", []policy.Role{policy.Developer}); !errors.Is(err, row.err) {
				t.Errorf("%v, want %v", err, row.err)
			}
			if got := b.usable(open) != nil; got != row.lifted {
				t.Errorf("usable %v, want %v", got, row.lifted)
			}
		})
	}
}

// TestClientGoesAway ends the caller's context at the worst moment.
func TestClientGoesAway(t *testing.T) {
	b := newBench(t, people()...)
	open, _ := b.open("support")
	ctx, cancel := context.WithCancel(t.Context())
	b.memory.step = func(name string) error {
		if name == "blocked" {
			cancel()
		}
		return nil
	}
	b.check(b.SetRoles(ctx, b.actor("owner"), changeBy(b.actor("owner")), "support", []policy.Role{policy.Developer}))
	if got := b.usable(open); !slices.Equal(got, []string{"DEVELOPER"}) {
		t.Errorf("the session is good for %v", got)
	}
}

// TestRedisAway changes nothing when the sessions cannot be blocked.
func TestRedisAway(t *testing.T) {
	b := newBench(t, people()...)
	b.memory.step = func(name string) error {
		if name == "block" {
			return errStep
		}
		return nil
	}
	err := b.setRoles(b.actor("owner"), "support", []policy.Role{policy.Developer})
	if roles, _ := b.memory.rolesOf("support"); problem.CodeOf(err) != problem.Unavailable || !slices.Equal(roles, []policy.Role{policy.Support}) {
		t.Errorf("%v, roles %v", err, roles)
	}
}

// TestReconcileGoesOn drains more than one batch, with changes that fail in between.
func TestReconcileGoesOn(t *testing.T) {
	b := newBench(t, people()...)
	for i := range 2*drainBatch + 10 {
		user := []string{"support", "billing", "gone"}[i%3] // who is gone is told of no roles
		generation, err := b.sessions.Block(t.Context(), user, blockTTL)
		b.check(err)
		b.memory.outbox = append(b.memory.outbox, RoleChange{ID: int64(i), User: user, Generation: generation})
	}
	fails := true
	b.memory.step = func(name string) error {
		if fails && name == "tell" {
			return errStep
		}
		return nil
	}
	if err := b.Reconcile(t.Context()); !errors.Is(err, errStep) {
		t.Errorf("%v, want the step's error", err)
	}
	fails = false
	b.check(b.Reconcile(t.Context()))
	if len(b.memory.outbox) != 0 {
		t.Errorf("%d changes are left", len(b.memory.outbox))
	}
	b.memory.step = func(string) error { return errStep }
	if err := b.Reconcile(t.Context()); !errors.Is(err, errStep) {
		t.Errorf("an outbox that cannot be read: %v", err)
	}
}

func TestRemovedUserHoldsNothing(t *testing.T) {
	b := newBench(t, people()...)
	open, _ := b.open("support")
	generation, err := b.sessions.Block(t.Context(), "support", blockTTL)
	b.check(err)
	delete(b.memory.users, "support")
	b.memory.outbox = []RoleChange{{ID: 1, User: "support", Generation: generation}}
	b.check(b.Reconcile(t.Context()))
	if got := b.usable(open); len(got) != 0 {
		t.Errorf("roles %v", got)
	}
}

// TestConcurrentChanges lets Administrators change one user's roles at once, with the
// outbox drained beside them. Between two commits the user's session is good for what
// SQL says or for nothing, and when all is quiet, for what SQL says.
func TestConcurrentChanges(t *testing.T) {
	b := newBench(t, people()...)
	open, _ := b.open("support")
	choices := [][]policy.Role{
		{policy.Support}, {policy.Developer}, {policy.BillingManager}, {policy.Developer, policy.Support}, {policy.Administrator},
	}
	done := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		for !closed(done) {
			b.checkAside(b.Reconcile(t.Context()))
		}
	})
	beside.Go(func() {
		for !closed(done) {
			stands, before := b.memory.rolesOf("support")
			got := b.usable(open)
			if _, after := b.memory.rolesOf("support"); got != nil && after == before && !slices.Equal(got, texts(stands)) {
				t.Errorf("the session is good for %v while SQL says %v", got, stands)
				return
			}
		}
	})
	for range 30 {
		var changers sync.WaitGroup
		for _, actor := range []string{"owner", "admin", "admin2"} {
			changers.Go(func() {
				b.checkAside(b.setRoles(b.actor(actor), "support", choices[rand.IntN(len(choices))]))
			})
		}
		changers.Wait()
		stands, _ := b.memory.rolesOf("support")
		if got := b.usable(open); !slices.Equal(got, texts(stands)) {
			t.Fatalf("all is quiet, and the session is good for %v while SQL says %v", got, stands)
		}
	}
	close(done)
	beside.Wait()
	b.check(b.Reconcile(t.Context()))
	if len(b.memory.outbox) != 0 {
		t.Errorf("outbox %v", b.memory.outbox)
	}
}

// checkAside is check for a goroutine beside the test's own. It forgives a drain that
// another change has overtaken: what it could not tell stays in the outbox.
func (b *bench) checkAside(err error) {
	if err != nil && !errors.Is(err, session.ErrStale) {
		b.t.Error(err)
	}
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// failingOnce is sessions that cannot be told the first time.
type failingOnce struct {
	Sessions
	told atomic.Int64
}

func (f *failingOnce) Generation(context.Context, string) (int64, error) { return 1, nil }

func (f *failingOnce) Block(context.Context, string, time.Duration) (int64, error) { return 1, nil }

func (f *failingOnce) Reconcile(context.Context, string, int64, []string, string) error {
	if f.told.Add(1) == 1 {
		return errStep
	}
	return nil
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, sessions := newMemory(people()...), &failingOnce{}
		m.outbox = []RoleChange{{ID: 1, User: "support", Generation: 1}}
		s := NewService(m, sessions, policy.Published(), version, quiet())
		ctx, cancel := context.WithCancel(t.Context())
		go s.Run(ctx, time.Minute)
		for _, row := range []struct {
			when    string
			told    int64
			pending int
		}{{"at the start", 1, 1}, {"a minute later", 2, 0}, {"two minutes later", 2, 0}} {
			synctest.Wait()
			pending, err := m.PendingRoleChanges(t.Context(), 10)
			if told := sessions.told.Load(); told != row.told || len(pending) != row.pending || err != nil {
				t.Errorf("%s: told %d times, outbox %v, %v", row.when, told, pending, err)
			}
			time.Sleep(time.Minute) // the bubble's clock
		}
		cancel() // the bubble waits for Run to return
	})
}
