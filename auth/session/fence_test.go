package session

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// realServer is a Redis of a test's own.
type realServer struct {
	t       *testing.T
	address string
	direct  *redis.Client
}

func newServer(t *testing.T, settings ...string) realServer {
	t.Helper()
	binary := os.Getenv("FIELDGATE_TEST_REDIS_SERVER")
	if binary == "" {
		t.Skip("FIELDGATE_TEST_REDIS_SERVER is not set")
	}
	s := realServer{t: t, address: startServer(t, binary, append([]string{"--save", "", "--repl-diskless-sync-delay", "0"}, settings...)...)}
	s.direct = redis.NewClient(&redis.Options{Addr: s.address})
	t.Cleanup(func() { s.direct.Close() })
	return s
}

func (s realServer) do(args ...any) {
	s.t.Helper()
	if err := s.direct.Do(s.t.Context(), args...).Err(); err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
}

// follows makes it a replica of another, and waits until it has what that has.
func (s realServer) follows(master realServer) {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(master.address)
	s.do("REPLICAOF", host, port)
	ready(s.t, "it follows", func() bool {
		info, err := s.direct.InfoMap(s.t.Context(), "replication").Result()
		return err == nil && info["Replication"]["master_link_status"] == "up"
	})
}

// store is one on it, as the gateway makes them.
func (s realServer) store(options Options) *Store {
	s.t.Helper()
	client, err := NewClient("redis://" + s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	store := New(client, time.Now, options)
	s.t.Cleanup(func() {
		store.Close()
		client.Close()
	})
	return store
}

// TestFence: with a replica that must confirm, nothing is answered that it has not confirmed, and all is when it does again.
func TestFence(t *testing.T) {
	for name, lease := range map[string]time.Duration{"each asks": 0, "leased": 200 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			master, replica := newServer(t), newServer(t)
			s := master.store(Options{Lease: lease, Replicas: 1})
			if err := s.Start(t.Context()); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("without a replica: %v", err)
			}
			replica.follows(master)
			ready(t, "it starts", func() bool { return s.Start(t.Context()) == nil })
			of := opened(t, s, "US1")
			if first, err := s.Once(t.Context(), "x", time.Minute); err != nil || !first {
				t.Errorf("%v, %v", first, err)
			}
			ready(t, "it is kept", func() bool {
				_, err := s.Lookup(t.Context(), "US1", of.ID)
				return err == nil
			})
			replica.do("REPLICAOF", "NO", "ONE")
			time.Sleep(lease)
			for _, call := range []struct {
				name string
				do   func() error
			}{
				{"Ping", func() error { return s.Ping(t.Context()) }},
				{"Lookup", func() error { _, err := s.Lookup(t.Context(), "US1", of.ID); return err }},
				{"Generation", func() error { _, err := s.Generation(t.Context(), "US1"); return err }},
				{"Once", func() error { _, err := s.Once(t.Context(), "y", time.Minute); return err }},
				{"End", func() error { _, err := s.End(t.Context(), "US1", of.ID); return err }},
				{"End, with nothing left to end", func() error { _, err := s.End(t.Context(), "US1", of.ID); return err }},
			} {
				if err := call.do(); !errors.Is(err, ErrUnavailable) {
					t.Errorf("%s: %v", call.name, err)
				}
			}
			replica.follows(master)
			ready(t, "it is answered again", func() bool {
				_, err := s.End(t.Context(), "US1", of.ID)
				return err == nil
			})
			if _, err := s.Lookup(t.Context(), "US1", of.ID); err == nil {
				t.Error("it has not ended")
			}
		})
	}
}

// TestReplaced: a gateway that goes on with a master that was replaced, and does not know of it, serves nobody whose session has ended
// at the new one when that is answered.
func TestReplaced(t *testing.T) {
	for name, lease := range map[string]time.Duration{"each asks": 0, "leased": 200 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			master, replica, further := newServer(t), newServer(t), newServer(t)
			replica.follows(master)
			further.follows(replica)
			before := master.store(Options{Lease: lease, Replicas: 1})
			after := replica.store(Options{Lease: lease, Replicas: 1})
			ready(t, "it starts", func() bool { return before.Start(t.Context()) == nil })
			of := opened(t, before, "US1")
			for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
				if _, err := before.Lookup(t.Context(), "US1", of.ID); err != nil {
					t.Fatal(err)
				}
			}
			replica.do("REPLICAOF", "NO", "ONE")
			if ended, err := after.End(t.Context(), "US1", of.ID); err != nil || !ended {
				t.Fatalf("%v, %v", ended, err)
			}
			for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
				if _, err := before.Lookup(t.Context(), "US1", of.ID); !errors.Is(err, ErrUnavailable) {
					t.Fatalf("at the old master: %v", err)
				}
			}
		})
	}
}

// TestNoLeaseOnAReplica: a server that takes no writes, as it is a replica or has none where it must, gives no lease for long,
// also when no replica is to confirm.
func TestNoLeaseOnAReplica(t *testing.T) {
	for name, command := range map[string][]any{
		"a replica":                            {"REPLICAOF", "127.0.0.1", "1"},
		"too few replicas":                     {"CONFIG", "SET", "min-replicas-to-write", "1"},
		"too few replicas, and it has no room": {"CONFIG", "SET", "min-replicas-to-write", "1", "maxmemory", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newServer(t)
			s := r.store(Options{Lease: MaxLease})
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			of := opened(t, s, "US1")
			if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
				t.Fatal(err)
			}
			r.do(command...)
			ready(t, "it is refused", func() bool {
				_, err := s.Lookup(t.Context(), "US1", of.ID)
				return errors.Is(err, ErrUnavailable)
			})
		})
	}
}

// TestFenceOfAFullServer: a server that has no room, but for what it has, lets in whom it knows, with a replica that must confirm or
// without, and ends their sessions.
func TestFenceOfAFullServer(t *testing.T) {
	for name, replicas := range map[string]int{"none must confirm": 0, "one must": 1} {
		t.Run(name, func(t *testing.T) {
			master, replica := newServer(t), newServer(t)
			replica.follows(master)
			s := master.store(Options{Lease: 50 * time.Millisecond, Replicas: replicas})
			ready(t, "it starts", func() bool { return s.Start(t.Context()) == nil })
			of := opened(t, s, "US1")
			master.do("CONFIG", "SET", "maxmemory", "1")
			for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
				if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
