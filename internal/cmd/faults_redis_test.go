//go:build faults

package cmd

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestFaultsOfRedis: without a Redis that answers, nobody is let in, guests are served, and the gateway comes back with it.
func TestFaultsOfRedis(t *testing.T) {
	for _, fault := range []struct {
		name string
		end  func(r *realRedis)
		mend func(r *realRedis)
	}{
		{"killed", (*realRedis).kill, (*realRedis).start},
		{"stopped", (*realRedis).stop, (*realRedis).start},
		{"frozen", func(r *realRedis) { r.freeze() }, (*realRedis).thaw},
	} {
		t.Run(fault.name, func(t *testing.T) {
			r := ownRedis(t)
			g := try(t, r.url())
			fault.end(r)
			g.closed()
			fault.mend(r)
			g.serves(back)
			g.alive()
		})
	}
}

// TestFaultsOfAFrozenRedis: fifty clients ask while Redis is frozen for five seconds. Each is answered in time, and nothing piles up.
func TestFaultsOfAFrozenRedis(t *testing.T) {
	r := ownRedis(t)
	g := try(t, r.url())
	stop := g.load(50, g.guarded)
	time.Sleep(500 * time.Millisecond)
	stop()
	before := g.goroutines()
	r.freeze()
	time.Sleep(sessionLease)
	stop = g.load(50, g.guarded)
	time.Sleep(5 * time.Second)
	all := stop()
	r.thaw()
	g.serves(back)
	counts, worst := tally(all)
	if counts[http.StatusServiceUnavailable] != len(all) || worst > answered*busy(t) {
		t.Errorf("%v, the longest %s", counts, worst)
	}
	g.settles(before)
	g.alive()
	t.Logf("%d refused, the longest after %s", len(all), worst.Round(time.Millisecond))
}

// TestFaultsBetween: what stands between the gateway and Redis swallows, cuts, delays or garbles what is said.
func TestFaultsBetween(t *testing.T) {
	r := ownRedis(t)
	for _, fault := range []struct {
		name string
		mode mode
		busy time.Duration // what a busy machine adds
	}{
		{"black hole", swallow, 0},
		{"reset", reset, 0},
		{"five seconds late", late, 0},
		{"garbage", garbage, 0},
		{"loading", loading, 0},
		{"cut off in the middle", truncate, 0},
		{"a huge answer is announced", huge, 3 * time.Second}, // to clear half a gigabyte of memory
	} {
		t.Run(fault.name, func(t *testing.T) {
			m := between(t, r.address)
			g := try(t, m.url())
			m.be(fault.mode)
			g.closedWithin(answered + fault.busy)
			m.be(pass)
			g.serves(back)
			g.alive()
		})
	}
}

// TestFaultsOfDistance: a Redis that is 100 ms away makes the gateway slow, not wrong.
func TestFaultsOfDistance(t *testing.T) {
	m := between(t, ownRedis(t).address)
	g := try(t, m.url())
	m.be(distant)
	var took []time.Duration
	for range 20 {
		r := g.guarded()
		if r.status != http.StatusOK || !r.data() {
			t.Fatalf("%+v", r)
		}
		took = append(took, r.took)
	}
	if median := percentile(took, 50); median > 350*time.Millisecond*busy(t) {
		t.Errorf("the median is %s: more than three round trips", median)
	}
	t.Logf("the median is %s", percentile(took, 50).Round(time.Millisecond))
}

// fullRedis are the ways in which a Redis answers and takes no more.
var fullRedis = []struct {
	name      string
	end, mend []any
}{
	{"no memory", []any{"CONFIG", "SET", "maxmemory", "1mb"}, []any{"CONFIG", "SET", "maxmemory", "0"}},
	{"read-only", []any{"REPLICAOF", "127.0.0.1", "1"}, []any{"REPLICAOF", "NO", "ONE"}},
	{"too few replicas", []any{"CONFIG", "SET", "min-replicas-to-write", "1"}, []any{"CONFIG", "SET", "min-replicas-to-write", "0"}},
}

// TestFaultsOfAFullRedis: a Redis that can take no more gives no token, and no sign-out is said to have been done that was not.
func TestFaultsOfAFullRedis(t *testing.T) {
	for _, fault := range fullRedis {
		t.Run(fault.name, func(t *testing.T) {
			r := ownRedis(t)
			g := try(t, r.url())
			r.command("SET", "ballast", strings.Repeat("x", 2<<20))
			r.command(fault.end...)
			for range 3 {
				signIn := g.ask("", signInBody)
				if token := field(signIn.body, "accessToken"); token != "" {
					t.Fatalf("a token was given: %s", signIn.body)
				}
				g.discreet(signIn.body)
			}
			out := g.ask(g.who.access, `{"query": "mutation { signOut { endedSessionId } }"}`)
			g.discreet(out.body)
			acknowledged := field(out.body, "endedSessionId") != ""
			r.command(fault.mend...)
			eventually(t, "Redis takes part again", func() bool { return g.guarded().status != http.StatusServiceUnavailable })
			if after := g.guarded(); acknowledged == (after.status == http.StatusOK) {
				t.Errorf("sign-out acknowledged: %v (%d %s), and then the session is answered with %d", acknowledged, out.status, out.body, after.status)
			}
			g.serves(back)
			g.alive()
		})
	}
}

// TestFaultsOfForgetting: what an emptied Redis has forgotten is over.
func TestFaultsOfForgetting(t *testing.T) {
	r := ownRedis(t)
	g := try(t, r.url())
	flush(t, r)
	if got := g.guarded(); got.status != http.StatusUnauthorized || got.data() {
		t.Errorf("after FLUSHALL: %+v", got)
	}
	renewed, a := g.who.renew()
	if renewed.access != "" || a.code() != "UNAUTHENTICATED" {
		t.Errorf("a refresh after FLUSHALL: %s", a.body)
	}
	g.serves(back)
}

// TestFaultsOfRemembering: no session that was ended comes back with a Redis that crashed 20 ms later.
func TestFaultsOfRemembering(t *testing.T) {
	r := ownRedis(t)
	g := try(t, r.url())
	returned := 0
	for range 10 {
		who := g.signIn(support)
		who.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
		time.Sleep(20 * time.Millisecond)
		r.kill()
		r.start()
		g.serves(back)
		if got := g.ask(who.access, guardedQuery); got.status != http.StatusUnauthorized {
			returned++
			t.Errorf("a session that was ended: %+v", got)
		}
	}
	t.Logf("%d of 10 sessions came back", returned)
}

// TestFaultsOfAFullDisk: the file of Redis cannot grow. The gateway lives and lets nobody in whose session is not kept.
func TestFaultsOfAFullDisk(t *testing.T) {
	r := &realRedis{t: t, binary: require(t, "FIELDGATE_TEST_REDIS_SERVER", "redis-server"), address: freeAddress(t), dir: t.TempDir(),
		// With a file that is written at once it ends itself when it cannot, which is TestFaultsOfRedis.
		settings: []string{"--appendfsync", "everysec"}, limit: "trap '' XFSZ; ulimit -f 256"}
	r.start()
	t.Cleanup(r.stop)
	g := try(t, r.url())
	refusals := 0
	for i := 0; i < 400 && refusals < 5; i++ {
		signIn := g.ask("", signInBody)
		token := field(signIn.body, "accessToken")
		if token == "" {
			refusals++
			g.discreet(signIn.body)
			continue
		}
		if got := g.ask(token, guardedQuery); got.status != http.StatusOK && got.status != http.StatusServiceUnavailable && got.status != http.StatusUnauthorized {
			t.Fatalf("with the token just given: %+v", got)
		}
		r.fill(i)
	}
	if refusals == 0 {
		t.Fatal("the disk did not become full")
	}
	if status := g.probe("/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d", status)
	}
	g.alive()
}

// TestFaultsOfTwoGateways: what one of two gateways is told, the other holds to at once.
func TestFaultsOfTwoGateways(t *testing.T) {
	r := ownRedis(t)
	data := usualData(t)
	start := func() *tried {
		p := startProcess(t, "--data", data, "--demo-password", password, "--redis-url", r.url())
		return &tried{process: p, t: t, own: &http.Client{Timeout: patience}}
	}
	one, other := start(), start()
	for range 10 {
		who := one.signIn(support)
		who.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
		if got := other.ask(who.access, guardedQuery); got.status != http.StatusUnauthorized || got.data() {
			t.Fatalf("signed out at one, asked at the other: %+v", got)
		}
	}
	who := one.signIn(support)
	id := userID(t, one.program, support)
	for _, role := range []string{"BILLING_MANAGER", "SUPPORT"} {
		one.as(owner).do(`mutation($id: ID!, $roles: [Role!]!) { setUserRoles(input: {userId: $id, roles: $roles}) { user { roles } } }`,
			vars{"id": id, "roles": []string{role}}).ok(t)
		if got := other.ask(who.access, guardedQuery); got.status != http.StatusUnauthorized {
			t.Fatalf("changed at one, asked at the other: %+v", got)
		}
		who, _ = who.renew()
		if got := other.ask(who.access, guardedQuery); got.status != http.StatusOK {
			t.Fatalf("refreshed: %+v", got)
		}
	}
}
