package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// socket is a caller's WebSocket with a subscription on it.
type socket struct {
	t    testing.TB
	conn *websocket.Conn
}

// follow opens a WebSocket at a gateway, subscribes, and has something logged until it comes.
func (c client) follow(query string, b bus, kind, sid string) (*socket, answer) {
	t := c.p.t
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.p.url, "http"), &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: &http.Client{Transport: c.p.http.Transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	s := &socket{t, conn}
	s.send(vars{"type": "connection_init", "payload": vars{"Authorization": "Bearer " + c.access}})
	if kind, _, end := s.next(); kind != "connection_ack" {
		t.Fatalf("got %s %s", kind, end)
	}
	s.send(vars{"type": "subscribe", "id": "1", "payload": vars{"query": query}})
	come, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			b.redis.Publish(context.Background(), "{fieldgate}:logs:"+demo.Main().SID, kind+" "+sid)
			select {
			case <-come:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	message, a, end := s.next()
	close(come)
	<-stopped
	if message != "next" {
		t.Fatalf("got %s %s", message, end)
	}
	return s, a
}

func (s *socket) send(message vars) {
	s.t.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.conn.Write(s.t.Context(), websocket.MessageText, text); err != nil {
		s.t.Fatal(err)
	}
}

// next is the type of the next message and the answer that it holds, or how the socket was closed.
func (s *socket) next() (kind string, a answer, end websocket.CloseError) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	_, text, err := s.conn.Read(ctx)
	if errors.As(err, &end) {
		return "close", a, end
	}
	if err != nil {
		s.t.Fatal(err)
	}
	var message struct {
		Type    string
		Payload json.RawMessage
	}
	if err := json.Unmarshal(text, &message); err != nil {
		s.t.Fatal(err)
	}
	if message.Type == "next" {
		a.body = string(message.Payload)
		if err := a.parse(message.Payload); err != nil {
			s.t.Fatal(err)
		}
	}
	return message.Type, a, end
}

// closed waits until the socket is closed, and returns how and how long that took.
func (s *socket) closed() (end websocket.CloseError, took time.Duration) {
	s.t.Helper()
	for began := time.Now(); ; {
		kind, _, end := s.next()
		if kind == "close" {
			return end, time.Since(began)
		}
	}
}

// TestSockets: over a WebSocket a subscription tells the same as over a stream, and what ends a session at one gateway
// closes its sockets at the other, in the way that tells a client whether to come back.
func TestSockets(t *testing.T) {
	const bound = 2 * time.Second
	r := startRedis(t)
	arguments := []string{"--data", demoData(t), "--demo-password", password, "--redis-url", r.url(), "--demo-events", "0"}
	one, other := start(t, arguments...), start(t, arguments...)
	b, sids, id := busOn(t, r.url()), logged(t, one.as(owner)), userID(t, one, support)
	for _, row := range []struct {
		name string
		do   func(c client)
		want websocket.StatusCode
	}{
		{"signing out", func(c client) { c.do(`mutation { signOut { endedSessionId } }`, nil).ok(t) }, 4401},
		{"other roles", func(client) {
			one.as(owner).do(`mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [SUPPORT, DEVELOPER]}) { user { id } } }`,
				vars{"id": id}).ok(t)
		}, 4403},
		{"no Redis", func(client) { r.stop() }, 1013},
	} {
		t.Run(row.name, func(t *testing.T) {
			here := one.signIn(support)
			s, a := client{other, here.access, ""}.follow(everyLog, b, "CALL", sids["CALL"])
			if a.text("productLogs", "sid") != sids["CALL"] || a.code() != "FORBIDDEN" || a.errors[0].Extensions.Coordinate != "Call.price" {
				t.Errorf("got %s", a.body)
			}
			row.do(here)
			most := bound
			if row.want == 1013 {
				most = 6 * time.Second
			}
			if end, took := s.closed(); end.Code != row.want || took > most {
				t.Errorf("after %v: %d %s", took, end.Code, end.Reason)
			}
		})
	}
}
