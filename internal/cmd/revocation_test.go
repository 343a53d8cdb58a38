package cmd

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
)

// sessionLease is the default of --session-lease: for so long a session may still be served when Redis has failed, or has lost
// it.
const sessionLease = 100 * time.Millisecond

// minted makes sessions and their tokens as signing in does, but for the work that a password is.
type minted struct {
	t         *testing.T
	sessions  *session.Store
	authority *token.Authority
	like      session.Session
}

// mint makes more of the session that a client of a program has.
func mint(t *testing.T, who client, redisURL, folder string) minted {
	t.Helper()
	redis, err := session.NewClient(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { redis.Close() })
	keys, _, err := token.LoadKeys(filepath.Join(folder, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	m := minted{t: t, sessions: session.New(redis, time.Now, session.Options{})}
	if m.authority, err = token.NewAuthority(keys, tokenName, tokenName, time.Now); err != nil {
		t.Fatal(err)
	}
	claims, err := m.authority.Verify(who.access)
	if err != nil {
		t.Fatal(err)
	}
	if m.like, err = m.sessions.Lookup(t.Context(), claims.Subject, claims.SessionID); err != nil {
		t.Fatal(err)
	}
	return m
}

// another is one more session: its token.
func (m minted) another() (access string) {
	m.t.Helper()
	generation, err := m.sessions.Generation(m.t.Context(), m.like.User)
	if err != nil {
		m.t.Fatal(err)
	}
	made, _, err := m.sessions.Create(m.t.Context(), session.NewSession{
		User: m.like.User, Account: m.like.Account, Roles: m.like.Roles, Policy: m.like.Policy, Generation: generation,
	})
	if err != nil {
		m.t.Fatal(err)
	}
	access, _, err = m.authority.Issue(token.Claims{Subject: made.User, SessionID: made.ID, Account: made.Account, Roles: made.Roles})
	if err != nil {
		m.t.Fatal(err)
	}
	return access
}

// question is a request that was made of one of several gateways.
type question struct {
	gateway         int
	begun, answered time.Time
	status          int
}

// asking asks each gateway with a token again and again, until stop is called, which returns what came of it.
func asking(gateways []*program, access string) (stop func() []question) {
	end := make(chan struct{})
	all := make([][]question, len(gateways))
	var running sync.WaitGroup
	for i, p := range gateways {
		running.Go(func() {
			for {
				begun := time.Now()
				resp, err := p.http.Do(client{p: p, access: access}.request(http.MethodPost, p.url, `{"query": "{ viewer { sid } }"}`))
				one := question{gateway: i, begun: begun, answered: time.Now()}
				if err == nil {
					one.status = resp.StatusCode
					resp.Body.Close()
				}
				all[i] = append(all[i], one)
				select {
				case <-end:
					return
				case <-time.After(time.Millisecond):
				}
			}
		})
	}
	return func() []question {
		close(end)
		running.Wait()
		return slices.Concat(all...)
	}
}

// revoke ends as many sessions, each at another gateway, while all gateways are asked with its token, and fails the test when one
// serves a request that began after the end was answered.
func revoke(t *testing.T, gateways []*program, m minted, times int) {
	t.Helper()
	took := map[string][]time.Duration{}
	for round := range times {
		access := m.another()
		for _, p := range gateways { // each has it in its cache
			client{p: p, access: access}.do(`{ viewer { sid } }`, nil).ok(t)
		}
		stop := asking(gateways, access)
		by := client{p: gateways[round%len(gateways)], access: access}
		sent := time.Now()
		by.do(`mutation { signOut { endedSessionId } }`, nil)
		ended := time.Now()
		time.Sleep(2 * time.Millisecond)
		refused := map[int]bool{}
		for _, one := range stop() {
			switch {
			case one.status == http.StatusOK && one.begun.After(ended):
				t.Fatalf("round %d: gateway %d served a request that began %s after the end was answered", round, one.gateway, one.begun.Sub(ended))
			case one.status == http.StatusUnauthorized && !refused[one.gateway]:
				refused[one.gateway] = true
				name := fmt.Sprintf("first refused by gateway %d", one.gateway)
				took[name] = append(took[name], one.answered.Sub(sent))
			}
		}
		for i, p := range gateways {
			if !refused[i] {
				client{p: p, access: access}.do(`{ viewer { sid } }`, nil).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
			}
		}
		took["answered"] = append(took["answered"], ended.Sub(sent))
	}
	for what, all := range took {
		slices.Sort(all)
		t.Logf("%d ends, from the request on until %s: %s (p50), %s (p99), %s (the longest)", len(all), what,
			all[len(all)/2].Round(10*time.Microsecond), all[len(all)*99/100].Round(10*time.Microsecond), all[len(all)-1].Round(10*time.Microsecond))
	}
}

// TestRevocations: of three gateways on one Redis, none serves a request that begins after a sign-out at any of them was answered.
func TestRevocations(t *testing.T) {
	t.Parallel()
	r, data := startRedis(t), demoData(t)
	var gateways []*program
	for range 3 {
		gateways = append(gateways, start(t, "--data", data, "--demo-password", password, "--redis-url", r.url(), "--budget=0"))
	}
	revoke(t, gateways, mint(t, gateways[0].signIn(support), r.url(), data), 40)
}
