package cmd

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestGuestsLeaveRoom: however many guests sign in at once, who is signed in is served.
func TestGuestsLeaveRoom(t *testing.T) {
	p := startDemo(t, "--limit-requests=4", "--limit-sign-ins=100000")
	who := p.signIn(support)
	over := make(chan struct{})
	var guests sync.WaitGroup
	var mu sync.Mutex
	shed := 0
	for i := range 40 {
		guests.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				a := p.guest().try(signInQuery, vars{"email": fmt.Sprintf("n%d-%d@example.com", i, n), "password": "wrong"})
				if a.status == http.StatusServiceUnavailable && strings.Contains(a.body, `"limit":"requests"`) {
					mu.Lock()
					shed++
					mu.Unlock()
				}
			}
		})
	}
	turnedAway := 0
	for range 100 {
		if a := who.try(`{ viewer { sid } }`, nil); strings.Contains(a.body, `"limit":"requests"`) {
			turnedAway++
		}
	}
	close(over)
	guests.Wait()
	if turnedAway > 0 {
		t.Errorf("of 100 requests of who is signed in, %d were turned away", turnedAway)
	}
	if shed == 0 {
		t.Error("no guest was turned away: the test shows nothing")
	}
}

// TestBudgetOfAUser: the sessions of a user and the OAuth clients that they made spend one budget, which is that of the
// user's roles; another user has their own.
func TestBudgetOfAUser(t *testing.T) {
	const query = `{ account { calls(first: 10) { edges { cursor } } } }` // 22 points
	p := startDemo(t, "--budget-role=DEVELOPER=200")
	who := p.as(developer)
	robot := p.asClient(who.makeClient("Log export", grants{grantOf("PRODUCT_LOGS", "READ")}))
	callers := map[string]client{"the user": who, "in another session": p.signIn(developer), "their client": robot}
	for tries := 0; ; tries++ { // a minute may end in between, and Redis be slow
		spent := 0
		for range 20 {
			if who.try(query, nil).status == http.StatusOK {
				spent++
			}
		}
		refused, told := 0, 0
		for _, c := range callers {
			a := c.try(query, nil)
			if a.status == http.StatusTooManyRequests && strings.Contains(a.body, `"limit":"cost_per_minute"`) {
				refused++
			}
			if a.header.Get("RateLimit-Policy") == `"cost";q=200;w=60` {
				told++
			}
		}
		if (refused < len(callers) || spent > 200/22) && tries < 3 {
			continue
		}
		if refused < len(callers) || told < len(callers) || spent > 200/22 {
			t.Errorf("%d were answered; of %d callers, %d were refused thereafter and %d told of the budget", spent, len(callers), refused, told)
		}
		break
	}
	p.as(owner).do(query, nil).ok(t)
}
