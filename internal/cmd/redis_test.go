package cmd

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// redisServer is a Redis that can be stopped and started again on the same address,
// with what it holds. It is a real one when FIELDGATE_TEST_REDIS_SERVER names the
// program, and otherwise one inside this process.
type redisServer interface {
	url() string
	stop()
	start()
	// freeze lets it answer no more without closing anything, until thaw; false when it cannot.
	freeze() bool
	thaw()
}

// startRedis starts one, a real one with settings that follow those of its own.
func startRedis(t *testing.T, settings ...string) redisServer {
	t.Helper()
	binary := os.Getenv("FIELDGATE_TEST_REDIS_SERVER")
	if binary == "" {
		mini := miniredis.NewMiniRedis()
		if err := mini.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(mini.Close)
		return &insideRedis{t, mini}
	}
	r := &realRedis{t: t, binary: binary, address: freeAddress(t), dir: t.TempDir(), settings: settings}
	r.start()
	t.Cleanup(r.stop)
	return r
}

// freeAddress is one that is free for the moment; nobody is given its port unasked, as it is none of those that systems
// choose from.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10000+rand.IntN(10000)))
		if err == nil {
			listener.Close()
			return listener.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// flush loses everything that a Redis holds, and waits until gateways must have found out.
func flush(t *testing.T, r redisServer) {
	t.Helper()
	options, err := redis.ParseURL(r.url())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	defer c.Close()
	if err := c.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(sessionLease)
}

type insideRedis struct {
	t    *testing.T
	mini *miniredis.Miniredis
}

func (r *insideRedis) url() string  { return "redis://" + r.mini.Addr() + "/0" }
func (r *insideRedis) stop()        { r.mini.Close() }
func (r *insideRedis) freeze() bool { return false }
func (r *insideRedis) thaw()        {}

func (r *insideRedis) start() {
	r.t.Helper()
	if err := r.mini.Restart(); err != nil {
		r.t.Fatal(err)
	}
	r.mini.Ctx, r.mini.CtxCancel = context.WithCancel(context.Background()) // which its Close ended, and it waits by
}

type realRedis struct {
	t                    *testing.T
	binary, address, dir string
	settings             []string
	limit                string // a command of the shell's that limits it; "" for none
	process              *exec.Cmd
	log                  bytes.Buffer
}

func (r *realRedis) url() string { return "redis://" + r.address + "/0" }

// start runs the server with a file that every change is written to before it is answered. Nothing waits for the disk:
// what was written outlives the process, and no machine breaks down here.
func (r *realRedis) start() {
	r.t.Helper()
	host, port, _ := net.SplitHostPort(r.address)
	args := append([]string{"--bind", host, "--port", port, "--dir", r.dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "no"}, r.settings...)
	r.process = exec.Command(r.binary, args...)
	if r.limit != "" {
		r.process = exec.Command("sh", append([]string{"-c", r.limit + `; exec "$0" "$@"`, r.binary}, args...)...)
	}
	r.process.Stdout, r.process.Stderr = &r.log, &r.log
	if err := r.process.Start(); err != nil {
		r.t.Fatalf("FIELDGATE_TEST_REDIS_SERVER: %v", err)
	}
	c := redis.NewClient(&redis.Options{Addr: r.address, MaxRetries: -1})
	defer c.Close()
	eventually(r.t, "Redis answers", func() bool { return c.Ping(context.Background()).Err() == nil })
}

func (r *realRedis) stop() {
	if r.process == nil {
		return
	}
	r.thaw()
	_ = r.process.Process.Signal(syscall.SIGTERM)
	if err := r.process.Wait(); err != nil {
		r.t.Errorf("Redis: %v\n%s", err, r.log.String())
	}
	r.process = nil
}

func (r *realRedis) freeze() bool { return r.process.Process.Signal(syscall.SIGSTOP) == nil }
func (r *realRedis) thaw()        { _ = r.process.Process.Signal(syscall.SIGCONT) }

// eventually waits for what comes about by itself, outside of this process.
func eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !happened() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it does not come about that %s", what)
		}
	}
}
