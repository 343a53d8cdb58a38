package session

import (
	"context"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"
)

// TestDurability asks servers that are made to answer in the words of a real one.
func TestDurability(t *testing.T) {
	for _, c := range []struct {
		name                             string
		persistence, memory, replication string // what INFO says; "" for a refusal
		want                             Durability
		untold                           bool
	}{
		{"as it should be", "aof_enabled:1", "maxmemory_policy:noeviction", "connected_slaves:0", Durability{Logged: true}, false},
		{"snapshots alone", "aof_enabled:0", "maxmemory_policy:noeviction", "connected_slaves:0", Durability{}, false},
		{"evicts", "aof_enabled:1", "maxmemory_policy:allkeys-lru", "connected_slaves:0", Durability{Logged: true, Evicts: true}, false},
		{"evicts what expires", "aof_enabled:1", "maxmemory_policy:volatile-ttl", "connected_slaves:0", Durability{Logged: true, Evicts: true}, false},
		{"neither", "aof_enabled:0", "maxmemory_policy:volatile-lru", "connected_slaves:0", Durability{Evicts: true}, false},
		{"nothing is told of the file", "loading:0", "maxmemory_policy:noeviction", "connected_slaves:0", Durability{}, true},
		{"nothing is told of the policy", "aof_enabled:1", "maxmemory:0", "connected_slaves:0", Durability{}, true},
		{"nothing is told of replicas", "aof_enabled:1", "maxmemory_policy:noeviction", "role:master", Durability{}, true},
		{"with replicas", "aof_enabled:1", "maxmemory_policy:noeviction", "connected_slaves:2", Durability{Logged: true, Replicated: true}, false},
		{"INFO is refused", "", "", "", Durability{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			mini := miniredis.RunT(t)
			mini.Server().SetPreHook(func(peer *server.Peer, name string, args ...string) bool {
				if name != "INFO" {
					return false
				}
				text := map[string]string{"persistence": c.persistence, "memory": c.memory, "replication": c.replication}[args[0]]
				if text == "" {
					peer.WriteError("NOPERM this user has no permissions to run the 'info' command")
				} else {
					peer.WriteBulk("# " + args[0] + "\r\nbefore:1\r\n" + text + "\r\nafter:2\r\n")
				}
				return true
			})
			got, err := newBench(t, "redis://"+mini.Addr(), mini, 0).Durability(t.Context())
			if (err != nil) != c.untold || got != c.want {
				t.Errorf("got %+v, %v; want %+v, an error: %v", got, err, c.want, c.untold)
			}
		})
	}
}

// TestDurabilityOfARealRedis starts FIELDGATE_TEST_REDIS_SERVER with different settings, the
// last time as a cluster of one. Without the variable it shows that miniredis tells nothing.
func TestDurabilityOfARealRedis(t *testing.T) {
	binary := os.Getenv("FIELDGATE_TEST_REDIS_SERVER")
	if binary == "" {
		mini := miniredis.RunT(t)
		if got, err := newBench(t, "redis://"+mini.Addr(), mini, 0).Durability(t.Context()); err == nil {
			t.Errorf("miniredis says %+v", got)
		}
		return
	}
	for _, c := range []struct {
		name, scheme string
		settings     []string
		want         Durability
	}{
		{"as it should be", "redis", []string{"--appendonly", "yes"}, Durability{Logged: true}},
		{"snapshots alone", "redis", []string{"--appendonly", "no", "--save", "60 1"}, Durability{}},
		{"evicts", "redis", []string{"--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"}, Durability{Logged: true, Evicts: true}},
		{"CONFIG is not to be had", "redis", []string{"--appendonly", "yes", "--rename-command", "CONFIG", ""}, Durability{Logged: true}},
		{"cluster", "redis+cluster", []string{"--cluster-enabled", "yes", "--appendonly", "no"}, Durability{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := startServer(t, binary, c.settings...)
			if c.scheme == "redis+cluster" {
				node := redis.NewClient(&redis.Options{Addr: address})
				defer node.Close()
				if err := node.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
					t.Fatal(err)
				}
			}
			client, err := NewClient(c.scheme + "://" + address)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			store := New(client, time.Now, Options{})
			late := time.Now().Add(15 * time.Second)
			got, err := store.Durability(t.Context())
			for err != nil && time.Now().Before(late) {
				time.Sleep(50 * time.Millisecond)
				got, err = store.Durability(t.Context())
			}
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

// startServer starts a Redis of its own and returns its address.
func startServer(t *testing.T, binary string, settings ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(address)
	server := exec.Command(binary, append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir()}, settings...)...)
	if err := server.Start(); err != nil {
		t.Fatalf("FIELDGATE_TEST_REDIS_SERVER: %v", err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	})
	dialer := net.Dialer{}
	for range 300 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		conn, err := dialer.DialContext(ctx, "tcp", address)
		cancel()
		if err == nil {
			conn.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("Redis does not start")
	return ""
}
