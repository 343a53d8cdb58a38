package quota

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/redis/go-redis/v9"
)

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// counted is a client of Redis that counts what it is asked.
type counted struct {
	redis.UniversalClient
	mu sync.Mutex
	n  int
}

func (c *counted) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.UniversalClient.EvalSha(ctx, sha, keys, args...)
}

func (c *counted) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// open is a Redis: that of FIELDGATE_TEST_REDIS_URL, emptied of what a test before may have left, or one inside of the test.
// stop has it answer no more.
func open(t testing.TB) (shared Shared, stop func()) {
	t.Helper()
	secret := []byte(t.Name()) // so that tests do not meet in a Redis that they share
	if url := os.Getenv("FIELDGATE_TEST_REDIS_URL"); url != "" {
		options, err := redis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		options.MaxRetries = -1
		client := redis.NewClient(options)
		t.Cleanup(func() { client.Close() })
		secret = fmt.Append(secret, time.Now().UnixNano())
		return Shared{Redis: client, Secret: secret}, func() { client.Close() }
	}
	mini := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: mini.Addr(), MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	return Shared{Redis: client, Secret: secret}, mini.Close
}

// from is the context of a request from an address.
func from(address string) (context.Context, http.Header) {
	header := http.Header{}
	return new(Request).In(context.Background(), netip.MustParseAddr(address), header), header
}

func wantCode(t *testing.T, err error, want problem.Code) {
	t.Helper()
	if got := problem.CodeOf(err); err == nil && want != "" || err != nil && got != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestBudget: each row charges a budget of 1000 points in its own order.
func TestBudget(t *testing.T) {
	type charge struct {
		cost int
		want problem.Code
		left string // r of the header
	}
	for _, row := range []struct {
		name    string
		payer   Payer
		charges []charge
	}{
		{"to the last point, and one more", Payer{"s", 1000}, []charge{{400, "", "600"}, {600, "", "0"}, {1, problem.RateLimited, "0"}}},
		{"what is not there is not taken", Payer{"s", 1000}, []charge{{999, "", "1"}, {2, problem.RateLimited, "1"}, {1, "", "0"}}},
		{"more than there ever is", Payer{"s", 1000}, []charge{{1001, problem.LimitExceeded, ""}, {1000, "", "0"}}},
		{"a guest", Payer{"", 1000}, []charge{{1000, "", "0"}, {1, problem.RateLimited, "0"}}},
		{"a budget smaller than its parts are many", Payer{"s", 3}, []charge{{1, "", "2"}, {1, "", "1"}, {1, "", "0"}, {1, problem.RateLimited, "0"}}},
		{"any number", Payer{"s", 0}, []charge{{1 << 40, "", ""}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			shared, _ := open(t)
			clock := newClock()
			b := NewBudget(shared, clock.now)
			for i, c := range row.charges {
				ctx, header := from("192.0.2.1")
				err := b.Charge(ctx, row.payer, c.cost)
				wantCode(t, err, c.want)
				if c.left != "" && !strings.HasPrefix(header.Get("RateLimit"), `"cost";r=`+c.left+`;t=`) {
					t.Errorf("charge %d: RateLimit %s, want r=%s", i, header.Get("RateLimit"), c.left)
				}
				if want := fmt.Sprintf(`"cost";q=%d;w=60`, row.payer.Points); c.left != "" && header.Get("RateLimit-Policy") != want {
					t.Errorf("RateLimit-Policy %s, want %s", header.Get("RateLimit-Policy"), want)
				}
				if got := header.Get("Retry-After") != ""; got != (c.want == problem.RateLimited) {
					t.Errorf("charge %d: Retry-After %q", i, header.Get("Retry-After"))
				}
			}
			clock.pass(window)
			ctx, _ := from("192.0.2.1")
			wantCode(t, b.Charge(ctx, row.payer, 1), "")
		})
	}
}

// TestBudgetIsShared: two gateways never grant more than the budget together, and what one of them holds unspent is a
// twentieth at most.
func TestBudgetIsShared(t *testing.T) {
	const points, cost, callers = 10_000, 7, 8
	shared, _ := open(t)
	clock := newClock()
	gateways := []*Budget{NewBudget(shared, clock.now), NewBudget(shared, clock.now)}
	var mu sync.Mutex
	var wait sync.WaitGroup
	granted := 0
	for i := range callers {
		wait.Go(func() {
			for {
				err := gateways[i%2].Charge(context.Background(), Payer{"s", points}, cost)
				if err != nil {
					wantCode(t, err, problem.RateLimited)
					return
				}
				mu.Lock()
				granted += cost
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if granted > points || granted < points-points/leases-2*cost {
		t.Errorf("%d points were granted of %d", granted, points)
	}
	if err := gateways[0].Charge(context.Background(), Payer{"another", points}, cost); err != nil {
		t.Errorf("another user pays for the first: %v", err)
	}
}

// TestBudgetAsksSeldom: Redis is asked for each part of the budget, and not for each request; nor again when it has
// said that there is no more.
func TestBudgetAsksSeldom(t *testing.T) {
	shared, _ := open(t)
	redis := &counted{UniversalClient: shared.Redis}
	shared.Redis = redis
	b := NewBudget(shared, newClock().now)
	for range 5000 {
		_ = b.Charge(context.Background(), Payer{"s", 1000}, 1)
	}
	if n := redis.asked(); n > leases+1 {
		t.Errorf("Redis was asked %d times, want %d", n, leases)
	}
}

// TestBudgetWithoutRedis: who is signed in is refused, as their session could not be checked either; a guest goes on,
// within the budget that this gateway counts by itself.
func TestBudgetWithoutRedis(t *testing.T) {
	shared, stop := open(t)
	clock := newClock()
	b := NewBudget(shared, clock.now)
	stop()
	wantCode(t, b.Charge(context.Background(), Payer{"s", 100}, 1), problem.Unavailable)
	for i := range 3 {
		ctx, _ := from("192.0.2.1")
		for range 100 {
			wantCode(t, b.Charge(ctx, Payer{"", 100}, 1), "")
		}
		wantCode(t, b.Charge(ctx, Payer{"", 100}, 1), problem.RateLimited)
		other, _ := from(fmt.Sprintf("192.0.2.%d", 10+i))
		wantCode(t, b.Charge(other, Payer{"", 100}, 100), "")
		clock.pass(window)
	}
}

// silent is a Redis that has stopped answering.
type silent struct{ redis.UniversalClient }

func (silent) EvalSha(ctx context.Context, _ string, _ []string, _ ...any) *redis.Cmd {
	<-ctx.Done()
	cmd := redis.NewCmd(ctx)
	cmd.SetErr(ctx.Err())
	return cmd
}

// TestBudgetOfManyAtOnce: when Redis stops answering, many requests of one caller do not wait for each other in a row.
func TestBudgetOfManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(Shared{Redis: silent{}}, newClock().now)
		began := time.Now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				wantCode(t, b.Charge(t.Context(), Payer{"s", 100}, 1), problem.Unavailable)
			})
		}
		all.Wait()
		if took := time.Since(began); took > 3*leaseLimit {
			t.Errorf("the last was refused after %v", took)
		}
	})
}

// TestBudgetForgets: callers that are gone are no longer in memory.
func TestBudgetForgets(t *testing.T) {
	shared, _ := open(t)
	clock := newClock()
	b := NewBudget(shared, clock.now)
	for i := range 20 {
		for j := range 100 {
			if err := b.Charge(context.Background(), Payer{fmt.Sprint("s", i, "-", j), 10}, 1); err != nil {
				t.Fatal(err)
			}
		}
		clock.pass(window)
	}
	if n := len(b.callers); n > fewest+100 {
		t.Errorf("%d callers are in memory", n)
	}
}

// TestNeighbourhood: what counts as one address.
func TestNeighbourhood(t *testing.T) {
	for _, row := range []struct {
		name, one, other string
		same             bool
	}{
		{"the same", "192.0.2.1", "192.0.2.1", true},
		{"two of IPv4", "192.0.2.1", "192.0.2.2", false},
		{"IPv4 in IPv6", "::ffff:192.0.2.1", "192.0.2.1", true},
		{"one household of IPv6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::1", true},
		{"two households of IPv6", "2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"with a zone", "fe80::1%eth0", "fe80::1", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			one, other := neighbourhood(netip.MustParseAddr(row.one)), neighbourhood(netip.MustParseAddr(row.other))
			if (one == other) != row.same {
				t.Errorf("%s and %s", one, other)
			}
		})
	}
}

// TestRunning: the bounds at their borders, and that what has ended makes place.
func TestRunning(t *testing.T) {
	r := NewRunning(5, 3)
	var ended []func()
	enter := func(session string, want problem.Code) {
		t.Helper()
		leave, err := r.Enter(t.Context(), session)
		wantCode(t, err, want)
		if err == nil {
			ended = append(ended, leave)
		}
	}
	for range 3 {
		enter("a", "")
	}
	enter("a", problem.RateLimited)
	enter("b", "")
	enter("", "")
	enter("", problem.Unavailable)
	enter("c", problem.Unavailable)
	ended[0]()
	ended[0]() // a second time is nothing
	enter("a", "")
	enter("c", problem.Unavailable)
	for _, leave := range ended {
		leave()
	}
	wantIdle(t, r)
}

// wantIdle checks that nothing is under way.
func wantIdle(t *testing.T, r *Running) {
	t.Helper()
	if r.all != 0 || r.guests != 0 {
		t.Errorf("%d are under way, %d of guests", r.all, r.guests)
	}
	for who, n := range r.callers {
		if *n != 0 {
			t.Errorf("%d of %s are under way", *n, who)
		}
	}
}

// TestRunningForgets: who has left is forgotten, and who has something under way is not, however many come meanwhile.
func TestRunningForgets(t *testing.T) {
	r := NewRunning(10, 1)
	stay, err := r.Enter(t.Context(), "here")
	wantCode(t, err, "")
	for i := range 3 * fewest {
		leave, err := r.Enter(t.Context(), fmt.Sprint("s", i))
		wantCode(t, err, "")
		leave()
	}
	if n := len(r.callers); n > fewest {
		t.Errorf("%d callers are in memory", n)
	}
	_, err = r.Enter(t.Context(), "here")
	wantCode(t, err, problem.RateLimited)
	stay()
	wantIdle(t, r)
}

// TestRunningGuests: guests together have half of the places, and whoever is signed in may have them all.
func TestRunningGuests(t *testing.T) {
	for _, row := range []struct {
		name     string
		most     int
		guests   int // who come first
		let      int // of these
		sessions int // which come thereafter, one operation each, and are all let
	}{
		{"half", 8, 8, 4, 4},
		{"half of an odd number", 5, 5, 2, 3},
		{"of two", 2, 2, 1, 1},
		{"the only place", 1, 2, 1, 0},
		{"no guest", 4, 0, 0, 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := NewRunning(row.most, 1)
			var ended []func()
			for i := range row.guests {
				ctx, _ := from(fmt.Sprintf("192.0.2.%d", i))
				leave, err := r.Enter(ctx, "")
				if i < row.let {
					wantCode(t, err, "")
					ended = append(ended, leave)
				} else {
					wantCode(t, err, problem.Unavailable)
				}
			}
			for i := range row.sessions {
				leave, err := r.Enter(t.Context(), fmt.Sprint("s", i))
				wantCode(t, err, "")
				ended = append(ended, leave)
			}
			_, err := r.Enter(t.Context(), "one more")
			wantCode(t, err, problem.Unavailable)
			ctx, _ := from("192.0.2.250")
			_, err = r.Enter(ctx, "")
			wantCode(t, err, problem.Unavailable)
			for _, leave := range ended {
				leave()
				leave() // a second time is nothing
			}
			wantIdle(t, r)
		})
	}
}

// TestRunningOfAnAddress: the guests of one address have half of what all guests have, if that is more than a session has.
func TestRunningOfAnAddress(t *testing.T) {
	r := NewRunning(8, 1)
	for _, row := range []struct {
		address string
		want    problem.Code
	}{
		{"2001:db8::1", ""}, {"2001:db8::2", ""}, {"2001:db8::3", problem.RateLimited}, {"2001:db8:0:1::1", ""}, {"192.0.2.1", ""},
		{"192.0.2.2", problem.Unavailable},
	} {
		ctx, _ := from(row.address)
		_, err := r.Enter(ctx, "")
		wantCode(t, err, row.want)
	}
}

// TestTurns: large operations wait for each other, small ones for nobody, and who has waited for too long goes away.
func TestTurns(t *testing.T) {
	turns := NewTurns(2)
	first, err := turns.Take(t.Context(), large)
	wantCode(t, err, "")
	_, err = turns.Take(t.Context(), 1_000_000)
	wantCode(t, err, "")
	small, err := turns.Take(t.Context(), large-1)
	wantCode(t, err, "")
	small()

	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = turns.Take(short, large)
	wantCode(t, err, problem.Unavailable)
	var p *problem.Error
	if !errors.As(err, &p) || p.RetryAfter != time.Second || p.Limit != LimitLarge || p.Most != 2 {
		t.Errorf("%+v", p)
	}

	turn := make(chan error)
	go func() {
		over, err := turns.Take(t.Context(), large)
		if err == nil {
			over()
		}
		turn <- err
	}()
	select {
	case <-turn:
		t.Error("a third did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	first()
	wantCode(t, <-turn, "")
}
