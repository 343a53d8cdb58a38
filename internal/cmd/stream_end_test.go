package cmd

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// TestStreamsEnd: what ends a session or changes its roles, by whichever of two gateways, ends its streams at both, says
// why, and leaves the streams of others.
func TestStreamsEnd(t *testing.T) {
	const bound = 2 * time.Second // for a busy machine; BenchmarkFollow says how long it takes
	r := startRedis(t)
	arguments := []string{"--data", demoData(t), "--demo-password", password, "--redis-url", r.url(), "--demo-events", "0"}
	one, other := start(t, arguments...), start(t, arguments...)
	id := userID(t, one, support)
	for _, row := range []struct {
		name string
		do   func(c client)
		want string
	}{
		{"signing out", func(c client) { c.do(`mutation { signOut { endedSessionId } }`, nil).ok(t) }, "The session has ended."},
		{"the Owner ends the session", func(client) {
			sessions := one.as(owner).do(`query($id: ID!) { node(id: $id) { ... on User { sessions { id } } } }`, vars{"id": id}).ok(t).
				all("node", "sessions", "id")
			for _, session := range sessions {
				one.as(owner).do(`mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`, vars{"id": session}).ok(t)
			}
		}, "The session has ended."},
		{"the Owner changes the roles", func(client) {
			one.as(owner).do(`mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [SUPPORT, DEVELOPER]}) { user { id } } }`,
				vars{"id": id}).ok(t)
		}, "The access token is out of date."},
		{"a refresh token is used twice", func(c client) {
			const refresh = `mutation($t: String!) { refreshSession(input: {refreshToken: $t}) { accessToken } }`
			one.guest().do(refresh, vars{"t": c.refresh}).ok(t)
			one.guest().do(refresh, vars{"t": c.refresh}).refused(t, http.StatusOK, "UNAUTHENTICATED")
		}, "The session has ended."},
	} {
		t.Run(row.name, func(t *testing.T) {
			here := one.signIn(support)
			streams := []*stream{here.subscribe(everyLog), client{other, here.access, here.refresh}.subscribe(everyLog)}
			others := client{other, one.as(owner).access, ""}.subscribe(everyLog)
			defer others.cancel()
			row.do(here)
			for _, s := range streams {
				last, took := s.ended()
				if last.code() != "UNAUTHENTICATED" || last.hasData || !strings.Contains(last.body, row.want) || took > bound {
					t.Errorf("after %v: %s", took, last.body)
				}
			}
			select {
			case a := <-others.events:
				t.Errorf("to another came %s", a.body)
			default:
			}
		})
	}
}

// TestStreamsEndWithTheToken: what is sent to the holder of a token ends with it, of a session that lives on: a stream says why,
// and a WebSocket is closed with the code on which clients come back with a new token. A new one is served.
func TestStreamsEndWithTheToken(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := startDemo(t, "--demo-events", "0")
	who := p.signIn(support)
	expires := time.Now().Add(3 * time.Second).Truncate(time.Second)
	claimed := expires.Add(-token.Leeway)
	short := client{p, newForger(t, p, who.access).sign(nil, map[string]any{"iat": claimed.Add(-token.TTL).Unix(), "exp": claimed.Unix()}), ""}
	stream, socket := short.subscribe(everyLog), short.socket()
	socket.begin("logs", everyLog, nil)
	if m := socket.ask(`{ viewer { email } }`, nil); m.Type != "next" {
		t.Fatalf("%+v", m)
	}
	closed, _ := socket.closed()
	at := time.Now()
	if closed.Code != 4403 || closed.Reason != "The access token has expired." {
		t.Errorf("the socket is closed with %v", closed)
	}
	if last, _ := stream.ended(); last.code() != "UNAUTHENTICATED" || !strings.Contains(last.body, "The access token has expired.") {
		t.Errorf("the stream ends with %s", last.body)
	}
	if early, late := expires.Sub(at), at.Sub(expires); early > 0 || late > 2*time.Second { // on a busy machine
		t.Errorf("it ended %v after the token", late)
	}
	t.Logf("the socket was closed %v after the token had expired", at.Sub(expires))
	short.do(`{ viewer { sid } }`, nil).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	who.subscribe(everyLog).cancel()
}

// TestStreamsWithoutRedis: when Redis goes, or answers no more, all streams end within four seconds, none begins, and with
// Redis they come back.
func TestStreamsWithoutRedis(t *testing.T) {
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0")
	b := busOn(t, r.url())
	sids := logged(t, p.as(owner))
	withoutRedis(t, p, b, sids["CALL"], r.stop, r.start)
	if r.freeze() {
		r.thaw()
		withoutRedis(t, p, b, sids["CALL"], func() { r.freeze() }, r.thaw)
	}
}

func withoutRedis(t *testing.T, p *program, b bus, call string, goes, comes func()) {
	t.Helper()
	one, other := p.signIn(owner), p.signIn(support)
	var all []*stream
	for range 20 {
		all = append(all, one.subscribe(everyLog), other.subscribe(everyLog))
	}
	b.tell(demo.Main(), "CALL", call)
	for _, s := range all {
		s.next()
	}
	goes()
	began := time.Now()
	for _, s := range all {
		if last, _ := s.ended(); last.code() != "SERVICE_UNAVAILABLE" || last.hasData {
			t.Errorf("it ended with %s", last.body)
		}
	}
	took := time.Since(began)
	t.Logf("%d streams ended within %v", len(all), took)
	if took > 6*time.Second { // on a busy machine
		t.Errorf("it took %v", took)
	}
	one.try(everyLog, nil).refused(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
	comes()
	for late := time.Now().Add(patience); ; {
		again := p.signIn(owner).subscribe(everyLog)
		b.tell(demo.Main(), "CALL", call)
		a := again.next()
		if a.hasData {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("it does not come back: %s", a.body)
		}
	}
}

// TestStreamsForgotten: a Redis that has lost everything ends all streams: no session lives any more.
func TestStreamsForgotten(t *testing.T) {
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0")
	s := p.as(support).subscribe(everyLog)
	flush(t, r)
	if last, took := s.ended(); last.code() != "UNAUTHENTICATED" || took > 3*time.Second {
		t.Errorf("after %v: %s", took, last.body)
	}
}

// TestNothingAfterSignOut: while something is logged all the time, nothing of it reaches who has signed out: nothing that
// is sent later than a moment after the answer to the sign-out.
func TestNothingAfterSignOut(t *testing.T) {
	const moment = 2 * time.Second // 100 ms on a machine that has nothing else to do
	r := startRedis(t)
	arguments := []string{"--data", demoData(t), "--demo-password", password, "--redis-url", r.url(), "--demo-events", "0"}
	one, other := start(t, arguments...), start(t, arguments...)
	b := busOn(t, r.url())
	sids := logged(t, one.as(owner))
	ctx, stop := context.WithCancel(t.Context())
	told := make(chan struct{})
	go func() {
		defer close(told)
		for ; ctx.Err() == nil; time.Sleep(2 * time.Millisecond) {
			b.redis.Publish(ctx, "{fieldgate}:logs:"+demo.Main().SID, "CALL "+sids["CALL"])
		}
	}()
	defer func() { stop(); <-told }()
	var worst atomic.Int64
	for i := range 10 {
		who := one.signIn(support)
		s := client{other, who.access, who.refresh}.subscribe(`subscription { productLogs { ... on Call { sid } } }`)
		s.next()
		done := make(chan time.Time, 1)
		go func() {
			last := time.Now()
			for a := range s.events {
				if a.hasData {
					last = time.Now()
				}
			}
			done <- last
		}()
		time.Sleep(time.Duration(i) * time.Millisecond)
		who.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
		answered := time.Now()
		select {
		case last := <-done:
			after := last.Sub(answered)
			if after > moment {
				t.Errorf("an event came %v after the sign-out had been answered", after)
			}
			worst.Store(max(worst.Load(), int64(after)))
		case <-time.After(patience):
			t.Fatal("the stream does not end")
		}
	}
	t.Logf("the last event came %v after the answer", time.Duration(worst.Load()))
}

// TestDemoEvents: in the demo something is logged while someone follows, of every kind, and nothing while nobody does.
func TestDemoEvents(t *testing.T) {
	p := startDemo(t, "--demo-events", "10ms")
	newest := func() string {
		a := p.as(owner).do(`{ account {
			calls(first: 5) { edges { node { sid } } } messages(first: 5) { edges { node { sid } } } alerts(first: 5) { edges { node { sid } } }
		} }`, nil).ok(t)
		return a.body
	}
	before := newest()
	s := p.as(owner).subscribe(everyLog)
	kinds := map[string]int{}
	for len(kinds) < 3 {
		a := s.next().ok(t)
		kinds[a.text("productLogs", "__typename")]++
		if a.text("productLogs", "sid") == "" {
			t.Fatalf("got %s", a.body)
		}
	}
	if newest() == before {
		t.Error("what came is not in the lists")
	}
	s.cancel()
	quiet := func() bool {
		now := newest()
		time.Sleep(200 * time.Millisecond)
		return now == newest()
	}
	for late := time.Now().Add(patience); !quiet(); {
		if time.Now().After(late) {
			t.Fatal("it goes on although nobody follows")
		}
	}
	if got := command(t, "serve", "--demo-events", "-1s"); got.status == 0 || !strings.Contains(got.stderr, "--demo-events") {
		t.Errorf("a time that is none: %+v", got)
	}

}
