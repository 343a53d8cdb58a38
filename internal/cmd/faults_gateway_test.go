//go:build faults

package cmd

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/auth/token"
)

// again starts the gateway anew on its old address, with what it was started with.
func (g *tried) again() {
	g.t.Helper()
	arguments := g.command.Args[1:] // serve --listen ADDRESS …
	address := strings.TrimSuffix(strings.TrimPrefix(g.url, "http://"), "/graphql")
	begun := time.Now()
	g.process = startProcess(g.t, append([]string{"--listen", address}, arguments[3:]...)...)
	g.t.Logf("up again after %s", time.Since(begun).Round(time.Millisecond))
	if up := time.Since(begun); up > back*busy(g.t) {
		g.t.Errorf("it takes %s to come up", up)
	}
}

// TestFaultsOfTheGateway: it is killed under load. What it has acknowledged holds: no sign-in is lost, no sign-out undone.
func TestFaultsOfTheGateway(t *testing.T) {
	r := ownRedis(t)
	g := try(t, r.url())
	url := g.url
	var mu sync.Mutex
	turn := 0
	var in, out []string // tokens of sign-ins and of sign-outs that were acknowledged
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				signIn := g.at(url, "", signInBody)
				access := field(signIn.body, "accessToken")
				if access == "" {
					continue
				}
				mu.Lock()
				turn++
				leaves := turn%3 != 0
				if !leaves {
					in = append(in, access)
				}
				mu.Unlock()
				if !leaves {
					continue
				}
				if got := g.at(url, access, `{"query": "mutation { signOut { endedSessionId } }"}`); field(got.body, "endedSessionId") != "" {
					mu.Lock()
					out = append(out, access)
					mu.Unlock()
				}
			}
		})
	}
	for range 2 {
		time.Sleep(1500 * time.Millisecond)
		g.signal(syscall.SIGKILL)
		g.wait()
		g.again()
	}
	time.Sleep(500 * time.Millisecond)
	close(stop)
	wait.Wait()
	// A user has so many sessions at most: the first ones were ended by later ones.
	if len(in) > 40 {
		in = in[len(in)-40:]
	}
	for _, access := range in {
		if got := g.ask(access, guardedQuery); got.status != http.StatusOK {
			t.Errorf("a sign-in that was acknowledged: %d %s", got.status, got.body)
		}
	}
	for _, access := range out {
		if got := g.ask(access, guardedQuery); got.status != http.StatusUnauthorized {
			t.Errorf("a sign-out that was acknowledged: %d %s", got.status, got.body)
		}
	}
	if len(in) == 0 || len(out) == 0 {
		t.Errorf("%d sign-ins and %d sign-outs: nothing was tried", len(in), len(out))
	}
	t.Logf("%d sign-ins and %d sign-outs hold", len(in), len(out))
}

// at is ask of a gateway that may just be another process.
func (g *tried) at(url, access, body string) reply {
	c := client{p: &program{t: g.t, url: url}, access: access}
	resp, err := g.own.Do(c.request(http.MethodPost, url, body))
	if err != nil {
		return reply{err: err}
	}
	return read0(resp)
}

// TestFaultsOfMutations: the gateway is killed in the middle of creates. With its idempotency key each can be sent again, and
// is done exactly once.
func TestFaultsOfMutations(t *testing.T) {
	r := ownRedis(t)
	g := try(t, r.url())
	who := g.signIn(owner)
	url := g.url
	create := func(key string) string {
		return fmt.Sprintf(`{"query": "mutation { createApiKey(input: {friendlyName: \"%s\", idempotencyKey: \"%[1]s\"}) { apiKey { id } } }"}`, key)
	}
	var mu sync.Mutex
	sent, acknowledged := 0, map[string]string{}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("fault-%d-%d", worker, i)
				for {
					select {
					case <-stop:
						return
					default:
					}
					got := g.at(url, who.access, create(key))
					mu.Lock()
					sent++
					mu.Unlock()
					if id := field(got.body, "id"); id != "" {
						mu.Lock()
						acknowledged[key] = id
						mu.Unlock()
						break
					}
				}
			}
		})
	}
	for range 3 {
		time.Sleep(500 * time.Millisecond)
		g.signal(syscall.SIGKILL)
		g.wait()
		g.again()
	}
	time.Sleep(500 * time.Millisecond)
	close(stop)
	wait.Wait()
	who = g.signIn(owner)
	made := map[string]int{}
	after := ""
	for {
		page := who.do(`query($after: String) { account { apiKeys(first: 1000, after: $after) { edges { node { friendlyName } } pageInfo { hasNextPage endCursor } } } }`,
			vars{"after": nilIfEmpty(after)}).ok(t)
		for _, name := range page.all("account", "apiKeys", "edges", "node", "friendlyName") {
			made[name.(string)]++
		}
		if page.at("account", "apiKeys", "pageInfo", "hasNextPage") != true {
			break
		}
		after = page.text("account", "apiKeys", "pageInfo", "endCursor")
	}
	for key := range acknowledged {
		if made[key] != 1 {
			t.Errorf("%s was acknowledged and made %d times", key, made[key])
		}
	}
	for name, times := range made {
		if times > 1 {
			t.Errorf("%s was made %d times", name, times)
		}
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was made")
	}
	t.Logf("%d creates acknowledged of %d sent, each made once", len(acknowledged), sent)
}

func nilIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// TestFaultsOfStopping: the gateway is told to stop with twenty mutations under way, twenty WebSockets and twenty streams of events. No mutation is
// lost, who follows something is told to go on elsewhere, and it ends in time.
func TestFaultsOfStopping(t *testing.T) {
	const each = 20
	g := try(t, ownRedis(t).url(), "--demo-events", "0")
	who := g.signIn(owner)
	var streams []*stream
	var sockets []*socket
	for range each {
		streams = append(streams, who.subscribe(everyLog))
		s := who.socket()
		s.begin("logs", everyLog, nil)
		sockets = append(sockets, s)
	}
	eventually(t, "all follow", func() bool { return g.figures()["fieldgate_subscriptions_running"] == 2*each })
	release := lockDatabase(t, filepath.Join(g.folder(), "fieldgate.db"))
	defer release()
	wait := g.burst(each, who.access, `{"query": "mutation { createApiKey(input: {friendlyName: \"last\"}) { apiKey { id } } }"}`, func(reply) {})
	eventually(t, "all are under way", func() bool { return g.figures()["fieldgate_requests_in_flight"] == 2*each })
	begun := time.Now()
	g.signal(syscall.SIGTERM)
	for _, s := range streams {
		if last, _ := s.ended(); last.code() != "SERVICE_UNAVAILABLE" || last.hasData {
			t.Errorf("a stream ends with %s", last.body)
		}
	}
	for _, s := range sockets {
		if closed, _ := s.closed(); closed.Code != websocket.StatusServiceRestart {
			t.Errorf("a socket is closed with %v", closed)
		}
	}
	t.Logf("all streams and sockets have ended after %s", time.Since(begun).Round(time.Millisecond))
	release()
	made := map[string]bool{}
	for _, r := range wait() {
		if id := field(r.body, "id"); r.status != http.StatusOK || id == "" {
			t.Errorf("a mutation that was under way: %+v", r)
		} else {
			made[id] = true
		}
	}
	if status, took := g.wait(), time.Since(begun); status != 0 || took > 15*time.Second*busy(t) || len(made) != each {
		t.Errorf("it ended with status %d after %s; %d of %d were made", status, took, len(made), each)
	} else {
		t.Logf("%d mutations were answered, and it ended after %s", len(made), took.Round(time.Millisecond))
	}
}

// TestFaultsOfClocks: a token of a gateway whose clock differs a little is good, and one that is over is not.
func TestFaultsOfClocks(t *testing.T) {
	r := ownRedis(t)
	g := try(t, r.url())
	keys, _, err := token.LoadKeys(filepath.Join(g.folder(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	own, err := token.NewAuthority(keys, tokenName, tokenName, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := own.Verify(g.who.access)
	if err != nil {
		t.Fatal(err)
	}
	for _, skew := range []struct {
		name string
		by   time.Duration // how far the clock of who issues it is ahead
		want int
	}{
		{"the same clock", 0, http.StatusOK},
		{"15 s ahead", 15 * time.Second, http.StatusOK},
		{"15 s behind", -15 * time.Second, http.StatusOK},
		{"ahead by the leeway and 5 s", token.Leeway + 5*time.Second, http.StatusUnauthorized},
		{"over since 15 s", -token.TTL - 15*time.Second, http.StatusOK},
		{"over since the leeway and 5 s", -token.TTL - token.Leeway - 5*time.Second, http.StatusUnauthorized},
	} {
		authority, err := token.NewAuthority(keys, tokenName, tokenName, func() time.Time { return time.Now().Add(skew.by) })
		if err != nil {
			t.Fatal(err)
		}
		minted, _, err := authority.Issue(claims)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.ask(minted, guardedQuery); got.status != skew.want {
			t.Errorf("%s: %d %s, want %d", skew.name, got.status, got.body, skew.want)
		}
	}
}
