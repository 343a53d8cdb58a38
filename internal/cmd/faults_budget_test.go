//go:build faults

package cmd

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// resets is after how many seconds a budget is whole again, as an answer tells.
var resets = regexp.MustCompile(`;t=(\d+)$`)

func (r reply) resets() int {
	found := resets.FindStringSubmatch(r.header.Get("RateLimit"))
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// spend has both gateways asked as much as they take, and returns how many were answered. It fails the test when an answer is neither that nor
// a refusal for the budget.
func spend(t *testing.T, gateways []*tried, ask func(g *tried) reply) (answered int) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for range 10 {
				got := ask(gateways[i%len(gateways)])
				mu.Lock()
				switch {
				case got.status == http.StatusOK && got.data():
					answered++
				case got.status != http.StatusTooManyRequests || !strings.Contains(got.body, "cost_per_minute") || got.header.Get("Retry-After") == "":
					t.Errorf("%+v", got)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return answered
}

// TestFaultsOfBudgets: two gateways that share a Redis never grant more than a budget together, however many ask both of them at once, and
// what one of them held when it was killed is all that is missed. Of guests each address has its own, which nobody can make up.
func TestFaultsOfBudgets(t *testing.T) {
	const budget, cost = 4080, 102 // forty operations
	r := ownRedis(t)
	data := usualData(t)
	start := func(args ...string) *tried {
		p := startProcess(t, append([]string{"--data", data, "--demo-password", password, "--redis-url", r.url(),
			"--budget", fmt.Sprint(budget), "--budget-guest", "40"}, args...)...)
		return &tried{process: p, t: t, own: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 20}, Timeout: patience}}
	}
	behind := "--trusted-proxy=127.0.0.0/8"
	one, other, plain := start(behind), start(behind), start()

	const page = `{"query": "{ account { calls(first: 50) { edges { cursor } } } }"}`
	for _, row := range []struct {
		name        string
		user        string // who has spent nothing yet: all sessions of one user have one budget
		kill        bool
		least, most int
	}{
		{"both", support, false, budget/cost - 2, budget / cost}, // a twentieth may lie unspent at each
		{"one is killed", developer, true, budget/cost - 4, budget / cost},
	} {
		t.Run(row.name, func(t *testing.T) {
			who := one.signIn(row.user)
			if ends := other.ask(who.access, page).resets(); ends < 20 { // the user's minute ends soon: take the next
				time.Sleep(time.Duration(ends) * time.Second)
				other.ask(who.access, page)
			}
			gateways := []*tried{one, other}
			answered := 1
			if row.kill {
				for range 5 {
					if got := one.ask(who.access, page); got.status == http.StatusOK {
						answered++
					}
				}
				one.signal(syscall.SIGKILL)
				one.wait()
				gateways = []*tried{other}
			}
			answered += spend(t, gateways, func(g *tried) reply { return g.ask(who.access, page) })
			if answered < row.least || answered > row.most {
				t.Errorf("%d were answered, want %d to %d", answered, row.least, row.most)
			}
			t.Logf("%d of %d were answered", answered, row.most)
		})
	}

	from := func(g *tried, address string) reply {
		request := client{p: g.program}.request(http.MethodPost, g.url, publicQuery)
		request.Header.Set("X-Forwarded-For", address)
		resp, err := g.own.Do(request)
		if err != nil {
			return reply{err: err}
		}
		return read0(resp)
	}
	for _, row := range []struct {
		name    string
		g       *tried
		address func(i int) string
		refused bool
	}{
		{"an address behind a trusted proxy", other, func(int) string { return "192.0.2.1" }, true},
		{"many addresses behind a trusted proxy", other, func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }, false},
		{"what an address behind a trusted proxy makes up", other, func(i int) string { return fmt.Sprintf("198.51.100.%d, 192.0.2.2", i) }, true},
		{"what a client makes up", plain, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, true},
	} {
		refused := 0
		for i := range 60 {
			if got := from(row.g, row.address(i)); got.status == http.StatusTooManyRequests {
				refused++
			} else if got.status != http.StatusOK {
				t.Errorf("%s: %+v", row.name, got)
			}
		}
		if (refused > 0) != row.refused {
			t.Errorf("%s: %d of 60 were refused", row.name, refused)
		}
		t.Logf("%s: %d of 60 were refused", row.name, refused)
	}
}
