package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/engine"
)

const (
	askHello     = "> {\"id\":\"h\",\"type\":\"subscribe\",\"payload\":{\"query\":\"{ hello }\"}}\n"
	doneHello    = "< {\"id\":\"h\",\"type\":\"next\",\"payload\":{\"data\":{\"hello\":\"⟦Query.hello⟧\"}}}\n< {\"id\":\"h\",\"type\":\"complete\"}\n"
	subscribed   = "> {\"id\":\"s\",\"type\":\"subscribe\",\"payload\":{\"query\":\"subscription { calls { name } }\"}}\nrunning 1\n"
	completeHome = "> {\"id\":\"h\",\"type\":\"complete\"}\n"
)

// TestNothingAfterTheEnd: what is being answered when the session ends is not sent any more.
func TestNothingAfterTheEnd(t *testing.T) {
	s := serveSockets(t, holding(logs))
	s.visits.On["Query.hello"] = func(ctx context.Context) error {
		s.revoke(errOver)
		s.emit()
		<-ctx.Done() // and it is told to stop
		return nil
	}
	s.play(s.dial(nil), initSigned+subscribed+askHello+"close 4401 The session has ended\nrunning 0")
}

// TestLeaving: a gateway that stops lets queries and mutations end, has no new ones, and does not tell subscriptions
// that they are complete: their clients would not go on with them elsewhere.
func TestLeaving(t *testing.T) {
	s := serveSockets(t, holding(logs))
	begun, goOn := make(chan struct{}), make(chan struct{})
	s.visits.On["Query.hello"] = func(ctx context.Context) error {
		close(begun)
		<-goOn
		return ctx.Err()
	}
	c := s.dial(nil)
	s.play(c, initSigned+subscribed+askHello)
	<-begun
	s.play(c, "leave\nrunning 0\n"+strings.ReplaceAll(askHello, `"h"`, `"late"`)+quiet)
	close(goOn)
	s.play(c, doneHello+"close 1012 The gateway stops\nleft")
	if _, resp, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{Subprotocols: []string{subprotocol}}); err == nil || resp.StatusCode != 503 {
		t.Errorf("a socket of a gateway that stops: %v", err)
	}
}

// TestStopped: what the client waits for no more is told to stop, and until it has stopped it counts.
func TestStopped(t *testing.T) {
	s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Limits.Operations = 1 })
	begun, goOn := make(chan struct{}, 9), make(chan struct{})
	s.visits.On["Query.hello"] = func(ctx context.Context) error {
		begun <- struct{}{}
		select {
		case <-goOn:
		case <-ctx.Done():
			<-goOn
		}
		return nil
	}
	c := s.dial(nil)
	s.play(c, initGuest+askHello)
	<-begun
	s.play(c, completeHome+askHello)
	if got := c.read(); !strings.Contains(got, "LIMIT_EXCEEDED") {
		t.Errorf("%s", got)
	}
	close(goOn)
	s.eventually("it has stopped", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.told) == 2 }) // and that was turned away
	s.eventually("there is room", func() bool {
		c.send(websocket.MessageText, strings.TrimPrefix(askHello, "> "))
		got := c.read()
		if strings.Contains(got, `"next"`) {
			c.read()
		}
		return strings.Contains(got, `"next"`)
	})
	s.play(c, quiet)
}

// TestRoomAtOnce: whoever has the last answer to one operation may ask the next.
func TestRoomAtOnce(t *testing.T) {
	s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Limits.Operations = 1 })
	c := s.dial(nil)
	s.play(c, initGuest+strings.Repeat(askHello+doneHello, 100)+strings.Repeat(`> {"id":"x","type":"subscribe","payload":{"query":"{"}}
		< {"id":"x","type":"error","payload":[{"message":"Expected Name, found <EOF>","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}
		`, 100)+quiet)
}

// TestOperationTime: a query takes no longer than it may; a subscription may.
func TestOperationTime(t *testing.T) {
	s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Limits.Time = time.Second })
	s.visits.On["Query.hello"] = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	c := s.dial(nil)
	s.play(c, initSigned+subscribed+askHello)
	if got := c.read(); !strings.Contains(got, `"TIMEOUT"`) || !strings.Contains(got, `"next"`) {
		t.Errorf("%s", got)
	}
	s.play(c, "< {\"id\":\"h\",\"type\":\"complete\"}\nemit\n"+`< {"id":"s","type":"next","payload":{"data":{"calls":{"name":"⟦Call.name⟧"}}}}`+quiet)
}

// TestPanic: a panic in the engine ends its operation and nothing else, and its text is not told.
func TestPanic(t *testing.T) {
	s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.TypeOf = func(string) string { panic("secret") } })
	s.visits.On["Query.hello"] = func(context.Context) error { panic("secret") }
	c := s.dial(nil)
	s.play(c, initSigned+subscribed+`> {"id":"1","type":"subscribe","payload":{"query":"{ node(id: \"x\") { id } }"}}
		< {"id":"1","type":"error","payload":[{"message":"Something went wrong.","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`+quiet)
	t.Run("of a resolver", func(t *testing.T) {
		s.play(c, askHello)
		if got := c.read(); !strings.Contains(got, "INTERNAL_SERVER_ERROR") || strings.Contains(got, "secret") {
			t.Errorf("%s", got)
		}
		s.play(c, "< {\"id\":\"h\",\"type\":\"complete\"}"+quiet)
	})
	t.Run("of what finds out who the caller is", func(t *testing.T) {
		s := serveSockets(t, holding(logs), func(cfg *engine.Config) {
			cfg.Streams.Authenticate = func(context.Context, string) (context.Context, error) { panic("secret") }
		})
		s.play(s.dial(nil), `> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
			close 4500 Something went wrong`)
	})
}

// TestClientThatIsGone: a client that answers no ping, or takes no message, loses its connection, and what ran for it
// stops.
func TestClientThatIsGone(t *testing.T) {
	t.Run("it answers no ping", func(t *testing.T) {
		s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Sockets.KeepAlive = 50 * time.Millisecond })
		s.play(s.dial(nil), initSigned+subscribed) // and reads no more, so that no pong is sent
		s.eventually("the connection is ended", func() bool { return s.closedBy(1006) && s.running() == 0 })
	})
	t.Run("it answers pings", func(t *testing.T) {
		s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Sockets.KeepAlive = time.Second })
		c := s.dial(nil)
		s.play(c, initSigned)
		go func() {
			time.Sleep(2500 * time.Millisecond) // and two pings
			s.revoke(errExpired)
		}()
		s.play(c, "close 4403 The access token has expired")
	})
	t.Run("it takes no message", func(t *testing.T) {
		s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Sockets.Write = 50 * time.Millisecond })
		c := s.dial(nil)
		s.play(c, initSigned+subscribed)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			long := []byte(`{"type":"ping","payload":{"x":"` + strings.Repeat("x", 60_000) + `"}}`)
			for c.conn.Write(ctx, websocket.MessageText, long) == nil {
			}
		}()
		s.eventually("the connection is ended", func() bool { return s.closedBy(1006) && s.running() == 0 })
	})
	t.Run("it does not agree to the end", func(t *testing.T) {
		s := serveSockets(t, holding(logs), func(cfg *engine.Config) { cfg.Sockets.Close = 50 * time.Millisecond })
		s.play(s.dial(nil), initSigned+subscribed+"over\nrunning 0")
		s.eventually("the connection is ended", func() bool { return s.closedBy(4401) })
	})
}
