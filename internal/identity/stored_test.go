package identity_test

import (
	"io"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// realRedis is an empty database of the Redis that FIELDGATE_TEST_REDIS_URL names, which is this package's own, or one in
// this process.
func realRedis(t *testing.T) *redis.Client {
	t.Helper()
	options := &redis.Options{}
	if url := os.Getenv("FIELDGATE_TEST_REDIS_URL"); url != "" {
		var err error
		if options, err = redis.ParseURL(url); err != nil {
			t.Fatal(err)
		}
		options.DB = 13 // other packages' tests run at the same time
	} else {
		options.Addr = miniredis.RunT(t).Addr()
	}
	options.ReadTimeout, options.MaxRetries = time.Minute, -1
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	if err := client.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	return client
}

// TestOnRealStores signs in and changes roles with everything real: SQL and sessions.
func TestOnRealStores(t *testing.T) { storetest.Each(t, testOnRealStores) }

func testOnRealStores(t *testing.T, db storetest.Database) {
	ctx, users := t.Context(), db.Demo(t)
	sessions := session.New(realRedis(t), time.Now, session.Options{})
	s := identity.NewService(users, sessions, policy.Published(), "v", slog.New(slog.NewTextHandler(io.Discard, nil)))

	a := demo.Main()
	support, admin := a.With(policy.Support), a.With(policy.Administrator)
	member, err := s.Authenticate(ctx, support.Email, storetest.Password)
	if err != nil || member.SID != support.SID || member.Account != a.SID {
		t.Fatalf("%+v, %v", member, err)
	}
	if _, err := s.Authenticate(ctx, support.Email, "another password"); problem.CodeOf(err) != problem.Unauthenticated {
		t.Errorf("a wrong password: %v", err)
	}
	open, _, err := sessions.Create(ctx, session.NewSession{User: member.SID, Account: a.SID, Roles: []string{"SUPPORT"}, Policy: "v"})
	if err != nil {
		t.Fatal(err)
	}

	actor := identity.Actor{SID: admin.SID, Account: a.SID, Roles: []policy.Role{policy.Administrator}}
	for _, row := range []struct {
		name, target string
		code         problem.Code
	}{
		{"the Owner", a.With(policy.Owner).SID, problem.Forbidden},
		{"a user of another account", demo.Second().With(policy.Owner).SID, problem.NotFound},
		{"nobody", "US00000000000000000000000000000000", problem.NotFound},
	} {
		if err := s.SetRoles(ctx, actor, changeOf(actor), row.target, []policy.Role{policy.Developer}); problem.CodeOf(err) != row.code {
			t.Errorf("%s: %v, want %s", row.name, err, row.code)
		}
	}
	if err := s.SetRoles(ctx, actor, changeOf(actor), support.SID, []policy.Role{policy.Developer}); err != nil {
		t.Fatal(err)
	}
	if found, err := sessions.Lookup(ctx, open.User, open.ID); err != nil || !slices.Equal(found.Roles, []string{"DEVELOPER"}) {
		t.Errorf("the session has the roles %v, error %v", found.Roles, err)
	}
	if pending, err := users.PendingRoleChanges(ctx, 10); err != nil || len(pending) != 0 {
		t.Errorf("outbox %v, error %v", pending, err)
	}
}

// changeOf is a change that someone makes, as the resolver of a mutation has it.
func changeOf(actor identity.Actor) upstream.Change {
	return upstream.NewChange(upstream.NewScope(actor.Account, policy.NewFields("id", "email", "roles", "name")),
		audit.NewIntent(audit.Intent{User: actor.SID, Coordinate: "Mutation.test"}))
}
