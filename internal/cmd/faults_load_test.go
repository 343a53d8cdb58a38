//go:build faults

package cmd

import (
	"bytes"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines are the lines of a text.
func lines(text []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range bytes.Lines(text) {
			if !yield(strings.TrimSpace(string(line))) {
				return
			}
		}
	}
}

// canary asks again and again for what costs nothing, until stop is called, which returns how long each answer took.
func (g *tried) canary(path string) (stop func() []time.Duration) {
	var took []time.Duration
	own := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	end := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-end:
				own.CloseIdleConnections()
				return
			case <-time.After(20 * time.Millisecond):
			}
			begun := time.Now()
			resp, err := own.Get(strings.TrimSuffix(g.url, "/graphql") + path)
			if err != nil {
				g.t.Errorf("%s: %v", path, err)
				continue
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				g.t.Errorf("%s: %d", path, resp.StatusCode)
			}
			took = append(took, time.Since(begun))
		}
	})
	stop = sync.OnceValue(func() []time.Duration {
		close(end)
		wait.Wait()
		return took
	})
	g.t.Cleanup(func() { stop() })
	return stop
}

// TestFaultsOfFiles: with few file descriptors and many connections the gateway does not crash, and serves afterwards.
func TestFaultsOfFiles(t *testing.T) {
	r := ownRedis(t)
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	g := &tried{t: t, own: &http.Client{Timeout: patience}}
	g.process = startCommand(t, exec.Command("sh", "-c", `ulimit -n 256; exec "$0" "$@"`, file, "serve", "--listen", "127.0.0.1:0",
		"--data", usualData(t), "--demo-password", password, "--redis-url", r.url()))
	g.who = g.signIn(support)
	address := g.host()
	var open []net.Conn
	for range 600 {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			break
		}
		open = append(open, conn)
	}
	time.Sleep(500 * time.Millisecond)
	t.Logf("%d connections are open", len(open))
	for _, conn := range open {
		conn.Close()
	}
	g.own.CloseIdleConnections()
	g.serves(back)
	g.alive()
}

// host is the gateway's host and port.
func (g *tried) host() string {
	at, err := url.Parse(g.url)
	if err != nil {
		g.t.Fatal(err)
	}
	return at.Host
}

// TestLongFaultsOfSlowClients: two hundred clients that send their heads, or their bodies, or read their answers, a byte at a time.
func TestLongFaultsOfSlowClients(t *testing.T) {
	r := ownRedis(t)
	g := try(t, r.url())
	const body = `{"query": "{ account { calls(first: 1000) { edges { node { id sid to from status direction startTime endTime } } } } }"}`
	head := "POST /graphql HTTP/1.1\r\nHost: " + g.host() + "\r\nContent-Type: application/json\r\nAuthorization: Bearer " + g.who.access + "\r\n"
	for _, way := range []struct {
		name  string
		sent  string // at once
		rest  string // a byte a second
		reads bool   // whether the client waits to be cut; one that does not read is only held
		cut   time.Duration
		many  int
	}{
		{"heads", "POST /graphql HTTP/1.1\r\nHost: " + g.host() + "\r\n", "X-Slow: " + strings.Repeat("x", 100), true, 8 * time.Second, 200},
		{"bodies", head + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)), body, true, 20 * time.Second, 200},
		{"readers", head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body), "", false, 0, 20},
	} {
		t.Run(way.name, func(t *testing.T) {
			g.t = t
			times := busy(t)
			before := g.figures()["process_resident_memory_bytes"]
			stop := g.canary("/healthz")
			var wait sync.WaitGroup
			var mu sync.Mutex
			longest := time.Duration(0)
			for range way.many {
				wait.Go(func() {
					conn, err := net.Dial("tcp", g.host())
					if err != nil {
						t.Error(err)
						return
					}
					defer conn.Close()
					begun := time.Now()
					fmt.Fprint(conn, way.sent)
					if !way.reads {
						time.Sleep(5 * time.Second)
						return
					}
					go func() {
						for _, c := range []byte(way.rest) {
							time.Sleep(time.Second)
							if _, err := conn.Write([]byte{c}); err != nil {
								return
							}
						}
					}()
					_ = conn.SetReadDeadline(time.Now().Add(patience * 3))
					_, _ = conn.Read(make([]byte, 1<<10)) // an answer that refuses, or the end
					_, _ = conn.Read(make([]byte, 1<<10))
					mu.Lock()
					longest = max(longest, time.Since(begun))
					mu.Unlock()
				})
			}
			wait.Wait()
			waits := stop()
			grown := g.figures()["process_resident_memory_bytes"] - before
			if p99 := percentile(waits, 99); p99 > 500*time.Millisecond*times {
				t.Errorf("meanwhile others wait for %s (p99)", p99)
			}
			if way.cut > 0 && longest > way.cut*times {
				t.Errorf("the last is cut after %s", longest)
			}
			if grown > 50<<20 {
				t.Errorf("it takes %.0f MB", grown/(1<<20))
			}
			t.Logf("cut within %s, others wait for %s (p99), %.1f MB more", longest.Round(time.Second), percentile(waits, 99), grown/(1<<20))
			g.alive()
			g.serves(back)
		})
	}
}

// TestLongFaultsSoak: twenty seconds of load while Redis is killed every four. Nobody is let in who should not be, and
// nobody is taken for another.
func TestLongFaultsSoak(t *testing.T) {
	r := ownRedis(t)
	g := try(t, r.url())
	emails := []string{owner, developer, billing, support}
	var who []client
	for _, email := range emails {
		who = append(who, g.signIn(email))
	}
	ended := g.signIn(support)
	ended.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
	var mu sync.Mutex
	turn := 0
	stop := g.load(16, func() reply {
		mu.Lock()
		turn++
		i := turn % (len(who) + 1)
		mu.Unlock()
		if i == len(who) {
			got := g.ask(ended.access, guardedQuery)
			if got.data() {
				t.Errorf("a session that was ended is served: %s", got.body)
			}
			return got
		}
		got := g.ask(who[i].access, `{"query": "{ viewer { email } }"}`)
		if email := field(got.body, "email"); email != "" && email != emails[i] {
			t.Errorf("%s is taken for %s", emails[i], email)
		}
		return got
	})
	for range 5 {
		time.Sleep(3 * time.Second)
		r.kill()
		time.Sleep(time.Second)
		r.start()
	}
	counts, worst := tally(stop())
	for status := range counts {
		if status != http.StatusOK && status != http.StatusUnauthorized && status != http.StatusServiceUnavailable {
			t.Errorf("%d answers have the status %d", counts[status], status)
		}
	}
	g.serves(back)
	g.alive()
	t.Logf("%v, the longest %s", counts, worst.Round(time.Millisecond))
}
