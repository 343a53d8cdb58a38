package cmd

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// TestUnshared is with what the gateway does not start on a database that others may use,
// and why. None of it looks at the database.
func TestUnshared(t *testing.T) {
	const database, redis = "--database-url=postgres://me:hunter2@localhost:1/accounts?sslmode=disable", "--redis-url=redis://localhost:1"
	none, made := filepath.Join(t.TempDir(), "none"), t.TempDir()
	if _, _, err := token.LoadKeys(made); err != nil {
		t.Fatal(err)
	}
	given := "--keys=" + givenKeys(t)
	unaudited := filepath.Join(t.TempDir(), "keys")
	if _, err := token.AddKey(unaudited, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"no Redis", []string{database, given}, []string{"--redis-url", "share their sessions"}},
		{"no key", []string{database, redis, "--keys=" + none}, []string{none, "--keys", "fieldgate keys new", "openssl genpkey -algorithm ed25519 -out " + none}},
		{"no key in the data folder", []string{database, redis, "--data=" + none}, []string{filepath.Join(none, "keys"), "--data"}},
		{"a key that was made up", []string{database, redis, "--keys=" + made}, []string{made, "given to each and not made up"}},
		{"no key of the audit trail", []string{database, redis, "--keys=" + unaudited},
			[]string{"audit trail", "--keys", "fieldgate keys new", "openssl rand -base64 32 > " + filepath.Join(unaudited, "audit.key")}},
		{"no such key of the audit trail", []string{database, redis, given, "--audit-key=" + none}, []string{"audit trail", "--audit-key"}},
		{"neither Redis nor a key", []string{database, "--keys=" + none}, []string{"--redis-url", "openssl"}},
		{"a demo without a password", []string{database, redis, given, "--demo=on"}, []string{"--demo-password"}},
		{"no connection", []string{database, redis, given, "--database-max-connections=0"}, []string{"--database-max-connections"}},
		{"no time", []string{database, redis, given, "--database-statement-timeout=0s"}, []string{"--database-statement-timeout"}},
		{"another database", []string{"--database-url=mysql://me:hunter2@localhost/accounts", redis, given}, []string{"--database-url", "want postgres://"}},
		{"an unprotected way", []string{"--database-url=postgres://me:hunter2@db.example.com/accounts", redis, given}, []string{"sslmode=verify-full"}},
		{"nobody there", []string{database, redis, given}, []string{"--database-url", "connection refused"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := contents(t, made)
			got := command(t, append([]string{"serve", "--listen=127.0.0.1:0"}, c.args...)...)
			if got.status != 1 || strings.Contains(got.stdout, "answers at") {
				t.Errorf("status %d, want 1: %s%s", got.status, got.stdout, got.stderr)
			}
			for _, want := range c.says {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("it does not say %q: %s", want, got.stderr)
				}
			}
			for _, secret := range []string{"hunter2", "me:", "localhost:1", "example.com"} {
				if strings.Contains(got.stderr, secret) {
					t.Errorf("it says %q: %s", secret, got.stderr)
				}
			}
			if _, err := os.Stat(none); err == nil || len(contents(t, made)) != len(before) {
				t.Error("the refused start has made something")
			}
		})
	}
}

// TestSharedDatabase: on a database that others may use, nothing is filled in unless it is asked for.
func TestSharedDatabase(t *testing.T) {
	for _, server := range storetest.Postgres() {
		redis, keys := startRedis(t).url(), givenKeys(t)
		for _, c := range []struct {
			name, url string
			args      []string
			says      string
		}{
			{"an empty one", server.Empty(t), nil, "fieldgate init"},
			{"an empty one, and no demo", server.Empty(t), []string{"--demo=off"}, "fieldgate init"},
			{"an empty one, and a demo on every address", server.Empty(t), []string{"--demo=on", "--demo-password=" + password, "--listen=:0"}, "this machine alone"},
			{"one with demo users", server.Demo(t), nil, "--demo=on"},
			{"one with demo users, on every address", server.Demo(t), []string{"--demo=on", "--demo-password=" + password, "--listen=:0"}, "this machine alone"},
		} {
			t.Run(c.name, func(t *testing.T) {
				got := command(t, append([]string{"serve", "--listen=127.0.0.1:0", "--database-url", c.url, "--redis-url", redis, "--keys", keys}, c.args...)...)
				if got.status != 1 || !strings.Contains(got.stderr, c.says) || strings.Contains(got.stdout, "answers at") {
					t.Errorf("status %d, want 1 and %q: %s%s", got.status, c.says, got.stdout, got.stderr)
				}
			})
		}
		t.Run("a demo that is asked for", func(t *testing.T) {
			p := start(t, append(onPostgres(t, server.Empty(t)), "--redis-url", redis)...)
			p.as(support).do(`{ account { calls(first: 1) { edges { node { status } } } } }`, nil).ok(t)
		})
	}
}

// TestReplicas goes the way of a real start with two gateways on one Postgres and one
// Redis: what the one does, the other knows.
func TestReplicas(t *testing.T) {
	for _, server := range storetest.Postgres() {
		database, keys := file(t, "database-url", server.Empty(t)+"\n"), givenKeys(t)
		made := command(t, "init", "--account-name", "Halyard Freight", "--owner", ada, "--database-url-file", database)
		invitation := linkOf(t, made)[2]
		if again := command(t, "init", "--account-name", "Another", "--owner", ada, "--database-url-file", database); again.status != 1 ||
			!strings.Contains(again.stderr, "--database-url") {
			t.Errorf("a second account: %+v", again)
		}
		arguments := []string{"--database-url-file", database, "--keys", keys, "--redis-url", startRedis(t).url()}
		one, other := start(t, arguments...), start(t, arguments...)
		const chosen = "a password of their own"
		one.guest().do(acceptQuery, vars{"token": invitation, "password": chosen}).ok(t)
		other.guest().do(acceptQuery, vars{"token": invitation, "password": chosen}).refused(t, http.StatusOK, "NOT_FOUND")

		a := one.guest().do(signInQuery, vars{"email": ada, "password": chosen}).ok(t)
		here := client{one, a.text("signIn", "accessToken"), a.text("signIn", "refreshToken")}
		there := client{other, here.access, here.refresh}
		const create = `mutation { createApiKey(input: {friendlyName: "deploy", idempotencyKey: "k"}) { secret apiKey { id } } }`
		first := here.do(create, nil).ok(t)
		if second := there.do(create, nil).ok(t); second.at("createApiKey", "secret") != nil ||
			second.text("createApiKey", "apiKey", "id") != first.text("createApiKey", "apiKey", "id") {
			t.Errorf("repeated at the other: %s", second.body)
		}
		here.do(`mutation { createApiKey(input: {friendlyName: "second"}) { secret } }`, nil).ok(t)
		const list = `query($after: String) { account { apiKeys(first: 1, after: $after) { edges { cursor node { friendlyName } } } } }`
		cursor := here.do(list, nil).ok(t).text("account", "apiKeys", "edges", 0, "cursor")
		if got := there.do(list, vars{"after": cursor}).ok(t).text("account", "apiKeys", "edges", 0, "node", "friendlyName"); got != "deploy" {
			t.Errorf("a cursor of the one leads at the other to %q", got)
		}
		there.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
		refused401(t, here)
	}
}

// TestDatabaseAway: while the database is away, or takes too long, an answer says so and
// says no more, and the log no more than that either.
func TestDatabaseAway(t *testing.T) {
	for _, server := range storetest.Postgres() {
		line := storetest.NewLine(t, server.Demo(t))
		p := start(t, append(onPostgres(t, line.URL()), "--redis-url", startRedis(t).url(), "--database-statement-timeout=1s")...)
		const query = `{ account { friendlyName calls(first: 1) { edges { node { status } } } } }`
		who := p.as(owner)
		problem := func(code string) {
			t.Helper()
			a := who.try(query, nil)
			if a.status != http.StatusOK || len(a.errors) == 0 || a.errors[0].Extensions.Code != code {
				t.Errorf("%d %s, want %s", a.status, a.body, code)
			}
			discreet(t, a.body, line.URL())
		}
		who.do(query, nil).ok(t)
		line.Cut()
		problem("SERVICE_UNAVAILABLE")
		a := p.guest().try(signInQuery, vars{"email": support, "password": password})
		if a.code() != "SERVICE_UNAVAILABLE" || strings.Contains(a.body, "accessToken") {
			t.Errorf("a sign-in: %d %s", a.status, a.body)
		}
		if _, a = who.renew(); a.code() != "SERVICE_UNAVAILABLE" {
			t.Errorf("a refresh: %d %s", a.status, a.body)
		}
		line.Mend()
		who.do(query, nil).ok(t)
		if _, a = who.renew(); len(a.errors) > 0 { // the refresh before has used nothing up
			t.Errorf("a refresh afterwards: %s", a.body)
		}

		release := p.lock("calls")
		problem("TIMEOUT")
		release()
		p.as(support).do(query, nil).ok(t)
		p.stop()
		discreet(t, p.stderr.String(), line.URL())
		if !strings.Contains(p.stderr.String(), "SERVICE_UNAVAILABLE") {
			t.Errorf("the log does not tell: %s", p.stderr)
		}
	}
}

// lock has another process hold a table, until it is released.
func (p *program) lock(table string) (release func()) {
	p.t.Helper()
	db := p.connect()
	tx, err := db.Begin()
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := tx.Exec("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE"); err != nil {
		p.t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			p.t.Error(err)
		}
		db.Close()
	}
}

// discreet fails the test when a text says of a database what is nobody's business.
func discreet(t *testing.T, text, database string) {
	t.Helper()
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{":" + at.Port(), strings.TrimPrefix(at.Path, "/"), at.User.Username() + "@", "user=", "SELECT", "sslmode"} {
		if strings.Contains(text, word) {
			t.Errorf("it says %q: %s", word, text)
		}
	}
}
