//go:build faults

package cmd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// oneOfMany is ownRedis for one that has replicas or is one. It is killed with the test: while it writes its first file after it has
// become a replica it does not stop when it is told to.
func oneOfMany(t *testing.T, settings ...string) *realRedis {
	t.Helper()
	r := ownRedis(t, append(settings, "--repl-diskless-sync-delay", "0")...)
	t.Cleanup(func() {
		if r.process != nil {
			r.kill()
		}
	})
	return r
}

// watched is a master and its replica, and three sentinels that put the one in the place of the other.
type watched struct {
	t               *testing.T
	master, replica *realRedis
	sentinels       []string // their addresses
}

func sentinels(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, master: oneOfMany(t)}
	w.replica = oneOfMany(t, "--replicaof", strings.Replace(w.master.address, ":", " ", 1))
	ids := []string{strings.Repeat("a", 40), strings.Repeat("b", 40), strings.Repeat("c", 40)}
	for range ids {
		w.sentinels = append(w.sentinels, freeAddress(t))
	}
	for i := range ids {
		w.sentinel(i, ids)
	}
	eventually(t, "the sentinels agree", func() bool {
		for i := range w.sentinels {
			if w.ask(i, "CKQUORUM", "main") == nil {
				return false
			}
		}
		return caughtUp(w.master, 1)
	})
	return w
}

// sentinel starts one, which knows the others.
func (w *watched) sentinel(i int, ids []string) {
	w.t.Helper()
	words := func(address string) string { return strings.Replace(address, ":", " ", 1) }
	host, port, _ := net.SplitHostPort(w.sentinels[i])
	dir := w.t.TempDir()
	lines := []string{
		"bind " + host, "port " + port, "dir " + dir, "sentinel myid " + ids[i],
		"sentinel monitor main " + words(w.master.address) + " 2",
		"sentinel down-after-milliseconds main 300", "sentinel failover-timeout main 2000",
		"sentinel known-replica main " + words(w.replica.address),
	}
	for other, id := range ids {
		if other != i {
			lines = append(lines, "sentinel known-sentinel main "+words(w.sentinels[other])+" "+id)
		}
	}
	file := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	command := exec.Command(w.master.binary, file, "--sentinel")
	if err := command.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
}

// ask gives a sentinel a command, and returns its answer, nil when there is none.
func (w *watched) ask(i int, args ...any) any {
	c := redis.NewClient(&redis.Options{Addr: w.sentinels[i], MaxRetries: -1})
	defer c.Close()
	answer, _ := c.Do(context.Background(), append([]any{"SENTINEL"}, args...)...).Result()
	return answer
}

func (w *watched) url() string {
	return "redis+sentinel://" + w.sentinels[0] + "/0?master_name=main&addr=" + w.sentinels[1] + "&addr=" + w.sentinels[2]
}

// replaced says whether all sentinels say that the replica is the master now.
func (w *watched) replaced() bool {
	for i := range w.sentinels {
		if fmt.Sprint(w.ask(i, "GET-MASTER-ADDR-BY-NAME", "main")) != "["+strings.Replace(w.replica.address, ":", " ", 1)+"]" {
			return false
		}
	}
	return true
}

// caughtUp says whether so many replicas have all that their master has been told by now.
func caughtUp(master *realRedis, replicas int) bool {
	c := redis.NewClient(&redis.Options{Addr: master.address, MaxRetries: -1})
	defer c.Close()
	conn := c.Conn()
	defer conn.Close()
	_ = conn.Set(context.Background(), "{fieldgate}:told", "", 0).Err() // WAIT is about what its own connection has written
	n, _ := conn.Wait(context.Background(), replicas, time.Second).Result()
	return int(n) == replicas
}

// isMaster says whether it takes itself for a master.
func (r *realRedis) isMaster() bool {
	c := redis.NewClient(&redis.Options{Addr: r.address, MaxRetries: -1})
	defer c.Close()
	info, err := c.InfoMap(context.Background(), "replication").Result()
	return err == nil && info["Replication"]["role"] == "master"
}

// replacement is how one Redis takes the place of another.
type replacement struct {
	url   string
	ready func() bool // whether it has all that the other was told
	end   func()      // what happens to the other
	heir  *realRedis  // that takes its place
	over  func() bool // whether all know that it has
	after func()      // what happens then
	away  bool        // whether none answers meanwhile
	args  []string    // of the gateways
}

// survives fails the test unless nobody is served, while a Redis is replaced, whose session has ended, nor anybody on the strength
// of the cache beyond the lease; and unless the gateways go on with the other: whoever was signed in is, and what is ended at one
// has ended at all.
func survives(t *testing.T, r replacement) {
	times := busy(t)
	_, gateways, m := trio(t, r.url, r.args...)
	ended, live, listening := m.another(), m.another(), m.another()
	for _, p := range gateways {
		for _, access := range []string{ended, live, listening} {
			client{p: p, access: access}.do(`{ viewer { sid } }`, nil).ok(t)
		}
	}
	stream := client{p: gateways[1], access: listening}.subscribe(everyLog)
	client{p: gateways[0], access: ended}.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
	eventually(t, "the other has caught up", r.ready)
	stopEnded, stopLive := asking(gateways, ended), asking(gateways, live)
	time.Sleep(200 * time.Millisecond)
	begun := time.Now()
	r.end()
	var before time.Time // when it had not been replaced yet
	eventually(t, "it is replaced", func() bool {
		asked := time.Now()
		if r.heir.isMaster() {
			return true
		}
		before = asked
		return false
	})
	eventually(t, "all know", r.over)
	replaced := time.Now()
	r.after()
	for _, p := range gateways {
		eventually(t, "the same token is served again", func() bool {
			return client{p: p, access: live}.try(`{ viewer { sid } }`, nil).status == http.StatusOK
		})
	}
	served := time.Now()
	eventually(t, "sessions can be made", func() bool {
		_, err := m.sessions.Generation(t.Context(), m.like.User)
		return err == nil
	})
	client{p: gateways[0], access: listening}.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
	if last, _ := stream.ended(); last.code() != "SERVICE_UNAVAILABLE" && last.code() != "UNAUTHENTICATED" {
		t.Errorf("a stream of before ends with %s", last.body)
	}
	revoke(t, gateways, m, 20)
	listening = m.another()
	stream = client{p: gateways[1], access: listening}.subscribe(everyLog)
	client{p: gateways[0], access: listening}.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
	if last, _ := stream.ended(); last.code() != "UNAUTHENTICATED" {
		t.Errorf("a stream of after ends with %s", last.body)
	}
	for _, one := range stopEnded() {
		if one.status == http.StatusOK {
			t.Fatalf("gateway %d served a session that had ended, %s after the fault", one.gateway, one.begun.Sub(begun))
		}
	}
	var lastYes, away time.Duration
	for _, one := range stopLive() {
		switch {
		case one.status != http.StatusOK:
			away = max(away, one.answered.Sub(begun))
		case one.answered.Before(before):
			lastYes = max(lastYes, one.begun.Sub(begun))
		}
	}
	t.Logf("replaced after %s, served again after %s; the last that was served before began after %s, the last refusal came after %s",
		replaced.Sub(begun).Round(time.Millisecond), served.Sub(begun).Round(time.Millisecond), lastYes.Round(time.Millisecond), away.Round(time.Millisecond))
	if r.away && lastYes > sessionLease+50*time.Millisecond*times {
		t.Errorf("a request was served that began %s after the fault", lastYes)
	}
}

// TestFaultsOfSentinel: a master is killed, freezes and comes back as the master that it is no more, or is replaced in good order.
func TestFaultsOfSentinel(t *testing.T) {
	for _, fault := range []struct {
		name       string
		end, after func(w *watched)
		away       bool
	}{
		{"killed", func(w *watched) { w.master.kill() }, func(*watched) {}, true},
		{"frozen and woken", func(w *watched) { w.master.freeze() }, func(w *watched) { w.master.thaw() }, true},
		{"replaced in good order", func(w *watched) { w.ask(0, "FAILOVER", "main") }, func(*watched) {}, false},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			w := sentinels(t)
			survives(t, replacement{
				url: w.url(), ready: func() bool { return caughtUp(w.master, 1) }, end: func() { fault.end(w) }, heir: w.replica,
				over: w.replaced, after: func() { fault.after(w) }, away: fault.away,
			})
		})
	}
}

// TestFaultsOfReplicas: where a replica is to confirm and does not, no sign-out is said to be done and nobody is served, until it does.
func TestFaultsOfReplicas(t *testing.T) {
	for _, kind := range []struct {
		name string
		make func(t *testing.T) (url string, replica *realRedis)
	}{
		{"of Sentinel", func(t *testing.T) (string, *realRedis) { w := sentinels(t); return w.url(), w.replica }},
		{"of a Cluster", func(t *testing.T) (string, *realRedis) { c := cluster(t, 1); return c.url(), c.nodes[3] }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			url, replica := kind.make(t)
			g := try(t, url, "--redis-replicas", "1")
			other := g.signIn(support)
			g.signIn(support).do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
			other.do(`{ viewer { sid } }`, nil).ok(t) // so that it is known when the replica stops
			replica.freeze()
			out := g.ask(other.access, `{"query": "mutation { signOut { endedSessionId } }"}`)
			g.discreet(out.body)
			if field(out.body, "endedSessionId") != "" {
				t.Errorf("acknowledged: %s", out.body)
			}
			g.closed()
			replica.thaw()
			g.serves(back)
			other.do(`mutation { signOut { endedSessionId } }`, nil) // which may have been done
			if got := g.ask(other.access, guardedQuery); got.status != http.StatusUnauthorized {
				t.Errorf("after a sign-out: %+v", got)
			}
			g.alive()
		})
	}
}
