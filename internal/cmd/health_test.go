package cmd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// probeOf asks a running program's probe under some name, and returns status and body.
func (p *program) probeOf(path, host string) (int, string) {
	p.t.Helper()
	r := p.guest().request(http.MethodGet, strings.TrimSuffix(p.url, "/graphql")+path, "")
	r.Host = host
	resp, err := p.http.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(body))
}

const (
	wellAlive = `{"status":"ok"}`
	wellReady = `{"status":"ok","checks":{"database":"ok","migrations":"ok","redis":"ok"}}`
)

func TestProbes(t *testing.T) {
	t.Parallel() // it waits most of the time
	t.Run("under any name", func(t *testing.T) {
		p := startDemo(t)
		for _, host := range []string{"", "10.1.2.3:8080", "elsewhere.example.com"} {
			for path, want := range map[string]string{"/healthz": wellAlive, "/readyz": wellReady} {
				if status, body := p.probeOf(path, host); status != http.StatusOK || body != want {
					t.Errorf("%s as %q: %d %s", path, host, status, body)
				}
			}
		}
		for _, path := range []string{"/", "/graphql", "/healthz/", "/readyz/x", "/.well-known/jwks.json"} {
			if status, body := p.probeOf(path, "elsewhere.example.com"); status != http.StatusMisdirectedRequest {
				t.Errorf("%s under a name that is not the gateway's: %d %s", path, status, body)
			}
		}
	})
	t.Run("Redis goes and comes back", func(t *testing.T) {
		r := startRedis(t)
		p := startDemo(t, "--redis-url", r.url())
		r.stop()
		eventually(t, "the gateway is not ready without Redis", func() bool {
			status, body := p.probeOf("/readyz", "")
			return status == http.StatusServiceUnavailable &&
				body == `{"status":"failed","checks":{"database":"ok","migrations":"ok","redis":"failed"}}`
		})
		if status, body := p.probeOf("/healthz", ""); status != http.StatusOK || body != wellAlive {
			t.Errorf("it lives, and yet: %d %s", status, body)
		}
		r.start()
		eventually(t, "the gateway is ready again", func() bool {
			status, body := p.probeOf("/readyz", "")
			return status == http.StatusOK && body == wellReady
		})
		for _, want := range []string{`"msg":"the gateway is not ready","check":"redis"`, `"msg":"a check passes again","check":"redis"`} {
			if got := strings.Count(p.stderr.String(), want); got != 1 {
				t.Errorf("the log says %s %d times, want once", want, got)
			}
		}
	})
	t.Run("the tables are another program's", func(t *testing.T) {
		eachDatabase(t, func(t *testing.T, on kept) {
			p := on.start(t)
			p.change("INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, TRUE)")
			eventually(t, "the gateway is not ready on tables that it does not know", func() bool {
				status, body := p.probeOf("/readyz", "")
				return status == http.StatusServiceUnavailable &&
					body == `{"status":"failed","checks":{"database":"ok","migrations":"failed","redis":"ok"}}`
			})
		})
	})
	t.Run("Postgres goes and comes back", func(t *testing.T) {
		for _, server := range storetest.Postgres() {
			line := storetest.NewLine(t, server.Demo(t))
			p := start(t, append(onPostgres(t, line.URL()), "--redis-url", startRedis(t).url())...)
			line.Cut()
			eventually(t, "the gateway is not ready without its database", func() bool {
				begun := time.Now()
				status, body := p.probeOf("/readyz", "")
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("the answer took %s", took)
				}
				return status == http.StatusServiceUnavailable &&
					body == `{"status":"failed","checks":{"database":"failed","migrations":"failed","redis":"ok"}}`
			})
			line.Mend()
			eventually(t, "the gateway is ready again", func() bool {
				status, _ := p.probeOf("/readyz", "")
				return status == http.StatusOK
			})
		}
	})
}

// TestReady asks health alone, of checks that do what a row says.
func TestReady(t *testing.T) {
	secret := errors.New("dial tcp 10.9.8.7:6379: the password is wrong")
	ok := func(context.Context) error { return nil }
	fails := func(context.Context) error { return secret }
	hangs := func(context.Context) error { time.Sleep(time.Hour); return nil }
	for _, c := range []struct {
		name         string
		one, another func(context.Context) error
		stopping     bool
		status       int
		body         string
	}{
		{"all is well", ok, ok, false, 200, `{"status":"ok","checks":{"another":"ok","one":"ok"}}`},
		{"one fails", fails, ok, false, 503, `{"status":"failed","checks":{"another":"ok","one":"failed"}}`},
		{"the other fails", ok, fails, false, 503, `{"status":"failed","checks":{"another":"failed","one":"ok"}}`},
		{"one hangs and does not look at its context", hangs, ok, false, 503, `{"status":"failed","checks":{"another":"ok","one":"failed"}}`},
		{"it is stopping", ok, ok, true, 503, `{"status":"stopping"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the time that a busy machine takes does not count
				h := &health{log: slog.New(slog.DiscardHandler), checks: []check{{"one", c.one}, {"another", c.another}}}
				h.stopping.Store(c.stopping)
				mux := http.NewServeMux()
				h.register(mux)
				w := httptest.NewRecorder()
				begun := time.Now()
				mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
				if w.Code != c.status || strings.TrimSpace(w.Body.String()) != c.body {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				if took := time.Since(begun); took > readyWithin {
					t.Errorf("it took %s", took)
				}
				w = httptest.NewRecorder()
				mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
				if w.Code != http.StatusOK {
					t.Errorf("it lives, and yet: %d %s", w.Code, w.Body)
				}
				time.Sleep(2 * time.Hour) // until what hangs has ended
			})
		})
	}
}

// TestProbesShareAnAnswer: however many ask, Redis and the database are asked once a second.
func TestProbesShareAnAnswer(t *testing.T) {
	const all = 200
	var asked, atOnce, waiting atomic.Int32
	every := make(chan struct{}) // closed when all wait for the first answer
	h := &health{log: slog.New(slog.DiscardHandler), checks: []check{{"slow", func(context.Context) error {
		if atOnce.Add(1) > 1 {
			t.Error("two checks at a time")
		}
		defer atOnce.Add(-1)
		asked.Add(1)
		<-every
		return nil
	}}}}
	begun := time.Now()
	var wait sync.WaitGroup
	for range all {
		wait.Go(func() {
			if waiting.Add(1) == all {
				close(every)
			}
			for range 10 {
				if v := h.ready(); v.Status != statusOK {
					t.Errorf("%+v", v)
				}
			}
		})
	}
	wait.Wait()
	if got, most := asked.Load(), int32(time.Since(begun)/readyFor)+1; got > most {
		t.Errorf("2000 probes in %s made %d checks", time.Since(begun), got)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url())
	listen := strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/graphql")
	_, port, _ := strings.Cut(listen, ":")
	for _, args := range [][]string{
		{"--listen", listen}, {"--listen", listen, "--ready"}, {"--listen", "0.0.0.0:" + port}, {"--listen", "[::]:" + port}, {"--listen", ":" + port},
	} {
		eventually(t, "a probe finds it ready", func() bool { // what it finds holds for a second; Redis may be busy
			status, _ := p.probeOf("/readyz", "")
			return status == http.StatusOK
		})
		if got := command(t, append([]string{"healthcheck"}, args...)...); got.status != 0 || got.stdout != "ok\n" {
			t.Errorf("%v: %+v", args, got)
		}
	}
	r.stop()
	eventually(t, "it is not ready", func() bool {
		return command(t, "healthcheck", "--ready", "--listen", listen).status == 1
	})
	if got := command(t, "healthcheck", "--listen", listen); got.status != 0 {
		t.Errorf("it lives, and yet: %+v", got)
	}
	p.stop()
	if got := command(t, "healthcheck", "--listen", listen); got.status != 1 || !strings.Contains(got.stderr, "does not answer") {
		t.Errorf("of a gateway that has stopped: %+v", got)
	}
	if got := command(t, "healthcheck", "--listen", "nonsense"); got.status != 1 || !strings.Contains(got.stderr, "--listen") {
		t.Errorf("of no address: %+v", got)
	}
}
