package events_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/events"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// patience is how long a test waits for what should happen at once.
const patience = 15 * time.Second

// busOn is a bus of a gateway of its own on a Redis.
func busOn(t *testing.T, url string) *events.Bus {
	t.Helper()
	client, err := session.NewClient(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return events.NewBus(client, slog.New(slog.DiscardHandler))
}

// embedded is a Redis inside the test.
func embedded(t *testing.T) *miniredis.Miniredis {
	t.Helper()
	server := miniredis.RunT(t)
	server.RequireAuth("secret")
	return server
}

func urlOf(server *miniredis.Miniredis) string { return "redis://:secret@" + server.Addr() }

func follow(t *testing.T, b *events.Bus, account string) upstream.LogStream {
	t.Helper()
	s, err := b.FollowLogs(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func publish(t *testing.T, b *events.Bus, account string, sids ...string) {
	t.Helper()
	for _, sid := range sids {
		if err := b.PublishLog(t.Context(), account, upstream.LogEvent{Kind: model.ProductLogKindCall, Sid: sid}); err != nil {
			t.Fatal(err)
		}
	}
}

// next is the SID of the next event, or the code of what ended the stream.
func next(t *testing.T, s upstream.LogStream) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	e, err := s.Next(ctx)
	if err != nil {
		return string(problem.CodeOf(err))
	}
	return e.Sid
}

func want(t *testing.T, s upstream.LogStream, all ...string) {
	t.Helper()
	for _, one := range all {
		if got := next(t, s); got != one {
			t.Fatalf("got %s, want %s", got, one)
		}
	}
}

// TestFollow: whoever follows an account's logs, by whatever gateway, is told of all that is logged in it and of nothing
// of another's.
func TestFollow(t *testing.T) {
	urls := map[string]string{"the embedded Redis": urlOf(embedded(t))}
	if url := os.Getenv("FIELDGATE_TEST_REDIS_URL"); url != "" {
		urls["a real Redis"] = url
	}
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			here, there := busOn(t, url), busOn(t, url)
			account := fmt.Sprintf("AC%d", time.Now().UnixNano())
			a, b, c := follow(t, here, account), follow(t, here, account), follow(t, there, account)
			other := follow(t, there, account+"x")
			publish(t, here, account, "CA1", "CA2")
			publish(t, here, account+"x", "CA9")
			publish(t, there, account, "CA3")
			for _, s := range []upstream.LogStream{a, b, c} {
				want(t, s, "CA1", "CA2", "CA3")
			}
			want(t, other, "CA9")

			a.Close()
			a.Close() // may be called twice
			if !here.Followed(account) {
				t.Error("one still follows, and yet nobody does")
			}
			publish(t, there, account, "CA4")
			want(t, b, "CA4")
			b.Close()
			if here.Followed(account) || !there.Followed(account) {
				t.Error("who has left still follows, or who has not does not")
			}
			late := follow(t, here, account)
			publish(t, there, account, "CA5")
			want(t, late, "CA5")
			want(t, c, "CA4", "CA5")
		})
	}
}

// TestOneSubscription: all who follow an account by one gateway share one subscription to Redis, which ends with the last.
func TestOneSubscription(t *testing.T) {
	server := embedded(t)
	b := busOn(t, urlOf(server))
	subscribers := func() int {
		return server.PubSubNumSub("{fieldgate}:logs:AC1")["{fieldgate}:logs:AC1"]
	}
	var all []upstream.LogStream
	for range 100 {
		all = append(all, follow(t, b, "AC1"))
	}
	if n := subscribers(); n != 1 {
		t.Errorf("%d subscriptions, want 1", n)
	}
	for _, s := range all {
		s.Close()
	}
	until(t, "the subscription ends", func() bool { return subscribers() == 0 })
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("it does not happen that %s", what)
		}
	}
}

// TestSlowReader: who does not read gets what fits, and then hears that there was more. Others are not held up.
func TestSlowReader(t *testing.T) {
	b := busOn(t, urlOf(embedded(t)))
	slow, quick := follow(t, b, "AC1"), follow(t, b, "AC1")
	const many = 1000
	for i := range many {
		publish(t, b, "AC1", fmt.Sprint("CA", i))
		want(t, quick, fmt.Sprint("CA", i))
	}
	got := 0
	for {
		text := next(t, slow)
		if text == string(problem.LimitExceeded) {
			break
		}
		if text != fmt.Sprint("CA", got) {
			t.Fatalf("got %s after %d events", text, got)
		}
		got++
	}
	if got == 0 || got >= many {
		t.Errorf("%d of %d events came before the end", got, many)
	}
	want(t, slow, string(problem.LimitExceeded)) // for good
}

// TestRedisGoes: when Redis goes, or stops answering, every stream ends and says so, and none begins.
func TestRedisGoes(t *testing.T) {
	for _, row := range []struct {
		name string
		goes func(*pipe)
	}{
		{"it is gone", (*pipe).close},
		{"it does not answer any more", (*pipe).freeze},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := embedded(t)
			p := pipeTo(t, server.Addr())
			b := busOn(t, "redis://:secret@"+p.addr)
			s := follow(t, b, "AC1")
			publish(t, b, "AC1", "CA1")
			want(t, s, "CA1")
			began := time.Now()
			row.goes(p)
			want(t, s, string(problem.Unavailable))
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("the stream ended after %v", took)
			}
			if _, err := b.FollowLogs(t.Context(), "AC1"); problem.CodeOf(err) != problem.Unavailable {
				t.Errorf("a new stream: %v", err)
			}
			if err := b.PublishLog(t.Context(), "AC1", upstream.LogEvent{Kind: model.ProductLogKindCall, Sid: "CA2"}); problem.CodeOf(err) != problem.Unavailable {
				t.Errorf("a new event: %v", err)
			}
			if b.Followed("AC1") {
				t.Error("someone still follows")
			}
			p.thaw(t)
			s = follow(t, b, "AC1")
			publish(t, b, "AC1", "CA3")
			want(t, s, "CA3")
		})
	}
}

// TestNotOurs: what cannot be read as an event is passed over.
func TestNotOurs(t *testing.T) {
	server := embedded(t)
	b := busOn(t, urlOf(server))
	s := follow(t, b, "AC1")
	for _, text := range []string{"", "CALL", "CALL ", "FAX FX1", `{"kind":"CALL"}`} {
		server.Publish("{fieldgate}:logs:AC1", text)
	}
	server.Publish("{fieldgate}:logs:AC1", "MESSAGE SM1")
	want(t, s, "SM1")
}

// TestQuiet: a stream on which nothing happens for a while is still there.
func TestQuiet(t *testing.T) {
	b := busOn(t, urlOf(embedded(t)))
	s := follow(t, b, "AC1")
	time.Sleep(2500 * time.Millisecond) // it is asked twice whether Redis is still there
	publish(t, b, "AC1", "CA1")
	want(t, s, "CA1")
}

// TestCalledOff: who gives up before the stream begins leaves nothing behind.
func TestCalledOff(t *testing.T) {
	server := embedded(t)
	p := pipeTo(t, server.Addr())
	b := busOn(t, "redis://:secret@"+p.addr)
	p.freeze()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.FollowLogs(ctx, "AC1"); err == nil {
		t.Error("a stream has begun")
	}
	if b.Followed("AC1") {
		t.Error("someone follows")
	}
}
