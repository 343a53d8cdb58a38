package auth

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
)

func TestPrincipal(t *testing.T) {
	if p := From(t.Context()); p.SignedIn() || p.Set.SignedIn() {
		t.Errorf("without a principal: %+v, want a guest", p)
	}
	set, err := policy.Published().Set(policy.Owner)
	if err != nil {
		t.Fatal(err)
	}
	if p := From(With(t.Context(), Principal{User: mary, Session: "s", Set: set})); !p.SignedIn() || p.User != mary {
		t.Errorf("with a principal: %+v", p)
	}
	for name, p := range map[string]Principal{
		"no user":    {Session: "s", Set: set},
		"no session": {User: mary, Set: set},
		"no set":     {User: mary, Session: "s"},
	} {
		if p.SignedIn() {
			t.Errorf("%s: signed in", name)
		}
	}
}

func TestSignInAndOut(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	if tokens.ExpiresIn != token.TTL || tokens.Access == "" || tokens.Refresh == "" || tokens.Session == "" {
		t.Errorf("tokens %+v", tokens)
	}
	p, err := b.Authenticate(t.Context(), tokens.Access)
	b.check(err)
	if want := []policy.Role{policy.Developer, policy.Support}; !slices.Equal(p.Roles, want) {
		t.Errorf("roles %v, want %v", p.Roles, want)
	}
	listed, err := b.Sessions(t.Context(), mary)
	b.check(err)
	if len(listed) != 1 || listed[0].ID != tokens.Session || listed[0].Client != "a test" {
		t.Errorf("sessions %+v", listed)
	}
	for range 2 { // the second time, it has ended already
		b.check(b.SignOut(t.Context(), p))
	}
	if _, err := b.Authenticate(t.Context(), tokens.Access); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("after the sign-out: %v", err)
	}
	if _, err := b.Refresh(t.Context(), tokens.Refresh); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("refresh after the sign-out: %v", err)
	}
	if err := b.SignOut(t.Context(), Principal{}); problem.CodeOf(err) != problem.Unauthenticated {
		t.Errorf("a guest signs out: %v", err)
	}
}

// TestSignInUntil: a session with an end of its own is over then, however often it is refreshed.
func TestSignInUntil(t *testing.T) {
	b := newBench(t)
	end := b.clock.now().Add(time.Hour)
	tokens, err := b.SignInUntil(t.Context(), func(context.Context) (string, time.Time, error) { return mary, end, nil }, "")
	b.check(err)
	for range 6 {
		if tokens.Ends.After(end) {
			t.Errorf("it ends at %v, want %v at the latest", tokens.Ends, end)
		}
		b.clock.advance(9 * time.Minute)
		tokens, err = b.Refresh(t.Context(), tokens.Refresh)
		b.check(err)
	}
	b.clock.advance(6 * time.Minute)
	if _, err := b.Authenticate(t.Context(), tokens.Access); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("the access token after the end: %v", err)
	}
	if _, err := b.Refresh(t.Context(), tokens.Refresh); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("a refresh after the end: %v", err)
	}
	refused := errors.New("not let in")
	if _, err := b.SignInUntil(t.Context(), func(context.Context) (string, time.Time, error) { return mary, end, refused }, ""); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
}

func TestSignInRefused(t *testing.T) {
	b := newBench(t)
	wrong := errors.New("wrong password")
	_, err := b.SignIn(t.Context(), func(context.Context) (string, error) { return mary, wrong }, "")
	if !errors.Is(err, wrong) {
		t.Errorf("wrong password: %v", err)
	}
	_, err = b.SignIn(t.Context(), func(context.Context) (string, error) { return "US2", nil }, "")
	if !errors.Is(err, ErrSessionEnded) {
		t.Errorf("a user that was removed meanwhile: %v", err)
	}
	b.directory.set(account, policy.Owner, policy.Support)
	_, err = b.SignIn(t.Context(), func(context.Context) (string, error) { return mary, nil }, "")
	if !errors.Is(err, policy.ErrRoles) || problem.CodeOf(err) != problem.Internal {
		t.Errorf("roles that cannot be held: %v", err)
	}
	if listed, err := b.Sessions(t.Context(), mary); err != nil || len(listed) != 0 {
		t.Errorf("sessions %v, %v: want none", listed, err)
	}
}

func TestEndSession(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	for _, row := range []struct {
		name, user, session string
		code                problem.Code // empty for success
	}{
		{"another user's", "US2", tokens.Session, problem.NotFound},
		{"unknown", mary, "00000000000000000000000000000000", problem.NotFound},
		{"not an id", mary, "*", problem.NotFound},
		{"theirs", mary, tokens.Session, ""},
		{"theirs, again", mary, tokens.Session, problem.NotFound},
	} {
		err := b.EndSession(t.Context(), row.user, row.session)
		if row.code == "" && err != nil || row.code != "" && problem.CodeOf(err) != row.code {
			t.Errorf("%s: %v, want %q", row.name, err, row.code)
		}
	}
}

func TestRefresh(t *testing.T) {
	b := newBench(t)
	first := b.signIn()
	b.clock.advance(token.TTL + time.Minute)
	if _, err := b.Authenticate(t.Context(), first.Access); !errors.Is(err, ErrExpiredToken) {
		t.Fatalf("before the refresh: %v", err)
	}
	next, err := b.Refresh(t.Context(), first.Refresh)
	b.check(err)
	if next.Session != first.Session || next.Refresh == first.Refresh {
		t.Errorf("refreshed %+v", next)
	}
	_, err = b.Authenticate(t.Context(), next.Access)
	b.check(err)

	// Whoever sends the first token again has stolen it, or been stolen from.
	if _, err := b.Refresh(t.Context(), first.Refresh); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("reuse: %v", err)
	}
	if _, err := b.Authenticate(t.Context(), next.Access); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("the access token after a reuse: %v", err)
	}
	if _, err := b.Refresh(t.Context(), next.Refresh); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("the new refresh token after a reuse: %v", err)
	}
	if _, err := b.Refresh(t.Context(), "nonsense"); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("nonsense: %v", err)
	}
}

// TestRefreshReadsRolesAnew is about what changed between sign-in and refresh.
func TestRefreshReadsRolesAnew(t *testing.T) {
	for _, row := range []struct {
		name    string
		changed func(b *bench)
		roles   []policy.Role // nil when the refresh is refused
		err     error
	}{
		{"told roles", func(b *bench) { b.changeRoles(policy.BillingManager) }, []policy.Role{policy.BillingManager}, nil},
		{
			"roles changed, sessions not told, block over", func(b *bench) {
				_, err := b.sessions.Block(b.t.Context(), mary, time.Minute)
				b.check(err)
				b.directory.set(account, policy.Support)
				b.clock.advance(2 * time.Minute)
			}, []policy.Role{policy.Support}, nil,
		},
		{
			"another policy", func(b *bench) { b.Service = b.service(b.sessions, "other-rules") },
			[]policy.Role{policy.Developer, policy.Support}, nil,
		},
		{"user removed", func(b *bench) { b.directory.set("") }, nil, ErrSessionEnded},
		{"user of another account", func(b *bench) { b.directory.set("AC2", policy.Owner) }, nil, ErrSessionEnded},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			first := b.signIn()
			row.changed(b)
			next, err := b.Refresh(t.Context(), first.Refresh)
			if !errors.Is(err, row.err) {
				t.Fatalf("refresh: %v, want %v", err, row.err)
			}
			if row.roles == nil {
				if _, err := b.Authenticate(t.Context(), first.Access); !errors.Is(err, ErrSessionEnded) {
					t.Errorf("the session lives on: %v", err)
				}
				return
			}
			p, err := b.Authenticate(t.Context(), next.Access)
			b.check(err)
			if !slices.Equal(p.Roles, row.roles) {
				t.Errorf("roles %v, want %v", p.Roles, row.roles)
			}
		})
	}
}

// TestRolesChangeWhileRead changes roles at the worst moment: after they were read from
// SQL and before they are kept in the session.
func TestRolesChangeWhileRead(t *testing.T) {
	acts := map[string]func(b *bench, tokens Tokens) (Tokens, error){
		"sign-in": func(b *bench, _ Tokens) (Tokens, error) {
			return b.SignIn(b.t.Context(), func(context.Context) (string, error) { return mary, nil }, "")
		},
		"refresh": func(b *bench, tokens Tokens) (Tokens, error) { return b.Refresh(b.t.Context(), tokens.Refresh) },
	}
	for name, act := range acts {
		t.Run(name+", once", func(t *testing.T) {
			b := newBench(t)
			tokens := b.signIn()
			var once sync.Once
			b.directory.reading = func() { once.Do(func() { b.changeRoles(policy.Support) }) }
			tokens, err := act(b, tokens)
			b.check(err)
			p, err := b.Authenticate(t.Context(), tokens.Access)
			b.check(err)
			if !slices.Equal(p.Roles, []policy.Role{policy.Support}) {
				t.Errorf("roles %v, which were taken", p.Roles)
			}
		})
		t.Run(name+", again and again", func(t *testing.T) {
			b := newBench(t)
			tokens := b.signIn()
			b.directory.reading = func() { b.changeRoles(policy.Support) }
			if _, err := act(b, tokens); problem.CodeOf(err) != problem.Unavailable {
				t.Fatalf("%v, want SERVICE_UNAVAILABLE", err)
			}
			b.directory.reading = nil
			_, err := act(b, tokens) // the refresh token is still good
			b.check(err)
		})
		t.Run(name+", under way", func(t *testing.T) {
			b := newBench(t)
			tokens := b.signIn()
			reads := 0
			b.directory.reading = func() {
				reads++
				_, err := b.sessions.Block(b.t.Context(), mary, time.Minute)
				b.check(err)
			}
			if _, err := act(b, tokens); problem.CodeOf(err) != problem.Unavailable {
				t.Fatalf("%v, want SERVICE_UNAVAILABLE", err)
			}
			if reads != 1 {
				t.Errorf("tried %d times against a block", reads)
			}
		})
	}
}

// TestNoOldRolesAfterAChange runs clients that refresh and ask against changes of
// roles. An answer that begins after a change was finished, and ends before the next
// begins, has the roles of that change.
func TestNoOldRolesAfterAChange(t *testing.T) {
	b := newBench(t)
	roles := [][]policy.Role{{policy.Developer, policy.Support}, {policy.Support}}
	var phase atomic.Int64 // even: roles[phase/2%2] are in force; odd: they are being changed
	answered := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 4 {
		tokens := b.signIn()
		clients.Go(func() {
			defer stop() // a client ends early only when it has failed
			for ctx.Err() == nil {
				before := phase.Load()
				p, err := b.Authenticate(t.Context(), tokens.Access)
				switch after := phase.Load(); {
				case errors.Is(err, ErrStaleToken):
					next, err := b.Refresh(t.Context(), tokens.Refresh)
					if err == nil {
						tokens = next
					} else if problem.CodeOf(err) != problem.Unavailable {
						t.Errorf("refresh: %v", err)
						return
					}
				case err != nil:
					t.Errorf("ask: %v", err)
					return
				case before == after && before%2 == 0:
					if want := roles[before/2%2]; !slices.Equal(p.Roles, want) {
						t.Errorf("roles %v after they became %v", p.Roles, want)
						return
					}
					select {
					case answered <- struct{}{}:
					case <-ctx.Done():
					}
				}
			}
		})
	}
	for i := 1; i <= 50 && ctx.Err() == nil; i++ {
		for range 4 {
			select {
			case <-answered:
			case <-ctx.Done():
			}
		}
		phase.Add(1)
		b.changeRoles(roles[i%2]...)
		phase.Add(1)
	}
	stop()
	clients.Wait()
}
