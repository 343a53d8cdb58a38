//go:build faults

package cmd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// idle opens sockets that do nothing but answer pings, those of who(i), and returns what closes them.
func (g *tried) idle(n int, who func(i int) string) (release func()) {
	g.t.Helper()
	all := make([]*rawSocket, n)
	var wait, kept sync.WaitGroup
	slots := make(chan struct{}, 50)
	for i := range all {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			s, err := g.rawSocket(who(i), 0)
			if err != nil {
				g.t.Error(err)
				return
			}
			all[i] = s
			kept.Go(s.keep)
		})
	}
	wait.Wait()
	return func() {
		for _, s := range all {
			if s != nil {
				s.conn.Close()
			}
		}
		kept.Wait()
	}
}

// held is what the gateway has in use of its memory.
func (g *tried) held() float64 {
	f := g.figures()
	return f["go_memstats_heap_inuse_bytes"] + f["go_memstats_stack_inuse_bytes"]
}

// TestLongFaultsOfManySockets: ten thousand WebSockets of guests, and then five thousand of people in 250 sessions, do nothing but answer
// pings. Each takes little memory, others do not notice, and when they have gone all is as before.
func TestLongFaultsOfManySockets(t *testing.T) {
	const holds = 25 * time.Second // longer than from one ping to the next
	for _, row := range []struct {
		name     string
		many     int
		sessions int // 0 for guests
	}{
		{"guests", 10_000, 0},
		{"signed in", 5000, 250},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := try(t, ownRedis(t).url(), "--sockets", "10000", "--sockets-per-address", "10000", "--limit-sign-ins", "10000", "--demo-events", "0")
			resident := g.figures()["process_resident_memory_bytes"] // before passwords are hashed, which takes some too
			tokens := []string{""}
			if row.sessions > 0 {
				tokens = nil
			}
			for i := range row.sessions {
				tokens = append(tokens, g.signIn([]string{owner, administrator, developer, billing, support}[i%5]).access)
			}
			g.ask(g.who.access, largePage)
			before := g.figures()
			held := g.held()
			begun := time.Now()
			release := g.idle(row.many, func(i int) string { return tokens[i%len(tokens)] })
			opened := time.Since(begun)
			if n := g.figures()["fieldgate_sockets_open"]; int(n) != row.many {
				t.Errorf("%v sockets are open", n)
			}
			times := busy(t)
			var waits []time.Duration
			for end := time.Now().Add(holds); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				got := g.guarded()
				if got.status != http.StatusOK && times == 1 {
					t.Errorf("%+v", got)
				}
				waits = append(waits, got.took)
			}
			if n := g.figures()["fieldgate_sockets_open"]; int(n) != row.many {
				t.Errorf("after %s %v sockets are open", holds, n)
			}
			each := (g.figures()["process_resident_memory_bytes"] - resident) / float64(row.many) / (1 << 10)
			if each > 60 {
				t.Errorf("each takes %.1f KiB", each)
			}
			if p99 := percentile(waits, 99); p99 > 100*time.Millisecond*times {
				t.Errorf("meanwhile a request takes %s (p99)", p99)
			}
			t.Logf("%d opened in %s, %.1f KiB each; meanwhile a request takes %s (p99)", row.many, opened.Round(10*time.Millisecond), each,
				percentile(waits, 99).Round(time.Millisecond))
			release()
			eventually(t, "they are closed", func() bool { return g.figures()["fieldgate_sockets_open"] == 0 })
			g.settles(before["go_goroutines"])
			eventually(t, "their memory is free", func() bool { // once it has been looked for, which more work brings about
				g.ask(g.who.access, largePage)
				return g.held() < held+50<<20
			})
			t.Logf("%.0f MiB in use before, %.0f afterwards", held/(1<<20), g.held()/(1<<20))
			g.serves(back)
			g.alive()
		})
	}
}

// TestLongFaultsOfStalledReaders: twenty streams of events and twenty WebSockets are not read while more and more is logged. They are cut, hold nothing up,
// and nothing is kept for them.
func TestLongFaultsOfStalledReaders(t *testing.T) {
	const many = 20
	r := ownRedis(t)
	g := try(t, r.url(), "--demo-events", "0")
	call := logged(t, g.as(owner))["CALL"]
	who := g.signIn(owner)
	before := g.figures()
	const logs = `subscription { productLogs { __typename ... on Node { id } ... on Call { sid to from status direction startTime endTime price { amount } } } }`
	for range many {
		conn, err := net.Dial("tcp", g.host())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		body := `{"query":"` + logs + `"}`
		fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
			g.host(), who.access, len(body), body)
		s, err := g.rawSocket(who.access, 4<<10)
		if err != nil {
			t.Fatal(err)
		}
		defer s.conn.Close()
		s.write(1, `{"type":"subscribe","id":"1","payload":`+body+`}`)
	}
	eventually(t, "all have begun", func() bool { return g.figures()["fieldgate_subscriptions_running"] == 2*many })
	reader := g.signIn(support).subscribe(everyLog)
	defer reader.cancel()
	go func() {
		for range reader.events {
		}
	}()
	ctx, end := context.WithCancel(t.Context())
	var logging sync.WaitGroup
	b := busOn(t, r.url())
	logging.Go(func() {
		for ; ctx.Err() == nil; time.Sleep(2 * time.Millisecond) {
			b.redis.Publish(ctx, "{fieldgate}:logs:"+demo.Main().SID, "CALL "+call)
		}
	})
	stop := g.canary("/healthz")
	begun := time.Now()
	most := 0.
	for g.figures()["fieldgate_subscriptions_running"] > 1 && time.Since(begun) < 2*time.Minute {
		most = max(most, g.figures()["process_resident_memory_bytes"]-before["process_resident_memory_bytes"])
		time.Sleep(50 * time.Millisecond)
	}
	took, waits := time.Since(begun), stop()
	end()
	logging.Wait()
	if n := g.figures()["fieldgate_subscriptions_running"]; n > 1 {
		t.Errorf("%v streams that nobody reads go on", n-1)
	}
	eventually(t, "their sockets are closed", func() bool { return g.figures()["fieldgate_sockets_open"] == 0 })
	if most > 50<<20 {
		t.Errorf("they take %.0f MiB", most/(1<<20))
	}
	if p99 := percentile(waits, 99); p99 > probed*busy(t) {
		t.Errorf("meanwhile a probe waits for %s (p99)", p99)
	}
	t.Logf("the last was cut after %s; %.0f MiB more at most; a probe waits for %s (p99)", took.Round(time.Second), most/(1<<20), percentile(waits, 99).Round(time.Millisecond))
	reader.cancel()
	g.settles(before["go_goroutines"])
	g.serves(back)
	g.alive()
}
