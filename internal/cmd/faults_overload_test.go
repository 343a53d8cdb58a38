//go:build faults

package cmd

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// probed is how long a probe, or a request of somebody else, may wait while there is too much to do.
	probed = 500 * time.Millisecond
	// afterwards is how long a request may take when that is over.
	afterwards = 100 * time.Millisecond
	// many is how many come at once.
	many = 1500
)

// burst has so many clients ask once, all at the same time. Each answer is told of as it comes.
func (g *tried) burst(clients int, token, body string, came func(reply)) (wait func() []reply) {
	all := make([]reply, clients)
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			all[i] = g.ask(token, body)
			came(all[i])
		})
	}
	return func() []reply {
		group.Wait()
		return all
	}
}

// calm fails the test unless requests are answered as fast as ever, and nothing is left of what was before.
func (g *tried) calm(goroutines float64) {
	g.t.Helper()
	g.serves(back)
	times := busy(g.t)
	var took []time.Duration
	for range 100 {
		got := g.guarded()
		if got.status != http.StatusOK && times == 1 {
			g.t.Errorf("%+v", got)
		}
		took = append(took, got.took)
	}
	if p99 := percentile(took, 99); p99 > afterwards*times {
		g.t.Errorf("afterwards a request takes %s (p99)", p99)
	}
	if n := g.figures()["fieldgate_requests_in_flight"]; n != 0 {
		g.t.Errorf("%v requests are under way", n)
	}
	g.settles(goroutines)
	g.alive()
	g.t.Logf("afterwards a request takes %s (p99)", percentile(took, 99).Round(time.Millisecond))
}

// shed fails the test unless each of the replies is whole, or a refusal that says when to try again. It returns how many
// there are of both.
func (g *tried) shed(all []reply) (served, refused int) {
	g.t.Helper()
	var took []time.Duration
	for _, r := range all {
		switch {
		case r.err == nil && r.status == http.StatusOK && r.data():
			served++
		case r.err == nil && r.status == http.StatusServiceUnavailable && r.header.Get("Retry-After") != "" && !r.data():
			refused++
			took = append(took, r.took)
		default:
			g.t.Errorf("%d %.200s %v", r.status, r.body, r.err)
		}
	}
	g.t.Logf("%d were served, %d refused within %s (p50), %s (p99)", served, refused,
		percentile(took, 50).Round(time.Millisecond), percentile(took, 99).Round(time.Millisecond))
	return served, refused
}

// TestFaultsOfOverload: fifteen hundred operations come at once and cannot go on, as the database is locked. As many as may be wait
// for it and are done; the others are told at once to come later, and probes are answered all along.
func TestFaultsOfOverload(t *testing.T) {
	const most = 256 // by default
	g := try(t, ownRedis(t).url(), "--limit-session-requests", fmt.Sprint(many))
	who := g.signIn(owner)
	g.guarded()
	before := g.goroutines()
	release := lockDatabase(t, filepath.Join(g.folder(), "fieldgate.db"))
	defer release()
	stop := g.canary("/healthz")
	times := busy(t)
	begun := time.Now()
	refused := make(chan struct{}, many)
	wait := g.burst(many, who.access, `{"query": "mutation { createApiKey(input: {friendlyName: \"held up\"}) { secret } }"}`, func(r reply) {
		if r.status == http.StatusServiceUnavailable {
			refused <- struct{}{}
		}
	})
	eventually(t, "what is too much is refused", func() bool { return len(refused) >= many-most })
	took := time.Since(begun)
	time.Sleep(500 * time.Millisecond)
	waits := stop()
	release()
	if served, refused := g.shed(wait()); served > most || served == 0 || served < most && times == 1 {
		t.Errorf("%d were served and %d refused, want %d and %d", served, refused, most, many-most) // fewer, when Redis is slow to answer
	}
	if p99 := percentile(waits, 99); p99 > probed*times {
		t.Errorf("meanwhile a probe waits for %s (p99)", p99)
	}
	t.Logf("all that is too much is refused within %s, a probe waits for %s (p99)", took.Round(time.Millisecond), percentile(waits, 99).Round(time.Millisecond))
	g.calm(before)
}

// largePage keeps a processor busy for some twenty milliseconds.
const largePage = `{"query": "{ account { calls(first: 1000) { edges { node { sid to from status direction startTime endTime price { amount } } } } } }"}`

// TestFaultsOfLargeOperations: fifteen hundred pages of a thousand calls are asked for at once. They take turns, so that probes and
// small operations are answered meanwhile.
func TestFaultsOfLargeOperations(t *testing.T) {
	g := try(t, ownRedis(t).url(), "--limit-session-requests", fmt.Sprint(many))
	g.own.Transport.(*http.Transport).DisableCompression = true // which would be this process's work
	g.own.Timeout = time.Minute
	who := g.signIn(owner)
	g.guarded()
	before := g.goroutines()
	times := busy(t)
	stop := g.canary("/healthz")
	served, refused := g.shed(g.burst(many, who.access, largePage, func(reply) {})())
	waits := stop()
	if served == 0 || refused == 0 {
		t.Errorf("%d were served and %d refused", served, refused)
	}
	if p99 := percentile(waits, 99); p99 > 2*probed*times { // both processors are busy, and this process wants one too
		t.Errorf("meanwhile a probe waits for %s (p99)", p99)
	}
	t.Logf("meanwhile a probe waits for %s (p50), %s (p99)", percentile(waits, 50).Round(time.Millisecond), percentile(waits, 99).Round(time.Millisecond))
	g.calm(before)
}

// TestFaultsOfSignIns: sixty people sign in at once, each of which takes a processor some twenty milliseconds and as many megabytes. Who is
// signed in does not notice.
func TestFaultsOfSignIns(t *testing.T) {
	g := try(t, ownRedis(t).url())
	g.guarded()
	before := g.goroutines()
	times := busy(t)
	heap := g.figures()["process_resident_memory_bytes"]
	var waits []time.Duration
	stop := g.load(1, func() reply {
		time.Sleep(10 * time.Millisecond)
		r := g.guarded()
		waits = append(waits, r.took)
		return r
	})
	time.Sleep(100 * time.Millisecond)
	begun := time.Now()
	all := g.burst(60, "", signInBody, func(reply) {})()
	took := time.Since(begun)
	counts, _ := tally(stop())
	if counts[http.StatusOK] != len(waits) && times == 1 {
		t.Errorf("meanwhile requests are answered with %v", counts)
	}
	for _, r := range all {
		if field(r.body, "accessToken") == "" && (times == 1 || !strings.Contains(r.body, "SERVICE_UNAVAILABLE")) {
			t.Errorf("%d %s %v", r.status, r.body, r.err)
		}
	}
	if p99 := percentile(waits, 99); p99 > probed*times {
		t.Errorf("meanwhile a request takes %s (p99)", p99)
	}
	t.Logf("60 have signed in after %s; meanwhile a request takes %s (p99); %.0f MB more", took.Round(time.Millisecond),
		percentile(waits, 99).Round(time.Millisecond), (g.figures()["process_resident_memory_bytes"]-heap)/(1<<20))
	g.calm(before)
}
