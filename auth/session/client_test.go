package session

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Redis that is away must be told within a second, whether nothing listens or what listens does not answer.
func TestRedisAway(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	frozen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	go func() {
		for {
			conn, err := frozen.Accept()
			if err != nil {
				return
			}
			defer conn.Close() // held open until the test ends, and never answered
		}
	}()
	sid := newID()
	token, _ := newRefresh(sid)
	for name, address := range map[string]string{"closed port": closed.Addr().String(), "frozen": frozen.Addr().String()} {
		for mode, suffix := range map[string]string{"redis": "", "redis+cluster": "", "redis+sentinel": "?master_name=main"} {
			client, err := NewClient(mode + "://:secret-word@" + address + suffix)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			s := New(client, time.Now, Options{})
			calls := map[string]func(ctx context.Context) error{
				"Start":  s.Start,
				"Ping":   s.Ping,
				"Lookup": func(ctx context.Context) error { _, err := s.Lookup(ctx, "alice", sid); return err },
				"Create": func(ctx context.Context) error { _, _, err := s.Create(ctx, NewSession{User: "alice"}); return err },
				"Redeem": func(ctx context.Context) error { _, err := s.Redeem(ctx, token); return err },
				"Rotate": func(ctx context.Context) error { _, _, err := s.Rotate(ctx, token, nil, "", 0); return err },
				"End":    func(ctx context.Context) error { _, err := s.End(ctx, "alice", sid); return err },
				"EndAll": func(ctx context.Context) error { _, err := s.EndAll(ctx, "alice"); return err },
				"List":   func(ctx context.Context) error { _, err := s.List(ctx, "alice"); return err },
				"Block":  func(ctx context.Context) error { _, err := s.Block(ctx, "alice", time.Second); return err },
				"Reconcile": func(ctx context.Context) error {
					return s.Reconcile(ctx, "alice", 0, nil, "")
				},
				"Generation": func(ctx context.Context) error { _, err := s.Generation(ctx, "alice"); return err },
			}
			t.Run(name+"/"+mode, func(t *testing.T) {
				var wait sync.WaitGroup
				for call, do := range calls {
					wait.Go(func() {
						start := time.Now()
						err := do(context.Background())
						if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
							t.Errorf("%s: got %v, want ErrUnavailable", call, err)
						}
						if took := time.Since(start); took > time.Second {
							t.Errorf("%s took %v, want under a second", call, took)
						}
						if err != nil && (strings.Contains(err.Error(), token[33:]) || strings.Contains(err.Error(), "secret-word")) {
							t.Errorf("%s: the error tells a secret", call)
						}
					})
				}
				wait.Wait()
			})
		}
	}
}

func TestNewClient(t *testing.T) {
	for name, row := range map[string]struct {
		url string
		ok  bool
	}{
		"one server":              {"redis://localhost:6379/0", true},
		"with password":           {"redis://user:secret-word@localhost:6379", true},
		"TLS":                     {"rediss://localhost:6379", true},
		"socket":                  {"unix:///run/redis.sock", true},
		"sentinel":                {"redis+sentinel://localhost:26379?master_name=main&addr=other:26379", true},
		"sentinel without master": {"redis+sentinel://localhost:26379", false},
		"cluster":                 {"redis+cluster://localhost:7000?addr=other:7001", true},
		"cluster with TLS":        {"rediss+cluster://localhost:7000", true},
		"empty":                   {"", false},
		"no scheme":               {"localhost:6379", false},
		"another scheme":          {"http://localhost", false},
		"another mode":            {"redis+magic://localhost", false},
		"unknown option":          {"redis://localhost?no_such_option=1", false},
		"password with a slash":   {"redis://:secret-word/x@localhost:6379", false},
		"bad port":                {"redis://:secret-word@localhost:port", false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := NewClient(row.url)
			if (err == nil) != row.ok {
				t.Fatalf("got error %v, want ok %v", err, row.ok)
			}
			if err != nil {
				if strings.Contains(err.Error(), "secret-word") {
					t.Error("the error quotes the password")
				}
				return
			}
			client.Close()
		})
	}
}

// Options in the URL must not bring back what would make an answer slow or stale.
func TestNewClientFixesItsLimits(t *testing.T) {
	client, err := NewClient("redis://localhost?read_timeout=9s&dial_timeout=9s&pool_timeout=9s&max_retries=5")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	o := client.(*redis.Client).Options()
	if o.ReadTimeout > ioLimit || o.DialTimeout > ioLimit || o.WriteTimeout > ioLimit || o.PoolTimeout > ioLimit ||
		o.MaxRetries != 0 || o.DialerRetries != 1 || !o.ContextTimeoutEnabled {
		t.Errorf("the client has %+v", o)
	}
	cluster, err := NewClient("redis+cluster://localhost?read_only=true&route_randomly=true")
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	if o := cluster.(*redis.ClusterClient).Options(); o.ReadOnly || o.RouteRandomly || o.RouteByLatency {
		t.Error("a cluster client reads from replicas")
	}
}

func TestEmbedded(t *testing.T) {
	client, stop, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	s := New(client, time.Now, Options{})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	made, _, err := s.Create(t.Context(), NewSession{User: "alice", Roles: []string{"OWNER"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lookup(t.Context(), "alice", made.ID); err != nil {
		t.Error(err)
	}
	address := client.(*redis.Client).Options().Addr
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("it listens on %s", address)
	}
	stranger, err := NewClient("redis://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if err := stranger.Get(t.Context(), keyPrefix+"epoch").Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("a stranger without the password got %v, want NOAUTH", err)
	}
	stop()
	if err := s.Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("after stop Ping gave %v", err)
	}
}
