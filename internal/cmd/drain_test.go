package cmd

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store"
)

// slow is a request of which the head and a part of the body are sent.
type slow struct {
	conn    net.Conn
	answers *bufio.Reader
	rest    string
}

// slowly begins a request and returns when the program has begun to read its body.
func slowly(t *testing.T, c client, body string) *slow {
	t.Helper()
	address, err := url.Parse(c.p.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * patience))
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", address.Host, c.access, len(body))
	s := &slow{conn, bufio.NewReader(conn), body[len(body)/2:]}
	if line, err := s.answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the body is not asked for: %q, %v", line, err)
	}
	if _, err := s.answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, body[:len(body)/2])
	return s
}

// finish sends the rest and reads the answer.
func (s *slow) finish() (status int, body string, err error) {
	fmt.Fprint(s.conn, s.rest)
	resp, err := http.ReadResponse(s.answers, nil)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// TestSIGTERM: a process that is told to stop while 20 requests are under way answers each of them,
// lets in nobody new, and ends with status 0. Half of the requests still send their body; the other half
// wait for a lock in the database, in the middle of a mutation.
func TestSIGTERM(t *testing.T) {
	t.Parallel() // it waits most of the time
	data := demoData(t)
	p := startProcess(t, "--data", data, "--demo-password", password, "--metrics-listen", "127.0.0.1:0",
		"--drain-timeout", "25s", "--limit-time", "20s") // where the disk is slow
	who := p.as(owner)

	release := lockDatabase(t, filepath.Join(data, "fieldgate.db"))
	defer release()
	made := make(chan answer, 10)
	for i := range cap(made) {
		go func() {
			made <- who.try(`mutation($name: String!) { createApiKey(input: {friendlyName: $name}) { apiKey { friendlyName } secret } }`,
				vars{"name": fmt.Sprint("under way ", i)})
		}()
	}
	var reading []*slow
	for range 10 {
		reading = append(reading, slowly(t, who, `{"query": "{ account { friendlyName calls(first: 5) { edges { node { sid } } } } }"}`))
	}
	eventually(t, "20 requests are under way", func() bool { return p.figures()["fieldgate_requests_in_flight"] == 20 })

	p.signal(syscall.SIGTERM)
	address := strings.TrimSuffix(strings.TrimPrefix(p.url, "http://"), "/graphql")
	eventually(t, "nobody is let in any more", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	select {
	case <-p.ended:
		t.Fatalf("the process ended with 20 requests under way:\n%s", p.stderr)
	case <-time.After(200 * time.Millisecond):
	}
	if n := p.figures()["fieldgate_requests_in_flight"]; n != 20 {
		t.Errorf("%v requests are under way after the signal", n)
	}
	release()
	for _, s := range reading {
		status, body, err := s.finish()
		var got struct {
			Data struct {
				Account struct {
					FriendlyName string
					Calls        struct{ Edges []any }
				}
			}
			Errors []any
		}
		if err == nil {
			err = json.Unmarshal([]byte(body), &got)
		}
		if err != nil || status != http.StatusOK || got.Errors != nil || got.Data.Account.FriendlyName == "" || len(got.Data.Account.Calls.Edges) != 5 {
			t.Errorf("a request that was sending its body: %v, %d %s", err, status, body)
		}
	}
	secrets := map[string]bool{}
	for range cap(made) {
		a := <-made
		a.ok(t)
		secrets[a.text("createApiKey", "secret")] = true
	}
	if len(secrets) != 10 || secrets[""] {
		t.Errorf("10 mutations gave %d secrets", len(secrets))
	}
	if status := p.wait(); status != 0 {
		t.Errorf("it ended with status %d:\n%s", status, p.stderr)
	}
	again := start(t, "--data", data, "--demo-password", password)
	names := again.as(owner).do(`{ account { apiKeys(first: 1000) { edges { node { friendlyName } } } } }`, nil).ok(t).
		all("account", "apiKeys", "edges", "node", "friendlyName")
	for i := range 10 {
		if n := strings.Count(fmt.Sprintf("%q", names), fmt.Sprintf("%q", fmt.Sprint("under way ", i))); n != 1 {
			t.Errorf("the key of request %d is there %d times", i, n)
		}
	}
}

// lockDatabase keeps everybody else from writing to the SQLite file until it is released.
func lockDatabase(t *testing.T, path string) (release func()) {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	locked, unlock, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.Transact(context.Background(), func(*sql.Tx) error {
			close(locked)
			<-unlock
			return errors.New("nothing was to be done")
		})
	}()
	<-locked
	return sync.OnceFunc(func() { close(unlock); <-done })
}

// TestDrainDelay: from the signal on, probes say that the gateway stops, and clients are served for as long as the
// delay is, with answers that end their connections. A client that follows the probes loses no request.
func TestDrainDelay(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := startProcess(t, "--data", demoData(t), "--demo-password", password, "--drain-delay", "5s")
	who := p.as(support)
	var gone atomic.Bool // what a load balancer knows
	var sent atomic.Int32
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for !gone.Load() {
				a := who.do(`{ viewer { sid } }`, nil)
				sent.Add(1)
				if a.status != http.StatusOK || a.text("viewer", "sid") == "" {
					t.Errorf("a request was lost: %d %s", a.status, a.body)
				}
			}
		})
	}
	eventually(t, "the load is on", func() bool { return sent.Load() > 50 })
	if endsConnection(t, who) {
		t.Error("the connection is ended without need")
	}
	p.signal(syscall.SIGTERM)
	eventually(t, "the probe says that it stops", func() bool {
		status, body := p.probeOf("/readyz", "")
		return status == http.StatusServiceUnavailable && body == `{"status":"stopping"}`
	})
	if status, _ := p.probeOf("/healthz", ""); status != http.StatusOK {
		t.Error("it lives, and says that it does not")
	}
	before := sent.Load()
	eventually(t, "it goes on serving", func() bool { return sent.Load() > before+20 })
	if !endsConnection(t, who) {
		t.Error("an answer of a gateway that stops leaves the connection open")
	}
	gone.Store(true)
	wait.Wait()
	p.http.CloseIdleConnections()
	if status := p.wait(); status != 0 {
		t.Errorf("it ended with status %d:\n%s", status, p.stderr)
	}
}

// TestStopUnderLoad: without a delay, whoever comes too late is not let in; but no connection that was let in ends
// with the next request already on its way.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "--data", demoData(t), "--demo-password", password)
	who := p.as(support)
	var sent, late atomic.Int32
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			own := &http.Client{Transport: &http.Transport{}, Timeout: patience}
			for last := time.Now(); ; last = time.Now() {
				var reused bool
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }})
				resp, err := own.Do(who.request(http.MethodPost, p.url, `{"query": "{ viewer { sid } }"}`).WithContext(ctx))
				if err != nil {
					if reused && time.Since(last) < idleFor {
						t.Errorf("a request on a connection that was open: %v", err)
					}
					late.Add(1)
					return
				}
				if a, err := answerOf(resp); err != nil || a.status != http.StatusOK && !a.slow() {
					t.Errorf("%v, %d %s", err, a.status, a.body)
				}
				sent.Add(1)
				time.Sleep(time.Duration(sent.Load()%5) * time.Millisecond) // so that some connections are idle
			}
		})
	}
	eventually(t, "the load is on", func() bool { return sent.Load() > 500 })
	p.signal(syscall.SIGTERM)
	wait.Wait()
	if status := p.wait(); status != 0 || late.Load() != 16 {
		t.Errorf("it ended with status %d, and %d clients came too late:\n%s", status, late.Load(), p.stderr)
	}
}

// endsConnection says whether the answer to a request ends its connection.
func endsConnection(t *testing.T, c client) bool {
	t.Helper()
	resp, err := c.p.http.Do(c.request(http.MethodPost, c.p.url, `{"query": "{ __typename }"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Close
}

// TestSecondSignal: who asks twice does not wait.
func TestSecondSignal(t *testing.T) {
	taken := make(chan os.Signal, 1) // a process that was started in the background may ignore SIGINT, and its children with it
	signal.Notify(taken, syscall.SIGINT)
	defer signal.Stop(taken)
	for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := startProcess(t, "--data", demoData(t), "--demo-password", password, "--drain-timeout", "10m")
		slowly(t, p.as(support), `{"query": "{ __typename }"}`)
		p.signal(syscall.SIGTERM)
		eventually(t, "it stops", func() bool { return strings.Contains(p.stderr.String(), "stopping") })
		select {
		case <-p.ended:
			t.Fatal("it ended with a request under way")
		case <-time.After(50 * time.Millisecond):
		}
		p.signal(second)
		p.wait()
		if state := p.command.ProcessState.Sys().(syscall.WaitStatus); !state.Signaled() || state.Signal() != second {
			t.Errorf("it ended with %v", state)
		}
	}
}

// TestDrainTimeout: a request that does not end does not hold up the stop for ever.
func TestDrainTimeout(t *testing.T) {
	p := startDemo(t, "--drain-timeout", "300ms")
	slowly(t, p.as(support), `{"query": "{ __typename }"}`)
	if status := p.stop(); status != 1 || !strings.Contains(p.stderr.String(), "still under way after 300ms (--drain-timeout)") {
		t.Errorf("it ended with status %d: %s", status, p.stderr)
	}
}
