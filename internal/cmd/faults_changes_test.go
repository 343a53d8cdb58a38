//go:build faults

package cmd

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// changing is a gateway on a Postgres and a Redis, with something in between that may fail at a commit.
type changing struct {
	*tried
	redis  *realRedis
	middle *middle
	db     *sql.DB // past what is in between
	keys   string
	url    string // of the database
}

func tryChanging(t *testing.T, pg *ownPostgres, database string) *changing {
	t.Helper()
	server, err := sql.Open("pgx", pg.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := server.Exec("CREATE DATABASE " + database); err != nil {
		t.Fatal(err)
	}
	c := &changing{redis: ownRedis(t), middle: between(t, pg.address), url: pg.url(database)}
	if c.db, err = sql.Open("pgx", c.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.db.Close() })
	arguments := onPostgres(t, strings.Replace(c.url, pg.address, c.middle.listener.Addr().String(), 1))
	c.keys = arguments[slices.Index(arguments, "--keys")+1]
	p := startProcess(t, append(arguments, "--redis-url", c.redis.url(), "--demo-events", "0")...)
	c.tried = &tried{process: p, t: t, own: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: patience}}
	t.Cleanup(c.own.CloseIdleConnections)
	c.who = p.signIn(administrator)
	return c
}

// texts are the first column of what a statement finds.
func (c *changing) texts(statement string, args ...any) []string {
	c.t.Helper()
	rows, err := c.db.Query(statement, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return all
}

// done are the SIDs that the trail says a mutation has changed.
func (c *changing) done(mutation string) []string {
	c.t.Helper()
	return c.texts(`SELECT resource_sid FROM audit_events WHERE account_sid = $1 AND sequence > $2 AND coordinate = $3 AND outcome = 'DONE'
		AND (fields <> '' OR action = 'DELETE') ORDER BY 1`, demo.Main().SID, demoEvents, "Mutation."+mutation)
}

// rolesOf are the roles of a user, in the database; none for one who is not there.
func (c *changing) rolesOf(email string) []string {
	c.t.Helper()
	return c.texts("SELECT roles FROM users WHERE email = $1", email)
}

// whole fails the test unless the trail is as it was written.
func (c *changing) whole() {
	c.t.Helper()
	if got := command(c.t, "audit", "verify", "--database-url", c.url, "--keys", c.keys); got.status != 0 {
		c.t.Errorf("audit verify: %+v", got)
	}
}

// TestFaultsOfTheTrail: Postgres and the gateway crash while keys are made and deleted. What was changed is in the trail once, and
// what is in the trail was changed, whatever was acknowledged.
func TestFaultsOfTheTrail(t *testing.T) {
	pg := startPostgres(t)
	c := tryChanging(t, pg, "trail")
	who := c.signIn(owner)
	address := c.tried.url // the same after a start
	mutate := func(query string) string {
		return c.at(address, who.access, fmt.Sprintf(`{"query": %q}`, "mutation { "+query+" }")).body
	}
	made, deleted := map[string]bool{}, map[string]bool{} // of what was acknowledged
	var mu sync.Mutex
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				body := mutate(fmt.Sprintf(`createApiKey(input: {friendlyName: "fault-%d-%d"}) { apiKey { id sid } }`, worker, i))
				id, sid := field(body, "id"), field(body, "sid")
				if id == "" {
					continue
				}
				gone := i%2 == 0 && field(mutate(`deleteApiKey(input: {id: "`+id+`"}) { deletedApiKeyId }`), "deletedApiKeyId") != ""
				mu.Lock()
				made[sid] = true
				if gone {
					deleted[sid] = true
				}
				mu.Unlock()
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	pg.end(syscall.SIGQUIT)
	pg.start()
	c.serves(5 * time.Second)
	for range 2 {
		time.Sleep(500 * time.Millisecond)
		c.signal(syscall.SIGKILL)
		c.wait()
		c.again()
	}
	time.Sleep(500 * time.Millisecond)
	close(stop)
	wait.Wait()
	c.signal(syscall.SIGTERM)
	c.wait()

	left := map[string]bool{}
	for _, sid := range c.done("createApiKey") {
		if left[sid] {
			t.Errorf("%s was made twice, says the trail", sid)
		}
		left[sid] = true
		delete(made, sid)
	}
	total := len(left)
	for _, sid := range c.done("deleteApiKey") {
		if !left[sid] {
			t.Errorf("%s was deleted, says the trail, and not made or deleted before", sid)
		}
		delete(left, sid)
		delete(deleted, sid)
	}
	if len(made)+len(deleted) > 0 {
		t.Errorf("acknowledged and not in the trail: made %v, deleted %v", made, deleted)
	}
	rows := c.texts("SELECT sid FROM api_keys WHERE friendly_name LIKE 'fault-%' ORDER BY sid")
	if want := slices.Sorted(maps.Keys(left)); !slices.Equal(rows, want) {
		t.Errorf("there are %d keys, and %d by the trail", len(rows), len(want))
	}
	if total < 10 || total == len(left) {
		t.Errorf("%d were made and %d are left: nothing was tried", total, len(left))
	}
	c.whole()
	t.Logf("%d made, %d left", total, len(left))
}

// TestFaultsOfTheCommit: something fails at the very commit of a change of who may do what. The change and its audit event are both
// there or both not; where it is there, no token from before is good any more, and nobody holds what the database does not say.
func TestFaultsOfTheCommit(t *testing.T) {
	pg := startPostgres(t)
	for _, fault := range []struct {
		name, database string
		at             func(c *changing, finish func()) bool
		done, crash    bool // whether the change is there afterwards, and whether the gateway is not
	}{
		{"the connection ends before", "before", func(*changing, func()) bool { return false }, false, false},
		{"its answer is lost", "lost", func(_ *changing, finish func()) bool { finish(); return false }, true, false},
		{"Redis crashes before", "redis", func(c *changing, _ func()) bool { c.redis.kill(); return true }, true, false},
		{"the gateway crashes before", "crash", func(c *changing, _ func()) bool { c.signal(syscall.SIGKILL); return false }, false, true},
		{"the gateway crashes after", "after", func(c *changing, finish func()) bool { finish(); c.signal(syscall.SIGKILL); return false }, true, true},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			c := tryChanging(t, pg, fault.database)
			sid := func(email string) string {
				for _, user := range demo.Main().Users {
					if user.Email == email {
						return user.SID
					}
				}
				return ""
			}
			user := func(email string) string { return encodeID("User", sid(email)) }
			for _, change := range []struct {
				name, input string
				of          []string // whom it concerns
				roles       []string // that they hold afterwards; none for who is removed
			}{
				{"setUserRoles", fmt.Sprintf(`{userId: %q, roles: [SUPPORT]}`, user(billing)), []string{billing}, []string{"SUPPORT"}},
				{"removeUser", fmt.Sprintf(`{userId: %q}`, user(support)), []string{support}, nil},
				{"transferOwnership", fmt.Sprintf(`{userId: %q}`, user(developer)), []string{owner, developer}, []string{"ADMINISTRATOR", "OWNER"}},
			} {
				boss := c.signIn(owner)
				var held []client
				var before, after []string
				for _, who := range change.of {
					held = append(held, c.signIn(who))
					before = append(before, c.rolesOf(who)...)
				}
				at := func(finish func()) bool { return fault.at(c, finish) }
				c.middle.atCommit.Store(&at)
				got := c.ask(boss.access, fmt.Sprintf(`{"query": %q}`, "mutation { "+change.name+"(input: "+change.input+") { __typename } }"))
				if c.middle.atCommit.Load() != nil {
					t.Fatalf("%s: nothing was committed: %+v", change.name, got)
				}
				c.discreet(got.body)
				if !fault.done && got.data() && !strings.Contains(got.body, "errors") {
					t.Errorf("%s was said to be done: %s", change.name, got.body)
				}
				if c.redis.process == nil {
					c.redis.start()
				}
				if fault.crash {
					c.wait()
					c.again()
				}
				eventually(t, "it serves again", func() bool { return c.guarded().data() && c.probe("/readyz") == http.StatusOK })

				if done := slices.Contains(c.done(change.name), sid(change.of[len(change.of)-1])); done != fault.done {
					t.Errorf("%s was done, says the trail: %v", change.name, done)
				}
				for i, who := range change.of {
					if old := c.ask(held[i].access, guardedQuery); fault.done && old.data() {
						t.Errorf("%s: %s is served by a token from before: %s", change.name, who, old.body)
					}
					roles := c.rolesOf(who)
					after = append(after, roles...)
					held[i].p = c.program // which may be another now
					var fresh client
					var a answer
					// What became of a change of which no answer came is looked up; until then, or for a minute, nobody has a token.
					eventually(t, who+" has been told", func() bool {
						fresh, a = held[i].renew()
						return !fault.done || a.code() != "SERVICE_UNAVAILABLE"
					})
					switch {
					case fresh.access != "":
						if now := fresh.do(`{ viewer { roles } }`, nil).ok(t).all("viewer", "roles"); fmt.Sprint(now) != fmt.Sprint(roles) {
							t.Errorf("%s: %s holds %v, and by the database %v", change.name, who, now, roles)
						}
					case fault.done && len(roles) > 0:
						t.Errorf("%s: %s has no new token: %s", change.name, who, a.body)
					case fault.done:
						if in := c.guest().do(signInQuery, vars{"email": who, "password": password}); in.code() != "UNAUTHENTICATED" {
							t.Errorf("%s, who is removed, signs in: %s", who, in.body)
						}
					case a.code() != "SERVICE_UNAVAILABLE":
						t.Errorf("%s: %s is refused: %s", change.name, who, a.body)
					}
				}
				want := before
				if fault.done {
					want = change.roles
				}
				if !slices.Equal(after, want) {
					t.Errorf("%s: %v hold %v, want %v", change.name, change.of, after, want)
				}
				c.whole()
				c.alive()
			}
		})
	}
}
