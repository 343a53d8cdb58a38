package quota

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

const (
	perAddress = 20
	failures   = 10
)

// counter counts attempts by a clock that the test moves, and notes which limits were told of.
func counter(t *testing.T) (a *Attempts, c *clock, told func() []string) {
	t.Helper()
	shared, _ := open(t)
	c = newClock()
	var mu sync.Mutex
	var names []string
	exceeded := func(limit string) {
		mu.Lock()
		defer mu.Unlock()
		names = append(names, limit)
	}
	return NewAttempts(shared, perAddress, failures, exceeded, c.now), c, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(names)
	}
}

// TestAddress: attempts from one address, of each kind, at the border and beyond.
func TestAddress(t *testing.T) {
	for kind, most := range map[Kind]int{SignIn: perAddress, AcceptInvitation: perAddress, Client: perAddress, Refresh: refreshes * perAddress} {
		t.Run(string(kind), func(t *testing.T) {
			a, clock, told := counter(t)
			here, _ := from("192.0.2.1")
			for range most {
				wantCode(t, a.Address(here, kind), "")
			}
			err := a.Address(here, kind)
			wantCode(t, err, problem.RateLimited)
			if got := told(); !slices.Equal(got, []string{string(kind)}) {
				t.Errorf("told of %v", got)
			}
			there, _ := from("192.0.2.2")
			wantCode(t, a.Address(there, kind), "")
			clock.pass(time.Minute)
			wantCode(t, a.Address(here, kind), "")
		})
	}
}

// TestAccount: each row makes attempts in turn; "no" is a wrong password and "yes" a right one.
func TestAccount(t *testing.T) {
	type attempt struct {
		times   int
		account string
		from    string
		right   bool
		want    problem.Code
		after   time.Duration
	}
	const here, there = "192.0.2.1", "192.0.2.2"
	// elsewhere are failures from so many addresses, up to what each of them is allowed.
	elsewhere := func(first, n int) (list []attempt) {
		for i := range n {
			list = append(list, attempt{times: failures, account: "a@example.com", from: fmt.Sprintf("198.51.100.%d", first+i)})
		}
		return list
	}
	for _, row := range []struct {
		name     string
		attempts []attempt
	}{
		{"ten, and no more", []attempt{
			{times: failures, account: "a@example.com", from: here},
			{times: 3, account: "a@example.com", from: here, want: problem.RateLimited},
			{times: 1, account: "a@example.com", from: here, right: true, want: problem.RateLimited},
		}},
		{"an address written in another way is the same account", []attempt{
			{times: failures, account: "a@example.com", from: here}, {times: 1, account: " A@Example.COM", from: here, want: problem.RateLimited},
		}},
		{"another account", []attempt{
			{times: failures, account: "a@example.com", from: here}, {times: 1, account: "b@example.com", from: here},
		}},
		{"the owner is elsewhere", []attempt{
			{times: failures, account: "a@example.com", from: here}, {times: 1, account: "a@example.com", from: there, right: true},
		}},
		{"a quarter of an hour later", []attempt{
			{times: failures, account: "a@example.com", from: here},
			{times: 1, account: "a@example.com", from: here, want: problem.RateLimited, after: lockFor - time.Millisecond},
			{times: failures, account: "a@example.com", from: here, after: time.Millisecond},
		}},
		{"a right one begins anew", []attempt{
			{times: failures - 1, account: "a@example.com", from: here}, {times: 1, account: "a@example.com", from: here, right: true},
			{times: failures, account: "a@example.com", from: here}, {times: 1, account: "a@example.com", from: here, want: problem.RateLimited},
		}},
		{"from everywhere", append(elsewhere(1, anywhere), attempt{times: 1, account: "a@example.com", from: here, want: problem.RateLimited})},
		{"from everywhere, and the owner from where they were before", append(append(
			[]attempt{{times: 1, account: "a@example.com", from: here, right: true}}, elsewhere(1, anywhere)...),
			attempt{times: 1, account: "a@example.com", from: there, want: problem.RateLimited},
			attempt{times: 1, account: "a@example.com", from: here, right: true},
		)},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, clock, _ := counter(t)
			for _, try := range row.attempts {
				clock.pass(try.after)
				ctx, _ := from(try.from)
				for range try.times {
					err := a.Account(ctx, try.account)
					wantCode(t, err, try.want)
					if err == nil && try.right {
						wantCode(t, a.Succeeded(ctx, try.account), "")
					}
				}
			}
		})
	}
}

// TestAttemptsAtOnce: two gateways let ten of a hundred attempts through that come at the same time.
func TestAttemptsAtOnce(t *testing.T) {
	one, _, _ := counter(t)
	other := NewAttempts(one.shared, perAddress, failures, func(string) {}, one.now)
	ctx, _ := from("192.0.2.1")
	var mu sync.Mutex
	var wait sync.WaitGroup
	through := 0
	for i := range 100 {
		wait.Go(func() {
			if err := []*Attempts{one, other}[i%2].Account(ctx, "a@example.com"); err == nil {
				mu.Lock()
				through++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if through != failures {
		t.Errorf("%d attempts were let through, want %d", through, failures)
	}
}

// TestNothingPersonal: what is in Redis, under our prefix, tells neither accounts nor addresses.
func TestNothingPersonal(t *testing.T) {
	a, clock, _ := counter(t)
	ctx, _ := from("192.0.2.77")
	_ = a.Address(ctx, SignIn)
	_ = a.Account(ctx, "someone@example.com")
	_ = a.Succeeded(ctx, "someone@example.com")
	_ = NewBudget(a.shared, clock.now).Charge(ctx, Payer{"", 100}, 1)
	_ = NewBudget(a.shared, clock.now).Charge(ctx, Payer{"session", 100}, 1)
	var keys []string
	for scan := a.shared.Redis.Scan(context.Background(), 0, keyPrefix+"*", 1000).Iterator(); scan.Next(context.Background()); {
		keys = append(keys, scan.Val())
	}
	if len(keys) < 5 {
		t.Errorf("only %d keys: %q", len(keys), keys)
	}
	for _, key := range keys {
		if strings.Contains(key, "someone") || strings.Contains(key, "192.0.2") {
			t.Errorf("the key %q", key)
		}
	}
}

// TestAttemptsWithoutRedis: what cannot be counted is refused.
func TestAttemptsWithoutRedis(t *testing.T) {
	shared, stop := open(t)
	a := NewAttempts(shared, perAddress, failures, func(string) {}, time.Now)
	stop()
	ctx, _ := from("192.0.2.1")
	wantCode(t, a.Address(ctx, SignIn), problem.Unavailable)
	wantCode(t, a.Account(ctx, "a@example.com"), problem.Unavailable)
	wantCode(t, a.Succeeded(ctx, "a@example.com"), problem.Unavailable)
}
