//go:build faults

package cmd

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// stopped is how long a stream may go on when it cannot be known any more whether its session lives.
const stopped = 4 * time.Second

// crowd is two hundred streams of logs of two users in several sessions, half of them over Server-Sent Events and half
// over WebSockets, each of which has been told of something.
type crowd struct {
	g       *tried
	bus     bus
	call    string // what it is told of
	streams []*stream
	sockets []*socket
}

func (g *tried) crowd(redisURL string) *crowd {
	g.t.Helper()
	c := &crowd{g: g, bus: busOn(g.t, redisURL)}
	c.call = logged(g.t, g.as(owner))["CALL"]
	for i := range 10 {
		who := g.signIn([]string{owner, support}[i%2])
		for range 10 {
			c.streams = append(c.streams, who.subscribe(everyLog))
			s := who.socket()
			s.begin("logs", everyLog, nil)
			c.sockets = append(c.sockets, s)
		}
	}
	eventually(g.t, "all have begun", func() bool { return g.figures()["fieldgate_subscriptions_running"] == 200 })
	c.tell()
	return c
}

// tell tells them of a call, and returns when all know.
func (c *crowd) tell() {
	c.g.t.Helper()
	c.bus.tell(demo.Main(), "CALL", c.call)
	for _, s := range c.streams {
		if a := s.next(); a.text("productLogs", "sid") != c.call {
			c.g.t.Fatalf("%s", a.body)
		}
	}
	for _, s := range c.sockets {
		if m, closed := s.read(); m.Type != "next" || !strings.Contains(string(m.Payload), c.call) {
			c.g.t.Fatalf("%+v, %v", m, closed)
		}
	}
}

// end fails the test unless all end in time, with this code and this close code.
func (c *crowd) end(code string, closes websocket.StatusCode) {
	c.g.t.Helper()
	begun := time.Now()
	for _, s := range c.streams {
		if last, _ := s.ended(); last.code() != code || last.hasData {
			c.g.t.Errorf("a stream's last event is %s, want %s", last.body, code)
		}
	}
	for _, s := range c.sockets {
		if closed, _ := s.closed(); closed.Code != closes {
			c.g.t.Errorf("a socket is closed with %v, want %d", closed, closes)
		}
	}
	if took := time.Since(begun); took > stopped*busy(c.g.t) {
		c.g.t.Errorf("it takes %s until all have stopped", took)
	} else {
		c.g.t.Logf("200 streams have stopped after %s", took.Round(time.Millisecond))
	}
}

// TestFaultsOfStreams: Redis dies, freezes, or forgets everything under two hundred streams. They end in time and say why,
// none begins meanwhile, nothing of them is left, and all is served again.
func TestFaultsOfStreams(t *testing.T) {
	for _, fault := range []struct {
		name      string
		end, mend func(r *realRedis)
		status    int // of a request meanwhile
		code      string
		closes    websocket.StatusCode
	}{
		{"killed", (*realRedis).kill, (*realRedis).start, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", websocket.StatusTryAgainLater},
		{"frozen", func(r *realRedis) { r.freeze() }, (*realRedis).thaw, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", websocket.StatusTryAgainLater},
		{"emptied", func(r *realRedis) { r.command("FLUSHALL") }, func(*realRedis) {}, http.StatusUnauthorized, "UNAUTHENTICATED", 4401},
	} {
		t.Run(fault.name, func(t *testing.T) {
			r := ownRedis(t)
			g := try(t, r.url(), "--demo-events", "0")
			before := g.goroutines()
			c := g.crowd(r.url())
			fault.end(r)
			c.end(fault.code, fault.closes)

			late := g.who.request(http.MethodPost, g.url, `{"query": "subscription { productLogs { __typename } }"}`)
			late.Header.Set("Accept", "text/event-stream")
			if resp, err := g.own.Do(late); err != nil || resp.StatusCode != fault.status {
				t.Errorf("a stream that begins meanwhile: %v %v", resp, err)
			} else {
				resp.Body.Close()
			}
			s := g.dial(nil)
			s.send("connection_init", "", vars{"Authorization": "Bearer " + g.who.access})
			if m, closed := s.read(); closed.Code != fault.closes {
				t.Errorf("a socket that begins meanwhile: %+v, %v", m, closed)
			}
			fault.mend(r)
			g.serves(back)
			g.settles(before)
			again := g.signIn(support).subscribe(everyLog)
			defer again.cancel()
			c.bus.tell(demo.Main(), "CALL", c.call)
			if a := again.next(); !a.hasData {
				t.Errorf("a new stream is told %s", a.body)
			}
			g.alive()
		})
	}
}

// TestFaultsOfOneOfTwo: one of two gateways is killed with streams on it. The other serves on, its streams too, and nothing
// that the dead one held keeps anybody out: the session has its operations, its sockets and its budget. What is logged by
// one reaches who follows at the other.
func TestFaultsOfOneOfTwo(t *testing.T) {
	r := ownRedis(t)
	arguments := []string{"--data", usualData(t), "--demo-password", password, "--redis-url", r.url(), "--demo-events", "100ms",
		"--metrics-listen", "127.0.0.1:0", "--limit-sockets", "3", "--limit-session-requests", "3", "--budget", "2000"}
	one, other := startProcess(t, arguments...), startProcess(t, arguments...)
	g := &tried{process: other, t: t, own: &http.Client{Timeout: patience}}
	g.who = one.signIn(support)
	g.who.p = other.program
	here := client{one.program, g.who.access, ""}
	for range 3 {
		s := here.socket()
		s.begin("logs", everyLog, nil)
		here.subscribe(everyLog)
	}
	there := g.who.subscribe(everyLog)
	there.next() // which one of the two has logged
	one.signal(syscall.SIGKILL)
	one.wait()
	began := time.Now()
	for range 3 {
		s := g.who.socket()
		s.begin("logs", everyLog, nil)
		for range 2 {
			if m, closed := s.read(); m.Type != "next" {
				t.Errorf("a socket at the other: %+v, %v", m, closed)
			}
		}
	}
	there.next()
	for range 10 {
		if got := g.guarded(); got.status != http.StatusOK || !got.data() {
			t.Errorf("%+v", got)
		}
	}
	t.Logf("all is served by the other within %s", time.Since(began).Round(time.Millisecond))
	who := g.signIn(owner)
	who.do(`mutation { createApiKey(input: {friendlyName: "after"}) { secret } }`, nil).ok(t)
	g.alive()
}

// TestFaultsOfEventsBetween: what is logged by one gateway reaches who follows at the other, until one is cut off from
// Redis: then its streams end and the other's do not.
func TestFaultsOfEventsBetween(t *testing.T) {
	r := ownRedis(t)
	m := between(t, r.address)
	data := usualData(t)
	start := func(url, every string) *program {
		return startProcess(t, "--data", data, "--demo-password", password, "--redis-url", url, "--demo-events", every).program
	}
	one, other := start(r.url(), "0"), start(m.url(), "0")
	b := busOn(t, r.url())
	call := logged(t, one.as(owner))["CALL"]
	who := one.signIn(support)
	here, there := who.subscribe(everyLog), client{other, who.access, ""}.subscribe(everyLog)
	b.tell(demo.Main(), "CALL", call)
	here.next()
	there.next()
	m.be(swallow)
	cut := time.Now()
	if last, _ := there.ended(); last.code() != "SERVICE_UNAVAILABLE" || last.hasData || time.Since(cut) > stopped*busy(t) {
		t.Errorf("after %s: %s", time.Since(cut), last.body)
	}
	t.Logf("the stream of a gateway that is cut off has stopped after %s", time.Since(cut).Round(time.Millisecond))
	b.tell(demo.Main(), "CALL", call)
	if a := here.next(); !a.hasData {
		t.Errorf("%s", a.body)
	}
}
