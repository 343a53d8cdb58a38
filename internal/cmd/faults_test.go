//go:build faults

// The fault battery: what the gateway does while what it stands on fails. It starts a real Redis and a real
// Postgres of its own, and kills, freezes, fills and lies to them. TestFaults are the short ones, which CI runs;
// TestLongFaults take minutes. make faults runs all. Times are the bars that the gateway promises, with what a
// busy machine adds; everything else is exact: nobody is served what a live session would not be served.
package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/redis/go-redis/v9"
)

const (
	// answered is how long a guarded request may take to be refused while Redis does not answer.
	answered = 1500 * time.Millisecond
	// back is how soon the whole service is there again after what failed has come back.
	back = 3 * time.Second
)

// busy is how many times as long all may take as on a machine that has nothing else to do: as many as there is more to do than
// its processors can. A test that makes work of its own asks before it does.
func busy(t testing.TB) time.Duration {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 1 // not Linux
	}
	var load float64
	if _, err := fmt.Sscan(string(text), &load); err != nil {
		t.Fatal(err)
	}
	times := min(max(int(load)/(2*runtime.NumCPU()), 1), 10)
	if times > 1 {
		t.Logf("the machine has other things to do: all may take %d times as long", times)
	}
	return time.Duration(times)
}

// require is the path of a program that the battery needs.
func require(t *testing.T, variable, program string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("the battery needs %s: install it, or name it by %s", program, variable)
	}
	return path
}

// ownRedis is a real Redis of a test's own, with the settings that Compose gives it: every change is in its file
// before it is answered.
func ownRedis(t *testing.T, settings ...string) *realRedis {
	t.Helper()
	r := &realRedis{t: t, binary: require(t, "FIELDGATE_TEST_REDIS_SERVER", "redis-server"), address: freeAddress(t), dir: t.TempDir(),
		settings: append([]string{"--appendfsync", "always", "--maxmemory-policy", "noeviction"}, settings...)}
	r.start()
	t.Cleanup(r.stop)
	return r
}

// kill ends it as a crash does.
func (r *realRedis) kill() {
	r.t.Helper()
	if err := r.process.Process.Kill(); err != nil {
		r.t.Fatal(err)
	}
	_ = r.process.Wait()
	r.process = nil
}

// command asks it directly.
func (r *realRedis) command(args ...any) {
	r.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: r.address, MaxRetries: -1})
	defer c.Close()
	if err := c.Do(context.Background(), args...).Err(); err != nil {
		r.t.Fatalf("%v: %v", args, err)
	}
}

// fill has its file grow by some kilobytes, if it can.
func (r *realRedis) fill(i int) {
	c := redis.NewClient(&redis.Options{Addr: r.address, MaxRetries: -1})
	defer c.Close()
	_ = c.Set(context.Background(), fmt.Sprint("ballast", i), strings.Repeat("x", 8<<10), 0).Err()
}

// tried is a gateway, as a process of its own, and callers on it.
type tried struct {
	*process
	t   *testing.T
	own *http.Client
	who client // from support
}

// try starts a gateway on a copy of the demo and this Redis.
func try(t *testing.T, redisURL string, args ...string) *tried {
	t.Helper()
	p := startProcess(t, append([]string{"--data", usualData(t), "--demo-password", password, "--redis-url", redisURL,
		"--metrics-listen", "127.0.0.1:0"}, args...)...)
	g := &tried{process: p, t: t, own: &http.Client{
		Transport: &http.Transport{MaxIdleConns: 2000, MaxIdleConnsPerHost: 2000}, Timeout: patience,
	}}
	t.Cleanup(g.own.CloseIdleConnections)
	g.who = p.signIn(support)
	return g
}

// usualHash is the hash of the one password as anyone's is who chooses it, which takes some twenty milliseconds of a processor.
var usualHash = sync.OnceValues(func() (string, error) { return identity.Hash(password) })

// usualData is demoData with what such a hash takes of whoever signs in.
func usualData(t *testing.T) string {
	t.Helper()
	hash, err := usualHash()
	if err != nil {
		t.Fatal(err)
	}
	data := demoData(t)
	if err := changeData(data, "UPDATE users SET password_hash = $1", hash); err != nil {
		t.Fatal(err)
	}
	return data
}

// folder is the gateway's data folder.
func (g *tried) folder() string { return g.command.Args[slices.Index(g.command.Args, "--data")+1] }

// reply is what one request came to.
type reply struct {
	status int
	header http.Header
	body   string
	took   time.Duration
	err    error // of the connection
}

// data says whether there is any.
func (r reply) data() bool {
	var members struct{ Data map[string]any }
	return json.Unmarshal([]byte(r.body), &members) == nil && len(members.Data) > 0
}

const (
	guardedQuery = `{"query": "{ viewer { sid email } account { calls(first: 2) { edges { node { sid to } } } } }"}`
	publicQuery  = `{"query": "{ permissionMatrix { permission } }"}`
	signInBody   = `{"query": "mutation { signIn(input: {email: \"support@example.com\", password: \"` + password + `\"}) { accessToken refreshToken } }"}`
)

// ask sends a body with a token, "" for a guest's.
func (g *tried) ask(token, body string) reply {
	c := client{p: g.program, access: token}
	begun := time.Now()
	resp, err := g.own.Do(c.request(http.MethodPost, g.url, body))
	if err != nil {
		return reply{err: err, took: time.Since(begun)}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text), time.Since(begun), err}
}

// serves fails the test unless the whole service is there within the time.
func (g *tried) serves(within time.Duration) {
	g.t.Helper()
	within *= busy(g.t)
	begun := time.Now()
	for {
		guarded, signIn := g.ask(g.who.access, guardedQuery), g.ask("", signInBody)
		if guarded.status == http.StatusUnauthorized { // what Redis lost, it lost: sign in anew
			g.who = client{g.program, field(signIn.body, "accessToken"), field(signIn.body, "refreshToken")}
		}
		if guarded.status == http.StatusOK && guarded.data() && field(signIn.body, "accessToken") != "" && g.probe("/readyz") == http.StatusOK {
			g.t.Logf("served again after %s", time.Since(begun).Round(time.Millisecond))
			return
		}
		if time.Since(begun) > within {
			g.t.Fatalf("not served again within %s: %+v, %+v", within, guarded, signIn)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// field is the value of a member somewhere in a body, "" when it is not there.
func field(body, name string) string {
	_, after, found := strings.Cut(body, `"`+name+`":"`)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(after, `"`)
	return value
}

// probe is the status of a path that is for probes.
func (g *tried) probe(path string) int {
	resp, err := g.own.Get(strings.TrimSuffix(g.url, "/graphql") + path)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// closed fails the test unless guarded requests are refused, in time and without data, guests are
// served, nobody can sign in, and the probes say so.
func (g *tried) closed() {
	g.t.Helper()
	g.closedWithin(answered)
}

func (g *tried) closedWithin(answered time.Duration) {
	g.t.Helper()
	time.Sleep(sessionLease)
	var public []time.Duration
	var worst time.Duration
	times := busy(g.t)
	for range 10 {
		guarded := g.ask(g.who.access, guardedQuery)
		worst = max(worst, guarded.took)
		if guarded.err != nil || guarded.status != http.StatusServiceUnavailable || guarded.data() || guarded.took > answered*times {
			g.t.Fatalf("a guarded request: %+v", guarded)
		}
		if guarded.header.Get("Retry-After") == "" {
			g.t.Errorf("without Retry-After: %v", guarded.header)
		}
		g.discreet(guarded.body)
		guest := g.ask("", publicQuery)
		if guest.status != http.StatusOK || !guest.data() {
			g.t.Fatalf("a guest: %+v", guest)
		}
		public = append(public, guest.took)
	}
	if p90 := percentile(public, 90); p90 > 300*time.Millisecond*times {
		g.t.Errorf("guests wait for %s (p90)", p90)
	}
	signIn := g.ask("", signInBody)
	if signIn.err != nil || strings.Contains(signIn.body, "accessToken\":\"") || signIn.took > 3*time.Second*times {
		g.t.Errorf("a sign-in: %+v", signIn)
	}
	g.discreet(signIn.body)
	if status := g.probe("/readyz"); status != http.StatusServiceUnavailable {
		g.t.Errorf("/readyz: %d", status)
	}
	if status := g.probe("/healthz"); status != http.StatusOK {
		g.t.Errorf("/healthz: %d", status)
	}
	g.t.Logf("refused within %s, guests served within %s (p90)", worst.Round(time.Millisecond), percentile(public, 90).Round(time.Millisecond))
}

// discreet fails the test when an answer tells of what failed.
func (g *tried) discreet(body string) {
	g.t.Helper()
	for _, word := range []string{"redis", "Redis", "127.0.0.1", "dial", "EOF", "OOM", "READONLY", "LOADING", "MISCONF", "goroutine", ".go:"} {
		if strings.Contains(body, word) {
			g.t.Errorf("an answer says %q: %s", word, body)
		}
	}
}

// alive fails the test unless the process still runs.
func (g *tried) alive() {
	g.t.Helper()
	select {
	case <-g.ended:
		g.t.Fatalf("the gateway has ended with status %d:\n%s", g.status, g.stderr)
	default:
	}
	if text := g.stderr.String(); strings.Contains(text, "panic") {
		g.t.Errorf("the gateway panicked:\n%s", text)
	}
}

// load has this many clients ask without a pause until stop is called, which returns what they were answered.
func (g *tried) load(clients int, ask func() reply) (stop func() []reply) {
	var mu sync.Mutex
	var all []reply
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			for ctx.Err() == nil {
				r := ask()
				mu.Lock()
				all = append(all, r)
				mu.Unlock()
			}
		})
	}
	return func() []reply {
		cancel()
		wait.Wait()
		return all
	}
}

// guarded is load's question of whoever is signed in.
func (g *tried) guarded() reply { return g.ask(g.who.access, guardedQuery) }

// tally counts replies by their status, -1 for none, and gives the longest time.
func tally(all []reply) (counts map[int]int, worst time.Duration) {
	counts = map[int]int{}
	for _, r := range all {
		if r.err != nil {
			r.status = -1
		}
		counts[r.status]++
		worst = max(worst, r.took)
	}
	return counts, worst
}

// percentile is the smallest of the values that p in 100 of them do not exceed.
func percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

// goroutines of the gateway.
func (g *tried) goroutines() float64 { return g.figures()["go_goroutines"] }

// settles waits until the gateway has no more goroutines than before, but for a few.
func (g *tried) settles(before float64) {
	g.t.Helper()
	eventually(g.t, fmt.Sprintf("the gateway is back to %.0f goroutines", before), func() bool {
		g.own.CloseIdleConnections()
		g.http.CloseIdleConnections()
		return g.goroutines() < before+25
	})
}

// read0 reads an answer.
func read0(resp *http.Response) reply {
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{status: resp.StatusCode, header: resp.Header, body: string(text), err: err}
}
