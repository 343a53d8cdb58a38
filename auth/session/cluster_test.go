package session

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterNode starts a cluster of one node.
func clusterNode(t *testing.T) (*redis.Client, *os.Process) {
	t.Helper()
	binary := os.Getenv("FIELDGATE_TEST_REDIS_SERVER")
	if binary == "" {
		t.Skip("FIELDGATE_TEST_REDIS_SERVER is not set")
	}
	port := strconv.Itoa(10000 + rand.IntN(10000)) // its bus listens on one that is 10,000 higher
	address := net.JoinHostPort("127.0.0.1", port)
	server := exec.Command(binary, "--bind", "127.0.0.1", "--port", port, "--cluster-enabled", "yes", "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	node := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { node.Close() })
	ready(t, "it answers", func() bool { return node.Ping(t.Context()).Err() == nil })
	if err := node.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	ready(t, "the cluster is up", func() bool { return node.Set(t.Context(), "x", "", 0).Err() == nil })
	return node, server.Process
}

// ready waits for what comes about by itself.
func ready(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come about that %s", what)
		}
	}
}

// TestCluster: on a Redis Cluster too a session is kept, and what ends it at one gateway is known at the other when it is
// answered.
func TestCluster(t *testing.T) {
	node, _ := clusterNode(t)
	address := node.Options().Addr
	var stores []*Store
	for range 2 {
		client, err := NewClient("redis+cluster://" + address)
		if err != nil {
			t.Fatal(err)
		}
		s := New(client, time.Now, Options{Lease: MaxLease})
		t.Cleanup(func() {
			s.Close()
			client.Close()
		})
		stores = append(stores, s)
	}
	ready(t, "it keeps sessions", func() bool { return stores[0].Start(t.Context()) == nil })
	for round := range 20 {
		of := opened(t, stores[0], "US1")
		for _, s := range stores {
			ready(t, "it is kept", func() bool {
				if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
					t.Fatal(err)
				}
				now := time.Now()
				return s.follower.holds(now) && s.follower.cache.find("US1", of.ID, now) != nil
			})
		}
		if _, err := stores[round%2].End(t.Context(), "US1", of.ID); err != nil {
			t.Fatal(err)
		}
		for i, s := range stores {
			if _, err := s.Lookup(t.Context(), "US1", of.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("round %d: gateway %d says %v", round, i, err)
			}
		}
	}
}

// TestNothingIsSentTwice: what a cluster is slow to answer is not sent again.
func TestNothingIsSentTwice(t *testing.T) {
	node, process := clusterNode(t)
	client, err := NewClient("redis+cluster://" + node.Options().Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Set(t.Context(), "n", 0, 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	woken := make(chan error)
	time.AfterFunc(ioLimit*3/2, func() { woken <- process.Signal(syscall.SIGCONT) })
	incremented := client.Incr(t.Context(), "n").Err()
	if err := <-woken; err != nil {
		t.Fatal(err)
	}
	n, err := node.Get(t.Context(), "n").Int()
	if incremented == nil || n > 1 || err != nil {
		t.Errorf("after one increment, %v: %d, %v", incremented, n, err)
	}
}
