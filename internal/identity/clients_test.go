package identity

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const robot = "OC00000000000000000000000000000001"

// clients keeps one client, which is there once it was made.
type clients struct {
	Clients
	kept   KeptClient
	there  bool
	used   time.Time
	failed error // of the deletion
}

func (c *clients) CreateOAuthClient(_ context.Context, _ upstream.Change, n KeptClient) (upstream.Made[model.OAuthClient], error) {
	made := upstream.Made[model.OAuthClient]{Object: &model.OAuthClient{Sid: robot}, Position: []string{"1"}, Fresh: !c.there}
	if made.Fresh {
		c.kept, c.there = n, true
	}
	return made, nil
}

func (c *clients) DeleteOAuthClient(context.Context, upstream.Change, string) error {
	c.there = c.failed != nil
	return c.failed
}

func (c *clients) ClientCredential(_ context.Context, sid string) (ClientCredential, error) {
	if !c.there || sid != robot {
		return ClientCredential{}, problem.Missing()
	}
	return ClientCredential{Client{robot, account, c.kept.Creator, c.kept.Name, c.kept.Grants, c.kept.Ends}, c.kept.SecretHash}, nil
}

func (c *clients) ClientUsed(_ context.Context, _ string, at time.Time) error {
	c.used = at
	return nil
}

// newClientBench is a bench that keeps a client.
func newClientBench(t *testing.T) (*bench, *clients) {
	t.Helper()
	b, c := newBench(t, people()...), &clients{}
	b.memory.Clients, b.now = c, b.clock.now
	return b, c
}

func reads(permissions ...policy.Permission) []policy.Grant {
	var all []policy.Grant
	for _, p := range permissions {
		all = append(all, policy.Grant{Permission: p, Actions: []policy.Action{policy.Read}})
	}
	return all
}

func (b *bench) create(actor Actor, n NewClient) (string, error) {
	made, err := b.CreateClient(b.t.Context(), actor, upstream.Change{}, n)
	if made.Secret == nil {
		return "", err
	}
	return *made.Secret, err
}

func TestCreateClient(t *testing.T) {
	after := func(d time.Duration) *time.Time {
		at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC).Add(d)
		return &at
	}
	const year = 365 * 24 * time.Hour
	for _, row := range []struct {
		name    string
		actor   string
		grants  []policy.Grant
		expires *time.Time
		ends    time.Duration // 0 for a year
		code    problem.Code  // empty when it is made
	}{
		{"by a Developer", "developer", reads("USAGE", "API_CREDENTIALS"), nil, 0, ""},
		{"every action that they hold", "developer", []policy.Grant{{Permission: "API_CREDENTIALS", Actions: policy.Actions()}}, nil, 0, ""},
		{"an end of its own", "owner", reads("USAGE"), after(time.Minute), time.Minute, ""},
		{"the last end that there is", "owner", reads("USAGE"), after(maxClientLife), maxClientLife, ""},
		{"what they do not hold", "developer", reads("USAGE", "USER_MANAGEMENT"), nil, 0, problem.Forbidden},
		{"what nobody holds", "owner", reads("NOTHING"), nil, 0, problem.BadUserInput},
		{"nothing", "owner", nil, nil, 0, problem.BadUserInput},
		{"an end that is now", "owner", reads("USAGE"), after(0), 0, problem.BadUserInput},
		{"an end too far away", "owner", reads("USAGE"), after(maxClientLife + time.Second), 0, problem.BadUserInput},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, c := newClientBench(t)
			secret, err := b.create(b.actor(row.actor), NewClient{Name: "Robot", Grants: row.grants, Expires: row.expires})
			if row.code != "" {
				if problem.CodeOf(err) != row.code || c.there || secret != "" {
					t.Errorf("%v, want %s", err, row.code)
				}
				return
			}
			b.check(err)
			ends := row.ends
			if ends == 0 {
				ends = year
			}
			if !c.kept.Ends.Equal(b.clock.now().Add(ends)) || c.kept.Creator != row.actor || c.kept.Most != maxClients {
				t.Errorf("kept %+v", c.kept)
			}
			if len(secret) != len(secretPrefix)+43 || c.kept.SecretHash != hashOfSecret(secret) || strings.Contains(c.kept.SecretHash, secret[len(secretPrefix):]) {
				t.Errorf("the secret %q is kept as %q", secret, c.kept.SecretHash)
			}
			again, err := b.create(b.actor(row.actor), NewClient{Name: "Robot", Grants: row.grants, Expires: row.expires})
			if err != nil || again != "" {
				t.Errorf("a repeated call shows %q, %v", again, err)
			}
		})
	}
}

// TestClientsAreNoPeople: an actor that is a client decides over nobody, whatever its creator may.
func TestClientsAreNoPeople(t *testing.T) {
	b, c := newClientBench(t)
	_, err := b.create(b.actor("owner"), NewClient{Name: "Robot", Grants: reads("USAGE")})
	b.check(err)
	as := b.actor("owner")
	as.Client = robot
	_, creating := b.create(as, NewClient{Name: "Another", Grants: reads("USAGE")})
	for name, err := range map[string]error{
		"makes a client":   creating,
		"deletes a client": b.DeleteClient(t.Context(), as, upstream.Change{}, robot),
		"changes roles":    b.setRoles(as, "support", []policy.Role{policy.Developer}),
		"ends a session":   b.MayEndSession(t.Context(), as, "support"),
		"ends its maker's": b.MayEndSession(t.Context(), as, "owner"),
	} {
		if problem.CodeOf(err) != problem.Forbidden {
			t.Errorf("it %s: %v, want FORBIDDEN", name, err)
		}
	}
	if !c.there {
		t.Error("the client is gone")
	}
}

func TestAuthenticateClient(t *testing.T) {
	b, c := newClientBench(t)
	secret, err := b.create(b.actor("developer"), NewClient{Name: "Robot", Grants: reads("USAGE")})
	b.check(err)
	known, err := b.AuthenticateClient(t.Context(), robot, secret)
	if err != nil || known.SID != robot || known.Creator != "developer" || len(known.Grants) != 1 || !c.used.Equal(b.clock.now()) {
		t.Errorf("%+v, used %v, %v", known, c.used, err)
	}
	c.used = time.Time{}
	for name, pair := range map[string][2]string{
		"no secret": {robot, ""}, "the hash": {robot, hashOfSecret(secret)}, "without its prefix": {robot, secret[len(secretPrefix):]},
		"more of it": {robot, secret + "A"}, "another client": {"OC2", secret}, "nobody": {"", secret}, "nobody with nothing": {"", ""},
	} {
		if _, err := b.AuthenticateClient(t.Context(), pair[0], pair[1]); problem.CodeOf(err) != problem.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.clock.advance(clientLife)
	if _, err := b.AuthenticateClient(t.Context(), robot, secret); problem.CodeOf(err) != problem.Unauthenticated {
		t.Errorf("when it has expired: %v", err)
	}
	if !c.used.IsZero() {
		t.Error("a failed attempt was noted as a use")
	}
}

// TestClientsOfOthers: a client of who comes from another issuer is let in as long as that issuer is known and has said
// something of them not too long ago.
func TestClientsOfOthers(t *testing.T) {
	const longest = 30 * 24 * time.Hour
	trust := func(issuer string) (time.Duration, bool) { return longest, issuer == corp }
	for _, row := range []struct {
		name  string
		trust Trust
		after time.Duration
		good  bool
	}{
		{"lately", trust, longest, true},
		{"too long ago", trust, longest + time.Second, false},
		{"of an issuer that is known no more", func(string) (time.Duration, bool) { return longest, false }, 0, false},
		{"of an issuer that lets none in", func(string) (time.Duration, bool) { return 0, true }, time.Second, false},
		{"without any issuer", nil, 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, c := newClientBench(t)
			by := b.memory.users["federated"]
			by.Asserted = b.clock.now()
			b.memory.users["federated"] = by
			b.Trust(row.trust)
			secret, err := b.create(b.actor("federated"), NewClient{Name: "Robot", Grants: reads("PRODUCT_LOGS")})
			b.check(err)
			b.clock.advance(row.after)
			if _, err := b.AuthenticateClient(t.Context(), robot, secret); (err == nil) != row.good || err != nil && problem.CodeOf(err) != problem.Unauthenticated || c.used.IsZero() == row.good {
				t.Errorf("%v, used %v", err, c.used)
			}
			b.memory.suspended["federated"] = true
			if _, err := b.AuthenticateClient(t.Context(), robot, secret); problem.CodeOf(err) != problem.Unauthenticated {
				t.Errorf("of who is suspended: %v", err)
			}
		})
	}
}

// TestDeleteClient: the sessions end first, so that whatever fails leaves less access.
func TestDeleteClient(t *testing.T) {
	open := func(b *bench) session.Session {
		generation, err := b.sessions.Generation(t.Context(), robot)
		b.check(err)
		made, err := b.sessions.CreateForClient(t.Context(), session.NewClientSession{
			NewSession: session.NewSession{User: "developer", Account: account}, OAuthClient: robot, ClientGeneration: generation,
		})
		b.check(err)
		return made
	}
	ended := func(b *bench, of session.Session) bool {
		_, err := b.sessions.Lookup(t.Context(), robot, of.ID)
		return errors.Is(err, session.ErrNotFound)
	}
	broken := errors.New("the database is away")
	for _, row := range []struct {
		name  string
		actor string
		sid   string
		fail  func(b *bench, c *clients)
		code  problem.Code // empty when it succeeds
		ends  bool         // whether the sessions have ended
		there bool         // whether the client is there
	}{
		{"by its creator", "developer", robot, nil, "", true, false},
		{"by another", "owner", robot, nil, "", true, false},
		{"by someone of another account", "stranger", robot, nil, problem.NotFound, false, true},
		{"one that there is not", "owner", "OC2", nil, problem.NotFound, false, true},
		{"the sessions cannot be reached", "owner", robot, func(b *bench, _ *clients) {
			b.Service.sessions = away{b.sessions}
		}, problem.Unavailable, false, true},
		{"the database fails after that", "owner", robot, func(_ *bench, c *clients) { c.failed = broken }, problem.Internal, true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, c := newClientBench(t)
			_, err := b.create(b.actor("developer"), NewClient{Name: "Robot", Grants: reads("USAGE")})
			b.check(err)
			made := open(b)
			if row.fail != nil {
				row.fail(b, c)
			}
			err = b.DeleteClient(t.Context(), b.actor(row.actor), upstream.Change{}, row.sid)
			if row.code == "" && err != nil || row.code != "" && problem.CodeOf(err) != row.code {
				t.Errorf("%v, want %q", err, row.code)
			}
			if ended(b, made) != row.ends || c.there != row.there {
				t.Errorf("ended %t, there %t", ended(b, made), c.there)
			}
		})
	}
}

// away is sessions whose Redis is.
type away struct{ Sessions }

func (away) EndClient(context.Context, string, string, time.Duration) (int, error) {
	return 0, session.ErrUnavailable
}
