//go:build faults

package cmd

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// trio are three gateways as processes of their own, which share a Redis and a data folder.
func trio(t *testing.T, redisURL string, args ...string) (processes []*process, gateways []*program, m minted) {
	t.Helper()
	data := usualData(t)
	for range 3 {
		p := startProcess(t, append([]string{"--data", data, "--demo-password", password, "--redis-url", redisURL, "--budget=0"}, args...)...)
		processes, gateways = append(processes, p), append(gateways, p.program)
	}
	return processes, gateways, mint(t, gateways[0].signIn(support), redisURL, data)
}

// TestFaultsOfRevocations: a thousand sign-outs, and no request that begins after the answer is served anywhere.
func TestFaultsOfRevocations(t *testing.T) {
	_, gateways, m := trio(t, ownRedis(t, "--appendfsync", "no").url())
	revoke(t, gateways, m, 1000)
}

// TestFaultsOfTheLease: when Redis fails, three gateways serve no request that begins after the lease, whatever it fails of,
// refuse in a moment, and serve again when it is back.
func TestFaultsOfTheLease(t *testing.T) {
	r := ownRedis(t)
	empty := func() {
		r.kill()
		if err := os.RemoveAll(filepath.Join(r.dir, "appendonlydir")); err != nil {
			t.Fatal(err)
		}
		r.start()
	}
	m := between(t, r.address)
	for _, fault := range []struct {
		name      string
		end, mend func()
		lost      bool // whether the session is
	}{
		{"stopped", r.stop, r.start, false},
		{"killed", r.kill, r.start, false},
		{"frozen", func() { r.freeze() }, r.thaw, false},
		{"black hole", func() { m.be(swallow) }, func() { m.be(pass) }, false},
		{"reset", func() { m.be(reset) }, func() { m.be(pass) }, false},
		{"garbage", func() { m.be(garbage) }, func() { m.be(pass) }, false},
		{"five seconds late", func() { m.be(late) }, func() { m.be(pass) }, false},
		{"emptied", func() { flush(t, r) }, func() {}, true},
		{"restarted empty", empty, func() {}, true},
	} {
		t.Run(fault.name, func(t *testing.T) {
			times := busy(t)
			_, gateways, made := trio(t, m.url())
			access := made.another()
			for _, p := range gateways {
				client{p: p, access: access}.do(`{ viewer { sid } }`, nil).ok(t)
			}
			stop := asking(gateways, access)
			time.Sleep(200 * time.Millisecond)
			fault.end()
			failed := time.Now()
			time.Sleep(time.Second)
			mended := time.Now()
			fault.mend()
			if fault.lost {
				time.Sleep(300 * time.Millisecond)
			} else {
				for _, p := range gateways {
					eventually(t, "the same token is served again", func() bool {
						return client{p: p, access: access}.try(`{ viewer { sid } }`, nil).status == http.StatusOK
					})
				}
			}
			took := time.Since(mended)
			var lastYes, firstNo, slowest time.Duration
			for _, one := range stop() {
				since := one.begun.Sub(failed)
				switch {
				case one.begun.Before(failed) || !fault.lost && one.answered.After(mended):
				case one.status == http.StatusOK:
					lastYes = max(lastYes, since)
				default:
					slowest = max(slowest, one.answered.Sub(one.begun))
					if firstNo == 0 {
						firstNo = since
					}
				}
			}
			t.Logf("the last that was served began after %s; refusals began after %s and took %s at most; served again after %s",
				lastYes.Round(time.Millisecond), firstNo.Round(time.Millisecond), slowest.Round(time.Millisecond), took.Round(time.Millisecond))
			if lastYes > sessionLease+50*time.Millisecond*times {
				t.Errorf("a request was served that began %s after the fault", lastYes)
			}
			if firstNo == 0 || slowest > answered*times {
				t.Errorf("refused after %s at most, first after %s", slowest, firstNo)
			}
			if took > back*times && !fault.lost {
				t.Errorf("served again after %s", took)
			}
		})
	}
}

// TestFaultsOfAFrozenGateway: a gateway that stands still holds up who signs out for the lease, once, and serves nobody
// whose session ended meanwhile when it goes on.
func TestFaultsOfAFrozenGateway(t *testing.T) {
	processes, gateways, m := trio(t, ownRedis(t).url())
	for range 5 {
		first, second := m.another(), m.another()
		for _, p := range gateways {
			for _, access := range []string{first, second} {
				client{p: p, access: access}.do(`{ viewer { sid } }`, nil).ok(t)
			}
		}
		processes[2].signal(syscall.SIGSTOP)
		var took []time.Duration
		for _, access := range []string{first, second} {
			begun := time.Now()
			client{p: gateways[0], access: access}.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
			took = append(took, time.Since(begun))
		}
		processes[2].signal(syscall.SIGCONT)
		for _, access := range []string{first, second} {
			client{p: gateways[2], access: access}.do(`{ viewer { sid } }`, nil).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
		}
		t.Logf("signing out took %s, and then %s", took[0].Round(time.Millisecond), took[1].Round(time.Millisecond))
		if slices.Max(took) > 10*sessionLease*busy(t) {
			t.Errorf("signing out took %s", took)
		}
	}
}
