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
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
)

const robotID = "OC00000000000000000000000000000001"

// robot is a client that Mary has made, with these grants.
func (b *bench) robot(grants ...policy.Grant) Client {
	return Client{
		SID: robotID, Name: "A robot", Creator: mary, Account: account, Grants: grants, Expires: b.clock.now().AddDate(1, 0, 0),
	}
}

// signInRobot signs a client in that has shown its secret.
func (b *bench) signInRobot(c Client) (Tokens, error) {
	b.t.Helper()
	return b.SignInClient(b.t.Context(), c.SID, func(context.Context) (Client, error) { return c, nil })
}

func grant(p policy.Permission, actions ...policy.Action) policy.Grant {
	return policy.Grant{Permission: p, Actions: actions}
}

// TestClientPrincipal: who a client's token stands for, and what it holds.
func TestClientPrincipal(t *testing.T) {
	b := newBench(t) // Mary is Developer and Support
	tokens, err := b.signInRobot(b.robot(
		grant("PRODUCT_LOGS", policy.Read), grant("API_CREDENTIALS", policy.Read, policy.Create), grant("BILLING_HISTORY_AND_SETTINGS", policy.Read)))
	b.check(err)
	if tokens.Refresh != "" || tokens.ExpiresIn != token.TTL || !tokens.Ends.Equal(b.clock.now().Add(token.TTL)) {
		t.Errorf("tokens %+v", tokens)
	}
	p, err := b.Authenticate(t.Context(), tokens.Access)
	b.check(err)
	if p.Client != robotID || p.SID() != robotID || p.User != mary || p.Account != account || p.Roles != nil || !slices.Equal(p.Creator, []policy.Role{policy.Developer, policy.Support}) || !p.SignedIn() {
		t.Errorf("principal %+v", p)
	}
	held := b.matrix.Held(p.Set)
	if len(held) != 2 || held[0].Permission != "API_CREDENTIALS" || !slices.Equal(held[0].Actions, []policy.Action{policy.Read, policy.Create}) ||
		held[1].Permission != "PRODUCT_LOGS" || !slices.Equal(held[1].Actions, []policy.Action{policy.Read}) {
		t.Errorf("it holds %v", held)
	}
	claims, err := b.authority.Verify(tokens.Access)
	b.check(err)
	if claims.Subject != robotID || claims.ClientID != robotID || len(claims.Roles) != 0 {
		t.Errorf("claims %+v", claims)
	}
	b.check(b.SignOut(t.Context(), p))
	if _, err := b.Authenticate(t.Context(), tokens.Access); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("after the sign-out: %v", err)
	}
}

// TestClientAndPersonAreTwo: a token for the session of the one is not good as the other's, whatever it says, even if it
// is signed by our own key.
func TestClientAndPersonAreTwo(t *testing.T) {
	b := newBench(t)
	own := b.signIn()
	robots, err := b.signInRobot(b.robot(grant("USAGE", policy.Read)))
	b.check(err)
	roles := []string{string(policy.Developer), string(policy.Support)}
	for name, claims := range map[string]token.Claims{
		"the client's session as Mary":             {Subject: mary, SessionID: robots.Session, Account: account, Roles: roles},
		"the client's session as Mary, no roles":   {Subject: mary, SessionID: robots.Session, Account: account},
		"the client's session, without a client":   {Subject: robotID, SessionID: robots.Session, Account: account},
		"the client's session with Mary's roles":   {Subject: robotID, ClientID: robotID, SessionID: robots.Session, Account: account, Roles: roles},
		"the client's session in another account":  {Subject: robotID, ClientID: robotID, SessionID: robots.Session, Account: "AC2"},
		"Mary's session as the client":             {Subject: robotID, ClientID: robotID, SessionID: own.Session, Account: account},
		"Mary's session as the client, with roles": {Subject: robotID, ClientID: robotID, SessionID: own.Session, Account: account, Roles: roles},
		"Mary's session as a client that she is":   {Subject: mary, ClientID: mary, SessionID: own.Session, Account: account, Roles: roles},
	} {
		raw, _, err := b.authority.Issue(claims)
		b.check(err)
		if p, err := b.Authenticate(t.Context(), raw); !errors.Is(err, ErrSessionEnded) && !errors.Is(err, ErrStaleToken) || p.SignedIn() {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// TestClientRefused: no session, and the same words for whatever the reason is.
func TestClientRefused(t *testing.T) {
	wrong := errors.New("wrong secret")
	for _, row := range []struct {
		name   string
		change func(b *bench, c *Client)
		fail   error // of authenticate
		want   error
	}{
		{"a wrong secret", nil, wrong, wrong},
		{"an id of another form", func(_ *bench, c *Client) { c.SID = "x}:user:y" }, nil, ErrUnknownClient},
		{"about to expire", func(b *bench, c *Client) { c.Expires = b.clock.now().Add(4 * time.Second) }, nil, ErrUnknownClient},
		{"expired", func(b *bench, c *Client) { c.Expires = b.clock.now() }, nil, ErrUnknownClient},
		{"its creator is gone", func(b *bench, _ *Client) { b.directory.set("") }, nil, ErrUnknownClient},
		{"its creator is in another account", func(b *bench, _ *Client) { b.directory.set("AC2", policy.Owner) }, nil, ErrUnknownClient},
		{"its creator is nobody", func(_ *bench, c *Client) { c.Creator = "US2" }, nil, ErrUnknownClient},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			c := b.robot(grant("USAGE", policy.Read))
			if row.change != nil {
				row.change(b, &c)
			}
			_, err := b.SignInClient(t.Context(), c.SID, func(context.Context) (Client, error) { return c, row.fail })
			if !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if listed, err := b.sessions.List(t.Context(), robotID); err != nil || len(listed) != 0 {
				t.Errorf("there is a session: %+v, %v", listed, err)
			}
		})
	}
	t.Run("another client answers", func(t *testing.T) {
		b := newBench(t)
		const other = "OC00000000000000000000000000000002"
		if _, err := b.SignInClient(t.Context(), other, func(context.Context) (Client, error) { return b.robot(), nil }); !errors.Is(err, ErrUnknownClient) {
			t.Errorf("got %v", err)
		}
	})
}

// TestClientEnds: what ends a client's token before its time, and that none is had afterwards.
func TestClientEnds(t *testing.T) {
	usage := grant("USAGE", policy.Read)
	for _, row := range []struct {
		name    string
		ends    func(b *bench)
		token   error // what has become of the token
		another bool  // whether the client can have another
	}{
		{"its creator's roles change", func(b *bench) { b.changeRoles(policy.Support) }, ErrStaleToken, true},
		{"its creator's roles are being changed", func(b *bench) {
			_, err := b.sessions.Block(b.t.Context(), mary, time.Minute)
			b.check(err)
		}, ErrStaleToken, false},
		{"its creator is removed", func(b *bench) {
			b.directory.set("")
			_, err := b.sessions.EndAll(b.t.Context(), mary)
			b.check(err)
		}, ErrStaleToken, false},
		{"it is being deleted", func(b *bench) {
			_, err := b.sessions.EndClient(b.t.Context(), mary, robotID, time.Minute)
			b.check(err)
		}, ErrSessionEnded, false},
		{"another policy", func(b *bench) { b.Service = b.service(b.sessions, "other-rules") }, ErrStaleToken, true},
		{"its time", func(b *bench) { b.clock.advance(token.TTL + token.Leeway) }, ErrExpiredToken, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			robot := b.robot(usage)
			tokens, err := b.signInRobot(robot)
			b.check(err)
			row.ends(b)
			if _, err := b.Authenticate(t.Context(), tokens.Access); !errors.Is(err, row.token) {
				t.Errorf("its token: %v, want %v", err, row.token)
			}
			if _, err := b.signInRobot(robot); (err == nil) != row.another {
				t.Errorf("another: %v", err)
			}
		})
	}
	t.Run("the client's own end", func(t *testing.T) {
		b := newBench(t)
		robot := b.robot(usage)
		robot.Expires = b.clock.now().Add(time.Minute)
		tokens, err := b.signInRobot(robot)
		b.check(err)
		if tokens.ExpiresIn != time.Minute {
			t.Errorf("the token is good for %v", tokens.ExpiresIn)
		}
		b.clock.advance(time.Minute) // within the leeway of the token, but the session is over
		if _, err := b.Authenticate(t.Context(), tokens.Access); !errors.Is(err, ErrSessionEnded) {
			t.Errorf("its token: %v", err)
		}
	})
}

// TestClientWhoseUserChanges at the worst moment: after the roles were read, and before they are kept in the session.
func TestClientWhoseUserChanges(t *testing.T) {
	b := newBench(t)
	b.directory.set(account, policy.Owner)
	robot := b.robot(grant("USER_MANAGEMENT", policy.Read))
	var once sync.Once
	b.directory.reading = func() { once.Do(func() { b.changeRoles(policy.Support) }) }
	tokens, err := b.signInRobot(robot)
	b.check(err)
	p, err := b.Authenticate(t.Context(), tokens.Access)
	b.check(err)
	if held := b.matrix.Held(p.Set); held != nil {
		t.Errorf("it holds %v, which was taken", held)
	}
	b.directory.reading = func() { b.changeRoles(policy.Support) }
	if _, err := b.signInRobot(robot); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("again and again: %v, want SERVICE_UNAVAILABLE", err)
	}
}

// TestClientDeletedMeanwhile: a client that is deleted after it was read gets no session that outlives it.
func TestClientDeletedMeanwhile(t *testing.T) {
	b := newBench(t)
	deleted := false
	tokens, err := b.SignInClient(t.Context(), robotID, func(ctx context.Context) (Client, error) {
		if deleted {
			return Client{}, ErrUnknownClient
		}
		deleted = true
		_, err := b.sessions.EndClient(ctx, mary, robotID, time.Minute)
		b.check(err)
		return b.robot(grant("USAGE", policy.Read)), nil
	})
	if err == nil {
		t.Errorf("it got %+v", tokens)
	}
	if listed, err := b.sessions.List(t.Context(), robotID); err != nil || len(listed) != 0 {
		t.Errorf("there is a session: %+v, %v", listed, err)
	}
}

// TestClientWithoutRedis: no answer, no token.
func TestClientWithoutRedis(t *testing.T) {
	b := newBench(t)
	b.Service = b.service(b.limited("127.0.0.1:1"), version)
	if _, err := b.signInRobot(b.robot(grant("USAGE", policy.Read))); !errors.Is(err, session.ErrUnavailable) || problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("%v, want SERVICE_UNAVAILABLE", err)
	}
}

// TestNoOldGrantsAfterAChange runs clients that ask for tokens and use them against changes of their creator's roles. An
// answer that begins after a change was finished, and ends before the next begins, has no more than the roles of that
// change hold.
func TestNoOldGrantsAfterAChange(t *testing.T) {
	b := newBench(t)
	roles := [][]policy.Role{{policy.Developer, policy.Support}, {policy.Support}}
	robot := b.robot(grant("API_CREDENTIALS", policy.Read), grant("USAGE", policy.Read))
	holds := func(p Principal) bool { return b.matrix.Grants("API_CREDENTIALS", policy.Read, p.Set) }
	var phase atomic.Int64 // even: roles[phase/2%2] are in force; odd: they are being changed
	answered := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 4 {
		tokens, err := b.signInRobot(robot)
		b.check(err)
		clients.Go(func() {
			defer stop() // a client ends early only when it has failed
			for ctx.Err() == nil {
				before := phase.Load()
				p, err := b.Authenticate(t.Context(), tokens.Access)
				switch after := phase.Load(); {
				case errors.Is(err, ErrStaleToken), errors.Is(err, ErrSessionEnded):
					next, err := b.signInRobot(robot)
					if err == nil {
						tokens = next
					} else if problem.CodeOf(err) != problem.Unavailable {
						t.Errorf("sign-in: %v", err)
						return
					}
				case err != nil:
					t.Errorf("ask: %v", err)
					return
				case before == after && before%2 == 0:
					if want := len(roles[before/2%2]) == 2; holds(p) != want {
						t.Errorf("it holds API_CREDENTIALS: %t, when the roles are %v", !want, roles[before/2%2])
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
