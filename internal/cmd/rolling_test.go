package cmd

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// pair is two gateways on one database and one Redis, and what a client that alternates between them knows: which of
// them are ready. There is nothing in front of them.
type pair struct {
	gateways []*process
	ready    []atomic.Bool
	turn     atomic.Int64
}

// replicas starts two processes on every kind of database that there is: SQLite in a folder that they share, and a
// Postgres when there is one.
func replicas(t *testing.T, test func(t *testing.T, p *pair, again func(i int))) {
	ways := map[string]func(t *testing.T) []string{"sqlite": func(t *testing.T) []string {
		return []string{"--data", demoData(t), "--demo-password", password}
	}}
	for _, server := range storetest.Postgres() {
		ways["postgres"] = func(t *testing.T) []string { return onPostgres(t, server.Demo(t)) }
	}
	for name, arguments := range ways {
		t.Run(name, func(t *testing.T) {
			arguments := append(arguments(t), "--redis-url", startRedis(t).url(), "--drain-delay", "500ms")
			p := &pair{gateways: make([]*process, 2), ready: make([]atomic.Bool, 2)}
			for i := range p.gateways {
				p.gateways[i] = startProcess(t, arguments...)
			}
			test(t, p, func(i int) {
				address := strings.TrimSuffix(strings.TrimPrefix(p.gateways[i].url, "http://"), "/graphql")
				p.gateways[i] = startProcess(t, append([]string{"--listen", address}, arguments...)...)
			})
		})
	}
}

// TestAlternating: what one of two gateways was told, the other holds to, from one request to the next.
func TestAlternating(t *testing.T) {
	replicas(t, func(t *testing.T, p *pair, _ func(int)) {
		one, other := p.gateways[0].program, p.gateways[1].program
		for range 5 {
			here := one.signIn(support)
			there := client{other, here.access, here.refresh}
			there.do(`{ account { calls(first: 1) { edges { node { status } } } } }`, nil).ok(t)
			sessions := there.p.as(owner).do(`query($email: String) { account { users(email: $email) { edges { node { id sessions { id } } } } } }`,
				vars{"email": support}).ok(t)
			ids := sessions.all("account", "users", "edges", "node", "sessions", "id")
			if len(ids) != 1 {
				t.Fatalf("the other knows of the sessions %v", ids)
			}
			other.as(owner).do(`mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`, vars{"id": ids[0]}).ok(t)
			refused401(t, here)
			refused401(t, there)

			here = one.signIn(support)
			there = client{other, here.access, here.refresh}
			there.do(`{ viewer { sid } }`, nil).ok(t)
			user := sessions.text("account", "users", "edges", 0, "node", "id")
			const set = `mutation($id: ID!, $roles: [Role!]!) { setUserRoles(input: {userId: $id, roles: $roles}) { user { roles } } }`
			one.as(owner).do(set, vars{"id": user, "roles": []string{"DEVELOPER"}}).ok(t)
			refused401(t, there)
			renewed, _ := there.renew()
			client{one, renewed.access, ""}.do(`{ account { apiKeys(first: 1) { edges { node { sid } } } } }`, nil).ok(t)
			other.as(owner).do(set, vars{"id": user, "roles": []string{"SUPPORT"}}).ok(t)
			refused401(t, client{one, renewed.access, ""})
			client{one, "", renewed.refresh}.renew()
			end := one.as(owner).do(`query($email: String) { account { users(email: $email) { edges { node { sessions { id } } } } } }`,
				vars{"email": support}).ok(t).all("account", "users", "edges", "node", "sessions", "id")
			for _, id := range end {
				one.as(owner).do(`mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`, vars{"id": id}).ok(t)
			}
		}
	})
}

// TestRollingRestart restarts each of two gateways under load, one after the other. A client that alternates, and
// leaves out whichever says that it is not ready, loses no request.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	replicas(t, func(t *testing.T, p *pair, again func(i int)) {
		who := p.gateways[0].as(support)
		// The processes change during the test; what is sent goes by these addresses.
		urls := []string{p.gateways[0].url, p.gateways[1].url}
		stop := make(chan struct{})
		var wait sync.WaitGroup
		for i, url := range urls {
			p.ready[i].Store(true)
			wait.Go(func() { p.watch(i, url, stop) })
		}
		var sent, lost, slow atomic.Int64
		for range 8 {
			wait.Go(func() {
				own := &http.Client{Transport: &http.Transport{}, Timeout: patience}
				for {
					select {
					case <-stop:
						return
					default:
					}
					i := p.next()
					resp, err := own.Do(who.request(http.MethodPost, urls[i], `{"query": "{ viewer { sid } account { calls(first: 3) { edges { node { status } } } } }"}`))
					sent.Add(1)
					if err != nil {
						lost.Add(1)
						t.Errorf("gateway %d: %v", i, err)
						continue
					}
					switch a, err := answerOf(resp); {
					case a.slow():
						slow.Add(1)
					case err != nil || a.status != http.StatusOK:
						lost.Add(1)
						t.Errorf("gateway %d: %v, status %d %s", i, err, a.status, a.body)
					}
				}
			})
		}
		more := func(n int64) {
			before := sent.Load()
			eventually(t, "requests go on", func() bool { return sent.Load() > before+n || lost.Load() > 0 })
		}
		for range 2 {
			for i := range p.gateways {
				more(100)
				p.gateways[i].signal(syscall.SIGTERM)
				if status := p.gateways[i].wait(); status != 0 {
					t.Errorf("gateway %d ended with status %d:\n%s", i, status, p.gateways[i].stderr)
				}
				more(100)
				again(i)
				eventually(t, "it is ready", p.ready[i].Load)
			}
		}
		more(100)
		close(stop)
		wait.Wait()
		if slow.Load() > sent.Load()/20 {
			t.Errorf("of %d requests %d met a Redis that did not answer", sent.Load(), slow.Load())
		}
		t.Logf("%d requests over four restarts, %d lost", sent.Load(), lost.Load())
	})
}

// watch asks a gateway again and again whether it is ready.
func (p *pair) watch(i int, url string, stop <-chan struct{}) {
	own := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		resp, err := own.Get(strings.TrimSuffix(url, "/graphql") + "/readyz")
		p.ready[i].Store(err == nil && resp.StatusCode == http.StatusOK)
		if err == nil {
			resp.Body.Close()
		}
		select {
		case <-stop:
			return
		case <-tick.C:
		}
	}
}

// next is the gateway whose turn it is, of those that are ready.
func (p *pair) next() int {
	order := []int{0, 1}
	if p.turn.Add(1)%2 == 0 {
		slices.Reverse(order)
	}
	if p.ready[order[0]].Load() {
		return order[0]
	}
	return order[1]
}
