package cmd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/fieldgate/fieldgate/internal/engine"
)

// defaultFlags is the configuration of a command line without flags.
func defaultFlags(t testing.TB) (s serve) {
	t.Helper()
	parser, err := kong.New(&s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDefaultLimits: the engine's tests are of the figures with which the gateway starts.
func TestDefaultLimits(t *testing.T) {
	if got := defaultFlags(t).ofEngine(); got != engine.DefaultLimits() {
		t.Errorf("the flags say %+v,\nthe engine %+v", got, engine.DefaultLimits())
	}
}

// TestBadLimits: a limit that allows nothing, or that the gateway could not keep, is refused, with its flag.
func TestBadLimits(t *testing.T) {
	for _, row := range []struct {
		name string
		args []string
		says string
	}{
		{"nothing", []string{"--limit-depth=0"}, "--limit-depth takes a number from 1"},
		{"less than nothing", []string{"--limit-tokens=-1"}, "--limit-tokens takes a number from 1"},
		{"variables deeper than what is read", []string{"--limit-variables-depth=101"}, "--limit-variables-depth takes a number from 1 to 100"},
		{"two at once", []string{"--limit-body=0", "--limit-sign-ins=0"}, "--limit-body takes a number from 1"},
		{"an operation that outlasts its answer", []string{"--limit-time=1m"}, "--limit-time takes a duration from 1ms to 25s"},
		{"a budget below nothing", []string{"--budget=-1"}, "--budget takes a number from 0"},
		{"a guest's budget below nothing", []string{"--budget-guest=-1"}, "--budget-guest takes a number from 0"},
		{"a budget of no role", []string{"--budget-role=plumber=5"}, `no role "plumber"`},
		{"a role's budget of nothing", []string{"--budget-role=SUPPORT=0"}, "--budget-role takes numbers from 1"},
		{"a session that is shorter than its token", []string{"--session-idle=1m"}, "--session-idle takes a duration from 10m0s"},
		{"a session that ends before it is idle", []string{"--session-lifetime=1h"}, "--session-lifetime takes a duration from --session-idle (2h0m0s)"},
		{"a lease that is renewed all the time", []string{"--session-lease=1ms"}, "--session-lease takes a duration from 20ms to 5s, or 0"},
		{"a lease that holds up everybody", []string{"--session-lease=1m"}, "--session-lease takes a duration from 20ms to 5s, or 0"},
		{"a session for ever", []string{"--session-lifetime=87600h"}, "--session-lifetime takes a duration"},
		{"a proxy by name", []string{"--trusted-proxy=proxy.example"}, `--trusted-proxy takes an address or a network, such as 10.0.0.0/8, and not "proxy.example"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := command(t, append([]string{"serve", "--listen=127.0.0.1:0", "--data=" + t.TempDir()}, row.args...)...)
			if got.status != 1 || !strings.Contains(got.stderr, row.says) {
				t.Errorf("status %d: %s", got.status, got.stderr)
			}
		})
	}
}

// TestLimitSettings: each setting reaches what it is about.
func TestLimitSettings(t *testing.T) {
	p := startDemo(t, "--metrics-listen=127.0.0.1:0", "--limit-depth=5", "--limit-aliases=2", "--limit-cost=150", "--limit-errors=1")
	who := p.as(owner)
	for _, row := range []struct{ name, query, limit string }{
		{"depth", `{ account { calls(first: 1) { edges { node { price { amount } } } } } }`, "depth"},
		{"aliases", `{ account { a: sid b: sid c: sid } }`, "aliases"},
		{"cost", `{ account { calls(first: 150) { edges { cursor } } } }`, "cost"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := who.do(row.query, nil).refused(t, http.StatusBadRequest, "LIMIT_EXCEEDED")
			if !strings.Contains(a.body, `"limit":"`+row.limit+`"`) {
				t.Errorf("got %s, want %s", a.body, row.limit)
			}
			if n := p.figures()[`fieldgate_limits_exceeded_total{limit="`+row.limit+`"}`]; n != 1 {
				t.Errorf("it was counted %v times", n)
			}
		})
	}
	if a := who.do(`{ x y z }`, nil); len(a.errors) != 2 || !strings.Contains(a.body, "2 more errors") {
		t.Errorf("errors: %s", a.body)
	}
}

// TestSessionSettings: a session lasts as long as is said.
func TestSessionSettings(t *testing.T) {
	for _, row := range []struct {
		args []string
		most time.Duration
	}{
		{nil, 2 * time.Hour},
		{[]string{"--session-idle=20m"}, 20 * time.Minute},
		{[]string{"--session-idle=20m", "--session-lifetime=20m"}, 20 * time.Minute},
	} {
		t.Run(strings.Join(row.args, " "), func(t *testing.T) {
			a := startDemo(t, row.args...).as(owner).do(`{ account { users(email: "owner@example.com") { edges { node { sessions { expires } } } } } }`, nil).ok(t)
			expires, err := time.Parse(time.RFC3339, fmt.Sprint(a.all("account", "users", "edges", "node", "sessions", "expires")...))
			if left := time.Until(expires); err != nil || left > row.most || left < row.most-time.Minute {
				t.Errorf("the session lasts %s, want %s: %v", left, row.most, err)
			}
		})
	}
}

// TestBudgets: two gateways that share a Redis take from one budget, which depends on the roles of who asks, and say in the
// answers what is left (draft-ietf-httpapi-ratelimit-headers).
func TestBudgets(t *testing.T) {
	r := startRedis(t)
	data := demoData(t)
	args := []string{"--data", data, "--demo-password", password, "--redis-url", r.url(), "--budget=5000", "--budget-role=support=300", "--budget-guest=40", "--metrics-listen=127.0.0.1:0"}
	one, other := start(t, args...), start(t, args...)

	const query = `{ account { calls(first: 50) { edges { cursor } } } }` // 102 points
	var state = regexp.MustCompile(`^"cost";r=(\d+);t=([1-9]|[1-5]\d|60)$`)
	who := one.as(support)
	there := client{other, who.access, who.refresh}
	for tries := 0; ; tries++ { // a minute may end between two requests
		spent := 0
		var last answer
		for _, c := range []client{who, there, who, there, who} {
			if last = c.do(query, nil); last.status == http.StatusOK {
				spent++
			}
			if policy := last.header.Get("RateLimit-Policy"); policy != `"cost";q=300;w=60` || !state.MatchString(last.header.Get("RateLimit")) {
				t.Errorf("RateLimit-Policy %s, RateLimit %s", policy, last.header.Get("RateLimit"))
			}
		}
		if spent > 2 && tries == 0 {
			continue
		}
		last.refused(t, http.StatusTooManyRequests, "RATE_LIMITED")
		if spent > 2 || last.hasData || last.header.Get("Retry-After") == "" || !strings.Contains(last.body, `"limit":"cost_per_minute"`) {
			t.Errorf("%d were answered, and the last was %v %s", spent, last.header, last.body)
		}
		break
	}
	for range 10 {
		one.as(owner).do(query, nil).ok(t) // whose budget is their own
	}
	one.as(owner).do(`{ account { calls(first: 1000) { edges { node { sid to from status direction } } } } }`, nil).refused(t, http.StatusBadRequest, "LIMIT_EXCEEDED")
	for range 2 {
		a := one.guest().do(`{ __typename }`, nil).ok(t)
		if a.header.Get("RateLimit-Policy") != `"cost";q=40;w=60` {
			t.Errorf("a guest is told %v", a.header)
		}
	}
	if n := one.figures()[`fieldgate_limits_exceeded_total{limit="cost_per_minute"}`] + other.figures()[`fieldgate_limits_exceeded_total{limit="cost_per_minute"}`]; n < 2 {
		t.Errorf("counted %v times", n)
	}
}

// TestGuestsWithoutRedis: what is public is answered while Redis is away, and at once; sign-ins are not.
func TestGuestsWithoutRedis(t *testing.T) {
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url())
	r.stop()
	var took []time.Duration
	for range 20 {
		took = append(took, p.guest().do(`{ __typename }`, nil).ok(t).took)
	}
	slices.Sort(took)
	if took[17] > time.Second { // two may be the machine's doing
		t.Errorf("they took %s", took)
	}
	p.guest().try(signInQuery, vars{"email": owner, "password": password}).refused(t, http.StatusOK, "SERVICE_UNAVAILABLE")
}

// TestLocking: an account is locked after ten wrong passwords from an address, whether it has a user or not, with the same
// answer; its owner signs in from elsewhere, and a second gateway knows.
func TestLocking(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	args := []string{"--data", demoData(t), "--demo-password", password, "--redis-url", r.url(), "--trusted-proxy=127.0.0.0/8"}
	gateways := []*program{start(t, args...), start(t, args...)}
	try := func(i int, address, email, password string) answer {
		c := gateways[i%2].guest()
		body, err := json.Marshal(map[string]any{"query": signInQuery, "variables": vars{"email": email, "password": password}})
		if err != nil {
			t.Fatal(err)
		}
		r := c.request(http.MethodPost, c.p.url, string(body))
		r.Header.Set("X-Forwarded-For", address)
		return c.send(r)
	}
	var locked []string
	for _, email := range []string{support, "nobody@example.com"} {
		wrong, unknown := 0, 0
		a := try(0, "192.0.2.1", email, "wrong")
		for i := 1; a.code() != "RATE_LIMITED" && i < 30; i++ {
			switch a.code() {
			case "UNAUTHENTICATED":
				wrong++
			case "SERVICE_UNAVAILABLE": // Redis, on a busy machine: it may have been counted
				unknown++
			default:
				t.Fatal(a.body)
			}
			a = try(i, "192.0.2.1", email, "wrong")
		}
		if wrong > 10 || wrong+unknown < 10 {
			t.Errorf("%d passwords were wrong, of %d it is not known", wrong, unknown)
		}
		a = try(0, "192.0.2.1", email, password).refused(t, http.StatusOK, "RATE_LIMITED")
		if after := regexp.MustCompile(`"retryAfter":(\d+)`).FindString(a.body); after == "" {
			t.Errorf("it does not say when to try again: %s", a.body)
		}
		locked = append(locked, regexp.MustCompile(`"retryAfter":\d+`).ReplaceAllString(a.body, ""))
	}
	if locked[0] != locked[1] {
		t.Errorf("the answers tell who has an account: %q", locked)
	}
	try(0, "203.0.113.5", support, password).ok(t)
	try(1, "192.0.2.1", owner, password).ok(t)
}

// TestSignInsOfAnAddress: an address tries to sign in, and to accept invitations, so often in a minute and no more.
func TestSignInsOfAnAddress(t *testing.T) {
	const most = 5
	p := startDemo(t, "--limit-sign-ins", fmt.Sprint(most), "--metrics-listen=127.0.0.1:0")
	for name, try := range map[string]func(i int) answer{
		"sign_ins": func(i int) answer {
			return p.guest().try(signInQuery, vars{"email": fmt.Sprintf("nobody%d@example.com", i), "password": "wrong"})
		},
		"invitations": func(int) answer {
			return p.guest().try(`mutation { acceptInvitation(input: {token: "x", password: "long enough"}) { email } }`, nil)
		},
	} {
		limited := 0
		for i := range 2*most + 2 { // a minute may end in between
			if try(i).code() == "RATE_LIMITED" {
				limited++
			}
		}
		if limited < 2 || limited > most+2 {
			t.Errorf("%s: %d were refused", name, limited)
		}
		if n := p.figures()[`fieldgate_limits_exceeded_total{limit="`+name+`"}`]; int(n) != limited {
			t.Errorf("%s: counted %v of %d", name, n, limited)
		}
	}
}

// TestShedding: what is more than the gateway takes at once is refused with 503 and when to try again, and what it takes is
// answered; probes are answered all along.
func TestShedding(t *testing.T) {
	const most, all = 4, 40
	p := startDemo(t, fmt.Sprint("--limit-requests=", most), "--limit-sign-ins=1000", "--metrics-listen=127.0.0.1:0")
	var wait sync.WaitGroup
	answers := make([]answer, all)
	for i := range answers {
		wait.Go(func() { // which takes a while: passwords are hashed
			answers[i] = p.guest().try(signInQuery, vars{"email": support, "password": password})
		})
	}
	probe, err := p.http.Get(strings.TrimSuffix(p.url, "/graphql") + "/healthz")
	if err != nil || probe.StatusCode != http.StatusOK {
		t.Errorf("the probe: %v %v", probe, err)
	} else {
		probe.Body.Close()
	}
	wait.Wait()
	served, shed := 0, 0
	for _, a := range answers {
		switch {
		case a.status == http.StatusOK && (a.code() == "" || a.code() == "SERVICE_UNAVAILABLE"): // Redis is slow to answer on a busy machine
			served++
		case a.status == http.StatusServiceUnavailable && a.code() == "SERVICE_UNAVAILABLE" && a.header.Get("Retry-After") == "1" && !a.hasData:
			shed++
		default:
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if served < most/2 || shed == 0 { // guests have half of the places
		t.Errorf("%d were served and %d were shed", served, shed)
	}
	if n := p.figures()[`fieldgate_limits_exceeded_total{limit="requests"}`]; int(n) != shed {
		t.Errorf("counted %v of %d", n, shed)
	}
	p.guest().do(`{ __typename }`, nil).ok(t)
}

// TestSessionAtOnce: a session has so many operations under way and no more; another has its own.
func TestSessionAtOnce(t *testing.T) {
	const most, all = 2, 30
	p := startDemo(t, fmt.Sprint("--limit-session-requests=", most), "--metrics-listen=127.0.0.1:0")
	who, other := p.as(owner), p.as(developer)
	served, refused := 0, 0
	for tries := 0; (served == 0 || refused == 0) && tries < 10; tries++ { // Redis is slow to answer on a busy machine
		answers := make([]answer, all)
		var wait sync.WaitGroup
		for i := range answers {
			wait.Go(func() { answers[i] = who.try(numbersList, nil) }) // which takes a while
		}
		other.do(`{ viewer { sid } }`, nil).ok(t)
		wait.Wait()
		for _, a := range answers {
			switch {
			case a.status == http.StatusTooManyRequests && a.code() == "RATE_LIMITED" && a.header.Get("Retry-After") == "1" && strings.Contains(a.body, `"limit":"session_requests"`):
				refused++
			case a.status == http.StatusOK && a.code() == "":
				served++
			case a.status != http.StatusServiceUnavailable:
				t.Errorf("%d %.300s", a.status, a.body)
			}
		}
	}
	if served == 0 || refused == 0 {
		t.Errorf("%d were served and %d were refused", served, refused)
	}
	if n := p.figures()[`fieldgate_limits_exceeded_total{limit="session_requests"}`]; int(n) != refused {
		t.Errorf("counted %v of %d", n, refused)
	}
	who.do(`{ viewer { sid } }`, nil).ok(t)
}

// TestGoldenLimits holds the table of limits in README.md to the flags.
func TestGoldenLimits(t *testing.T) {
	const begin, end = "<!-- limits: written by go test ./internal/cmd -run TestGolden -update -->\n", "<!-- end of the limits -->"
	const name = "../../README.md"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		t.Fatalf("README.md has no table of limits: %q", begin)
	}
	var table strings.Builder
	table.WriteString("| limit | default | flag | |\n|---|--:|---|---|\n")
	for _, f := range reflect.VisibleFields(reflect.TypeFor[limitFlags]()) {
		limit := "`" + f.Tag.Get("limit") + "`"
		if limit == "``" {
			limit = ""
		}
		flag := "--" + strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(f.Tag.Get("env"), "FIELDGATE_")), "_", "-")
		fmt.Fprintf(&table, "| %s | %s | `%s` | %s |\n", limit, f.Tag.Get("default"), flag, strings.ReplaceAll(strings.TrimSuffix(f.Tag.Get("help"), "."), "__", `\_\_`))
	}
	want := before + begin + table.String() + end + after
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Error("the table in README.md is not of these limits: run go test ./internal/cmd -run TestGolden -update")
	}
}
