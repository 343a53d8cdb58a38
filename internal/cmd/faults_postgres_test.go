//go:build faults

package cmd

import (
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// ownPostgres is a real Postgres of a test's own, which keeps what it has acknowledged.
type ownPostgres struct {
	t         *testing.T
	bin, data string
	address   string
	as        *syscall.SysProcAttr // it refuses to be run by root
	process   *exec.Cmd
}

func startPostgres(t *testing.T) *ownPostgres {
	t.Helper()
	bin := os.Getenv("FIELDGATE_TEST_POSTGRES_BIN")
	if bin == "" {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
		slices.Sort(found)
		if path, err := exec.LookPath("postgres"); err == nil {
			found = append(found, filepath.Dir(path))
		}
		if len(found) == 0 {
			t.Fatal("the battery needs Postgres: install it, or name the folder of its programs by FIELDGATE_TEST_POSTGRES_BIN")
		}
		bin = found[len(found)-1]
	}
	dir, err := os.MkdirTemp("/tmp", "fieldgate-postgres-") // where another user may go
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &ownPostgres{t: t, bin: bin, data: filepath.Join(dir, "data"), address: freeAddress(t), as: &syscall.SysProcAttr{}}
	if os.Getuid() == 0 {
		who, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		p.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", p.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = p.as, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p.start()
	t.Cleanup(func() { p.end(syscall.SIGQUIT) })
	return p
}

func (p *ownPostgres) start() {
	p.t.Helper()
	host, port, _ := net.SplitHostPort(p.address)
	p.process = exec.Command(filepath.Join(p.bin, "postgres"), "-D", p.data, "-p", port, "-c", "listen_addresses="+host,
		"-c", "unix_socket_directories=", "-c", "logging_collector=off")
	p.process.SysProcAttr, p.process.Dir = p.as, p.data
	if err := p.process.Start(); err != nil {
		p.t.Fatal(err)
	}
	db, err := sql.Open("pgx", p.url("postgres"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	eventually(p.t, "Postgres answers", func() bool { return db.Ping() == nil })
}

// end ends it: SIGINT as a restart does, SIGQUIT as a crash does.
func (p *ownPostgres) end(how syscall.Signal) {
	if p.process == nil {
		return
	}
	_ = p.process.Process.Signal(syscall.SIGCONT)
	_ = p.process.Process.Signal(how)
	_ = p.process.Wait()
	p.process = nil
}

func (p *ownPostgres) url(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", p.address, database)
}

// TestFaultsOfPostgres: it is restarted, crashes and is frozen under load. Meanwhile answers are refusals, never other
// people's data nor stale ones made up; within five seconds of its return all is served again, and what was acknowledged was done once.
func TestFaultsOfPostgres(t *testing.T) {
	pg := startPostgres(t)
	r := ownRedis(t)
	arguments := append(onPostgres(t, pg.url("postgres")), "--redis-url", r.url(), "--metrics-listen", "127.0.0.1:0", "--database-statement-timeout", "1s",
		"--limit-time", "4s", "--demo-events", "0")
	p := startProcess(t, arguments...)
	g := &tried{process: p, t: t, own: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: patience}}
	g.who = g.signIn(support)
	boss := g.signIn(owner)
	const limit = 5 * time.Second
	for _, fault := range []struct {
		name string
		end  func()
		mend func()
	}{
		{"restarted", func() { pg.end(syscall.SIGINT) }, pg.start},
		{"crashed", func() { pg.end(syscall.SIGQUIT) }, pg.start},
		{"frozen", func() { pg.signalAll(syscall.SIGSTOP) }, func() { pg.signalAll(syscall.SIGCONT) }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			g.t = t
			var mu sync.Mutex
			made := map[string]bool{}
			next := 0
			stop := g.load(8, func() reply {
				mu.Lock()
				next++
				key := fmt.Sprintf("%s-%d", fault.name, next)
				mu.Unlock()
				got := g.ask(boss.access, fmt.Sprintf(`{"query": "mutation { createApiKey(input: {friendlyName: \"%s\", idempotencyKey: \"%[1]s\"}) { apiKey { id } } }"}`, key))
				if field(got.body, "id") != "" {
					mu.Lock()
					made[key] = true
					mu.Unlock()
				}
				return got
			})
			time.Sleep(time.Second)
			fault.end()
			time.Sleep(500 * time.Millisecond)
			for range 2 {
				got := g.ask(g.who.access, `{"query": "{ account { friendlyName calls(first: 1) { edges { node { sid } } } } }"}`)
				if got.err != nil || field(got.body, "sid") != "" || field(got.body, "friendlyName") != "" || got.took > limit {
					t.Errorf("without a database: %+v", got)
				}
				g.discreet(got.body)
				if guest := g.ask("", publicQuery); guest.status != http.StatusOK || !guest.data() {
					t.Errorf("a guest: %+v", guest)
				}
			}
			if status := g.probe("/readyz"); status != http.StatusServiceUnavailable {
				t.Errorf("/readyz: %d", status)
			}
			fault.mend()
			g.serves(5 * time.Second)
			all := stop()
			counts, worst := tally(all)
			page := boss.do(`{ account { apiKeys(first: 1000) { edges { node { friendlyName } } } } }`, nil).ok(t)
			times := map[string]int{}
			for _, name := range page.all("account", "apiKeys", "edges", "node", "friendlyName") {
				times[name.(string)]++
			}
			for key := range made {
				if times[key] > 1 || times[key] == 0 && len(times) < 1000 {
					t.Errorf("%s was acknowledged and is there %d times", key, times[key])
				}
			}
			if len(made) == 0 {
				t.Error("nothing was made")
			}
			t.Logf("%v, the longest %s; %d made once each", counts, worst.Round(time.Millisecond), len(made))
			g.alive()
		})
	}
	t.Run("under streams", func(t *testing.T) {
		g.t, p.t = t, t
		b := busOn(t, r.url())
		call := logged(t, boss)["CALL"]
		// follow begins a stream and a socket, and says whether both are told of a call.
		follow := func() (_ *stream, _ *socket, told bool) {
			stream, socket := g.who.subscribe(everyLog), g.who.socket()
			socket.begin("logs", everyLog, nil)
			eventually(t, "both have begun", func() bool { return g.figures()["fieldgate_subscriptions_running"] == 2 })
			b.tell(demo.Main(), "CALL", call)
			a := stream.next()
			m, _ := socket.read()
			return stream, socket, a.text("productLogs", "sid") == call && strings.Contains(string(m.Payload), call)
		}
		leave := func(stream *stream, socket *socket) {
			stream.cancel()
			socket.conn.CloseNow()
			eventually(t, "both have ended", func() bool { return g.figures()["fieldgate_subscriptions_running"] == 0 })
		}
		stream, socket, told := follow()
		if !told {
			t.Error("they are not told")
		}
		pg.end(syscall.SIGQUIT)
		b.tell(demo.Main(), "CALL", call)
		if a := stream.next(); a.code() != "SERVICE_UNAVAILABLE" || strings.Contains(a.body, call) {
			t.Errorf("without a database: %s", a.body)
		}
		if m, closed := socket.read(); !strings.Contains(string(m.Payload), "SERVICE_UNAVAILABLE") || strings.Contains(string(m.Payload), call) {
			t.Errorf("without a database: %+v, %v", m, closed)
		}
		pg.start()
		g.serves(5 * time.Second)
		leave(stream, socket)
		begun := time.Now()
		for told = false; !told; { // a connection that was broken is noticed when it is used
			stream, socket, told = follow()
			leave(stream, socket)
			if !told && time.Since(begun) > 5*time.Second*busy(t) {
				t.Fatal("they are not told any more")
			}
		}
		g.alive()
	})
}

// signalAll signals the server and the processes that it has for connections.
func (p *ownPostgres) signalAll(s syscall.Signal) {
	children, err := exec.Command("pgrep", "-P", strconv.Itoa(p.process.Process.Pid)).Output()
	if err != nil {
		p.t.Fatalf("pgrep: %v", err)
	}
	for _, text := range append(slices.Collect(lines(children)), strconv.Itoa(p.process.Process.Pid)) {
		if pid, err := strconv.Atoi(text); err == nil {
			_ = syscall.Kill(pid, s)
		}
	}
}
