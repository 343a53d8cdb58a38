//go:build faults

package cmd

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// signInAs is a sign-in of somebody with a password.
func signInAs(email, password string) string {
	return fmt.Sprintf(`{"query": "mutation { signIn(input: {email: \"%s\", password: \"%s\"}) { accessToken } }"}`, email, password)
}

// TestFaultsOfGuessing: whoever guesses passwords at two gateways, many at once, gets ten guesses at an account and so many a minute
// in all, and does not learn who has an account: not by the answer, and not by how long it takes.
func TestFaultsOfGuessing(t *testing.T) {
	const most = 100 // and by default:
	if defaults := defaultFlags(t); defaults.LimitSignIns > 200 || defaults.LimitSignInFailures > 10 {
		t.Errorf("an address may try to sign in %d times a minute, and be wrong %d times", defaults.LimitSignIns, defaults.LimitSignInFailures)
	}
	r := ownRedis(t)
	data := usualData(t)
	start := func(args ...string) *tried {
		p := startProcess(t, append([]string{"--data", data, "--demo-password", password, "--redis-url", r.url()}, args...)...)
		return &tried{process: p, t: t, own: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: patience}}
	}
	limit := fmt.Sprint("--limit-sign-ins=", most)
	gateways := []*tried{start(limit), start(limit)}
	guesses := func(n int, account func(i int) string) (looked int) {
		var count atomic.Int32
		var wait sync.WaitGroup
		for i := range n {
			wait.Go(func() {
				switch got := gateways[i%2].ask("", signInAs(account(i), "a guess")); {
				case strings.Contains(got.body, "UNAUTHENTICATED"):
					count.Add(1)
				case !strings.Contains(got.body, "RATE_LIMITED") && !strings.Contains(got.body, "SERVICE_UNAVAILABLE"): // it did not come to it in ten seconds
					t.Errorf("%+v", got)
				}
			})
		}
		wait.Wait()
		return int(count.Load())
	}
	for _, account := range []string{support, "nobody@example.com"} {
		if looked := guesses(30, func(int) string { return account }); looked > 10 || looked == 0 {
			t.Errorf("%d of 30 guesses at %s were looked at", looked, account)
		}
	}
	looked := guesses(most, func(i int) string { return fmt.Sprintf("nobody%d@example.com", i) })
	if looked > most-60 || looked == 0 { // sixty were before
		t.Errorf("%d of %d guesses were looked at", looked, most)
	}
	t.Logf("ten of 30 guesses at an account were looked at, and then %d of %d", looked, most)

	slow := start("--limit-sign-ins", "100000", "--limit-sign-in-failures", "100000")
	slow.own.Transport.(*http.Transport).MaxIdleConnsPerHost = 1
	took := map[bool][]time.Duration{}
	for i := range 80 {
		known := i%2 == 0
		email := "someone@example.com"
		if known {
			email = developer // who has as many letters less one
		}
		if got := slow.ask("", signInAs(email, "a guess")); !strings.Contains(got.body, "UNAUTHENTICATED") {
			t.Fatalf("%+v", got)
		} else if i > 9 {
			took[known] = append(took[known], got.took)
		}
	}
	known, unknown := percentile(took[true], 50), percentile(took[false], 50)
	if apart := math.Abs(float64(known)/float64(unknown) - 1); apart > 0.25 {
		t.Errorf("who has an account waits for %s and who has none for %s (medians)", known, unknown)
	}
	t.Logf("who has an account waits for %s and who has none for %s (medians of %d)", known.Round(100*time.Microsecond), unknown.Round(100*time.Microsecond), len(took[true]))
}

// TestFaultsOfDismissals: while a Redis takes no more, roles are changed and clients deleted. What is acknowledged holds from then on; what
// is not can be done again, and then holds.
func TestFaultsOfDismissals(t *testing.T) {
	for _, fault := range fullRedis {
		t.Run(fault.name, func(t *testing.T) {
			r := ownRedis(t)
			g := try(t, r.url())
			boss := g.signIn(owner)
			made := boss.do(createClient, vars{"input": vars{"name": "export", "grants": grants{grantOf("PRODUCT_LOGS", "READ")}}}).ok(t)
			id, sid, secret := made.text("createOAuthClient", "oauthClient", "id"), made.text("createOAuthClient", "oauthClient", "sid"), made.text("createOAuthClient", "secret")
			robot := g.token(sid+":"+secret, "grant_type", "client_credentials").Access
			const reads = `{"query": "{ account { calls(first: 1) { edges { node { sid } } } } }"}`
			user := g.userOf(support)
			change := fmt.Sprintf(`{"query": "mutation { setUserRoles(input: {userId: \"%s\", roles: [BILLING_MANAGER]}) { user { sid } } }"}`, g.globalID(support))
			remove := fmt.Sprintf(`{"query": "mutation { deleteOAuthClient(input: {id: \"%s\"}) { deletedOAuthClientId } }"}`, id)

			for _, holder := range []string{g.who.access, robot} { // who has something of their budget then, needs nothing of Redis but to be known
				if got := g.ask(holder, reads); !got.data() {
					t.Fatalf("%+v", got)
				}
			}
			r.command("SET", "ballast", strings.Repeat("x", 2<<20))
			r.command(fault.end...)
			for _, row := range []struct{ name, ask, holder, done string }{
				{"roles are changed", change, g.who.access, user}, {"a client is deleted", remove, robot, id},
			} {
				before := g.ask(row.holder, reads)
				got := g.ask(boss.access, row.ask)
				g.discreet(got.body)
				acknowledged := strings.Contains(got.body, `"`+row.done+`"`) && !strings.Contains(got.body, `"errors"`)
				after := g.ask(row.holder, reads)
				if acknowledged && after.data() {
					t.Errorf("%s, it was said (%s), and then the one whom it concerns is served: %s", row.name, got.body, after.body)
				}
				t.Logf("%s: before %d, acknowledged %v (%d), then %d", row.name, before.status, acknowledged, got.status, after.status)
			}
			r.command(fault.mend...)
			// That the log of revocations is followed again takes longer than a sign-in, whose own connection may be whole.
			eventually(t, "Redis takes part again", func() bool {
				token := field(g.ask("", signInAs(owner, password)).body, "accessToken")
				return token != "" && g.ask(token, guardedQuery).status == http.StatusOK
			})
			boss = g.signIn(owner)
			for _, ask := range []string{change, remove} {
				if got := g.ask(boss.access, ask); got.status != http.StatusOK {
					t.Errorf("%+v", got)
				}
			}
			for _, holder := range []string{g.who.access, robot} {
				if got := g.ask(holder, reads); got.status != http.StatusUnauthorized {
					t.Errorf("afterwards: %+v", got)
				}
			}
			g.alive()
		})
	}
}
