package cmd

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/redis/go-redis/v9"
)

// TestRedisThatMayForget: at the start the log and standard output warn of a Redis that may lose what
// it was told. The Redis inside the tests tells nothing of itself, and that too is said.
func TestRedisThatMayForget(t *testing.T) {
	const (
		noFile = "writes no append-only file"
		evicts = "may throw sessions away"
		untold = "does not tell how it keeps its data"
	)
	for _, c := range []struct {
		name     string
		settings []string
		says     []string
	}{
		{"as it should be", nil, nil},
		{"no append-only file", []string{"--appendonly", "no"}, []string{noFile}},
		{"it may evict", []string{"--maxmemory-policy", "allkeys-lru"}, []string{evicts}},
		{"both", []string{"--appendonly", "no", "--maxmemory-policy", "volatile-lru"}, []string{noFile, evicts}},
		{"INFO is refused", []string{"--rename-command", "INFO", ""}, []string{untold}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if os.Getenv("FIELDGATE_TEST_REDIS_SERVER") == "" {
				c.says = []string{untold}
			}
			p := startDemo(t, "--redis-url", startRedis(t, c.settings...).url())
			for _, text := range []string{noFile, evicts, untold} {
				want := strings.Contains(strings.Join(c.says, " "), text)
				if got := strings.Contains(p.stderr.String(), text); got != want {
					t.Errorf("the log says %q: %v, want %v\n%s", text, got, want, p.stderr)
				}
				if got := strings.Contains(p.stdout.String(), text); got != (want && text != untold) {
					t.Errorf("standard output says %q: %v\n%s", text, got, p.stdout)
				}
			}
		})
	}
}

// TestReplicaThatNeedNotConfirm: at the start the log warns of a Redis whose replicas may take its place and lack what was promised.
func TestReplicaThatNeedNotConfirm(t *testing.T) {
	if os.Getenv("FIELDGATE_TEST_REDIS_SERVER") == "" {
		t.Skip("FIELDGATE_TEST_REDIS_SERVER is not set")
	}
	master := startRedis(t, "--repl-diskless-sync-delay", "0")
	address := strings.TrimSuffix(strings.TrimPrefix(master.url(), "redis://"), "/0")
	startRedis(t, "--replicaof", strings.Replace(address, ":", " ", 1), "--appendonly", "no")
	c := redis.NewClient(&redis.Options{Addr: address})
	defer c.Close()
	eventually(t, "it has a replica", func() bool {
		info, err := c.InfoMap(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info["Replication"]["slave0"], "state=online")
	})
	for _, confirming := range []string{"0", "1"} {
		p := startDemo(t, "--redis-url", master.url(), "--redis-replicas", confirming)
		if got, want := strings.Contains(p.stderr.String(), "none must confirm"), confirming == "0"; got != want {
			t.Errorf("--redis-replicas=%s: the log says so: %v, want %v\n%s", confirming, got, want, p.stderr)
		}
	}
}

// TestStartIsPatient: at the start a Redis that does not answer at first is asked again for as long as the caller has, and
// one that refuses connections is not.
func TestStartIsPatient(t *testing.T) {
	server := miniredis.RunT(t)
	slow, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	go func() {
		for n := 0; ; n++ {
			near, err := slow.Accept()
			if err != nil {
				return
			}
			defer near.Close()
			if n == 0 {
				continue // never answered
			}
			far, err := net.Dial("tcp", server.Addr())
			if err != nil {
				return
			}
			defer far.Close()
			go func() { _, _ = io.Copy(far, near) }()
			go func() { _, _ = io.Copy(near, far) }()
		}
	}()
	store := func(address string) *session.Store {
		client, err := session.NewClient("redis://" + address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { client.Close() })
		return session.New(client, time.Now, session.Options{})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := patiently(ctx, store(slow.Addr().String()).Start); err != nil {
		t.Errorf("a slow one: %v", err)
	}
	address := server.Addr()
	server.Close()
	if err := patiently(ctx, store(address).Start); !errors.Is(err, session.ErrUnavailable) || ctx.Err() != nil {
		t.Errorf("one that is away: %v", err)
	}
}
