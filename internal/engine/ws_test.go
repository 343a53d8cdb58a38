package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
)

const (
	initGuest  = "> {\"type\":\"connection_init\"}\n< {\"type\":\"connection_ack\"}\n"
	initSigned = "> {\"type\":\"connection_init\",\"payload\":{\"Authorization\":\"Bearer signed-in\"}}\n< {\"type\":\"connection_ack\"}\n"
	// quiet shows that nothing else has come.
	quiet = "\n> {\"type\":\"ping\",\"payload\":{\"the\":\"end\"}}\n< {\"type\":\"pong\",\"payload\":{\"the\":\"end\"}}\n"
)

// TestMessages: the protocol of graphql-transport-ws, one conversation each.
func TestMessages(t *testing.T) {
	const (
		calls   = `> {"id":"1","type":"subscribe","payload":{"query":"subscription { calls { name } }"}}` + "\n"
		event   = `< {"id":"1","type":"next","payload":{"data":{"calls":{"name":"⟦Call.name⟧"}}}}` + "\n"
		end     = `< {"id":"1","type":"complete"}` + "\n"
		hello   = `> {"id":"2","type":"subscribe","payload":{"query":"{ hello }"}}` + "\n"
		greeted = `< {"id":"2","type":"next","payload":{"data":{"hello":"⟦Query.hello⟧"}}}` + "\n" + `< {"id":"2","type":"complete"}` + "\n"
	)
	for _, row := range []struct {
		name, script string
		change       func(*engine.Config)
	}{
		// The connection.
		{name: "initialised", script: initGuest + quiet},
		{name: "initialised with a payload of null", script: `> {"type":"connection_init","payload":null}
			< {"type":"connection_ack"}` + quiet},
		{name: "initialised with what means nothing here", script: `> {"type":"connection_init","payload":{"x":[1]},"y":2}
			< {"type":"connection_ack"}` + quiet},
		{name: "initialised with a payload that is no object", script: `> {"type":"connection_init","payload":"x"}
			close 4400 The payload`},
		{name: "initialised twice", script: initGuest + `> {"type":"connection_init"}
			close 4429 Too many initialisation requests`},
		{name: "initialised twice at once", script: `> {"type":"connection_init"}
			> {"type":"connection_init"}
			< {"type":"connection_ack"}
			close 4429 Too many initialisation requests`},
		{name: "not initialised in time", script: `close 4408 Connection initialisation timeout`,
			change: func(cfg *engine.Config) { cfg.Sockets.Init = 50 * time.Millisecond }},
		{name: "not initialised in time, but alive", script: quiet + `close 4408 Connection initialisation timeout`,
			change: func(cfg *engine.Config) { cfg.Sockets.Init = 2 * time.Second }},
		{name: "an operation before the connection", script: hello + `close 4401 Unauthorized`},
		{name: "a complete before the connection", script: `> {"id":"1","type":"complete"}` + "\n" + initGuest + quiet},
		{name: "the client leaves", script: initGuest + `bye`},

		// Pings.
		{name: "a ping", script: initGuest + `> {"type":"ping"}
			< {"type":"pong"}`},
		{name: "a ping with a payload", script: initGuest + `> {"type":"ping","payload":{"a":[1.50,"é"],"b":null}}
			< {"type":"pong","payload":{"a":[1.50,"é"],"b":null}}`},
		{name: "a ping with a payload of null", script: initGuest + `> {"type":"ping","payload":null}
			< {"type":"pong"}`},
		{name: "a ping before the connection", script: `> {"type":"ping"}
			< {"type":"pong"}` + "\n" + initGuest},
		{name: "a ping with a payload that is no object", script: initGuest + `> {"type":"ping","payload":1}
			close 4400 The payload`},
		{name: "a pong nobody asked for", script: `> {"type":"pong"}
			> {"type":"pong","payload":{}}` + "\n" + initGuest + quiet},

		// What is no message.
		{name: "no JSON", script: `> {"type":
			close 4400 The message is refused: not one well-formed JSON value`},
		{name: "nothing", script: `>
			close 4400`},
		{name: "two messages in one", script: `> {"type":"ping"}{"type":"ping"}
			close 4400`},
		{name: "a list", script: `> [{"type":"ping"}]
			close 4400`},
		{name: "a text", script: `> "ping"
			close 4400`},
		{name: "no type", script: `> {"id":"1"}
			close 4400 There is no such type`},
		{name: "a type that is no text", script: `> {"type":1}
			close 4400 There is no such type`},
		{name: "an unknown type", script: `> {"type":"start","id":"1"}
			close 4400 There is no such type`},
		{name: "a type of the old protocol", script: `> {"type":"connection_terminate"}
			close 4400`},
		{name: "a type in another case", script: `> {"type":"PING"}
			close 4400`},
		{name: "a next from the client", script: initGuest + `> {"type":"next","id":"1","payload":{"data":null}}
			close 4400`},
		{name: "an error from the client", script: initGuest + `> {"type":"error","id":"1","payload":[]}
			close 4400`},
		{name: "an acknowledgement from the client", script: `> {"type":"connection_ack"}
			close 4400`},
		{name: "a member twice", script: `> {"type":"ping","type":"connection_init"}
			close 4400 The message is refused: a JSON member is given twice`},
		{name: "a member twice, deep", script: initGuest + `> {"id":"1","type":"subscribe","payload":{"query":"{ hello }","variables":{"a":1,"a":2}}}
			close 4400 The message is refused: a JSON member is given twice`},
		{name: "nested too deeply", script: `> {"type":"ping","payload":{"x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}}
			close 4400 The message is refused: JSON nested too deeply`},
		{name: "a binary message", script: `>> {"type":"ping"}
			close 4400 Messages are texts`},
		{name: "bytes that are not UTF-8", script: "> {\"type\":\"ping\",\"payload\":{\"x\":\"\xff\"}}\n close 4400"},
		{name: "the longest message", script: initGuest + `> {"type":"ping","x":"` + strings.Repeat("x", 64<<10-22) + `"}
			< {"type":"pong"}`},
		{name: "too long a message", script: initGuest + `> {"type":"ping","x":"` + strings.Repeat("x", 64<<10-21) + `"}
			close 1009 `},

		// What is no operation.
		{name: "no id", script: initGuest + `> {"type":"subscribe","payload":{"query":"{ hello }"}}
			close 4400 The id`},
		{name: "an empty id", script: initGuest + `> {"type":"subscribe","id":"","payload":{"query":"{ hello }"}}
			close 4400 The id`},
		{name: "an id that is a number", script: initGuest + `> {"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}
			close 4400 The id`},
		{name: "too long an id", script: initGuest + `> {"type":"subscribe","id":"` + strings.Repeat("x", 257) + `","payload":{"query":"{ hello }"}}
			close 4400 The id`},
		{name: "a complete without id", script: initGuest + `> {"type":"complete"}
			close 4400 The id`},
		{name: "no payload", script: initGuest + `> {"type":"subscribe","id":"1"}
			close 4400 The payload`},
		{name: "a payload that is a list", script: initGuest + `> {"type":"subscribe","id":"1","payload":[{"query":"{ hello }"}]}
			close 4400 The payload`},
		{name: "no query", script: initGuest + `> {"type":"subscribe","id":"1","payload":{"variables":{}}}
			close 4400 The payload of a subscribe is a request of GraphQL: there is no query`},
		{name: "a query that is no text", script: initGuest + `> {"type":"subscribe","id":"1","payload":{"query":1}}
			close 4400 The payload`},
		{name: "variables that are a list", script: initGuest + `> {"type":"subscribe","id":"1","payload":{"query":"{ hello }","variables":[]}}
			close 4400 The payload`},
		{name: "an operation's name that is an object", script: initGuest + `> {"type":"subscribe","id":"1","payload":{"query":"{ hello }","operationName":{}}}
			close 4400 The payload`},
		{name: "extensions that are a text", script: initGuest + `> {"type":"subscribe","id":"1","payload":{"query":"{ hello }","extensions":"x"}}
			close 4400 The payload`},

		// Queries and mutations.
		{name: "a query", script: initGuest + hello + greeted + quiet},
		{name: "a query with everything", script: initGuest + `> {"id":"1","type":"subscribe","payload":{"query":"query a { __typename } query b($s: Counted) { b: hello(stamp: $s) }","operationName":"b","variables":{"s":"x"},"extensions":{"denials":"each"},"x":1}}
			< {"id":"1","type":"next","payload":{"data":{"b":"⟦Query.hello⟧"}}}
			< {"id":"1","type":"complete"}` + quiet},
		{name: "an id that needs quoting", script: initGuest + `> {"id":"\"\u2028","type":"subscribe","payload":{"query":"{ __typename }","operationName":null,"variables":null,"extensions":null}}
			< {"id":"\"\u2028","type":"next","payload":{"data":{"__typename":"Query"}}}
			< {"id":"\"\u2028","type":"complete"}` + quiet},
		{name: "the same id again", script: initGuest + hello + greeted + hello + greeted + quiet},
		{name: "a mutation", script: initSigned + `> {"id":"m","type":"subscribe","payload":{"query":"mutation { touch { page { name } } }"}}
			< {"id":"m","type":"next","payload":{"data":{"touch":{"page":{"name":"⟦Page.name⟧"}}}}}
			< {"id":"m","type":"complete"}` + quiet},
		{name: "a denied field", script: initGuest + `> {"id":"1","type":"subscribe","payload":{"query":"{ hello page { name } }"}}
			< {"id":"1","type":"next","payload":{"data":{"hello":"⟦Query.hello⟧","page":null},"errors":[{"message":"Sign in to use Query.page.","path":["page"],"extensions":{"code":"UNAUTHENTICATED","coordinate":"Query.page"}}]}}
			< {"id":"1","type":"complete"}` + quiet},
		{name: "a denied mutation", script: initGuest + `> {"id":"1","type":"subscribe","payload":{"query":"mutation { ping touch { page { name } } }"}}
			< {"id":"1","type":"error","payload":[{"message":"Sign in to use Mutation.touch.","path":["touch"],"extensions":{"code":"UNAUTHENTICATED","coordinate":"Mutation.touch"}}]}` + quiet},
		{name: "a query that does not parse, and no complete after", script: initGuest + `> {"id":"1","type":"subscribe","payload":{"query":"{ hello"}}
			< {"id":"1","type":"error","payload":[{"message":"Expected Name, found <EOF>","locations":[{"line":1,"column":8}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}` + quiet},
		{name: "an empty query", script: initGuest + `> {"id":"1","type":"subscribe","payload":{"query":" "}}
			< {"id":"1","type":"error","payload":[{"message":"The query of a request is a text.","extensions":{"code":"BAD_REQUEST"}}]}` + quiet},
		{name: "an id is free after an error", script: initGuest + `> {"id":"2","type":"subscribe","payload":{"query":"{ nothing }"}}
			< {"id":"2","type":"error","payload":[{"message":"Cannot query field \"nothing\" on type \"Query\".","locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}
			` + hello + greeted + quiet},
		{name: "denials as the client wishes", script: initGuest + `> {"id":"1","type":"subscribe","payload":{"query":"{ page { name } }","extensions":{"denials":"extensions"}}}
			< {"id":"1","type":"next","payload":{"data":{"page":null},"extensions":{"denied":[{"message":"Sign in to use Query.page.","code":"UNAUTHENTICATED","coordinate":"Query.page","count":1,"selection":["page"]}]}}}
			< {"id":"1","type":"complete"}` + quiet},

		// Subscriptions.
		{name: "a subscription", script: initSigned + calls + "running 1\nemit\n" + event + "emit\n" + event + "finish\n" + end + quiet},
		{name: "a subscription without events", script: initSigned + calls + "running 1\nfinish\n" + end + quiet},
		{name: "stopped by the client, without an echo", script: initSigned + calls + "running 1\nemit\n" + event + `> {"id":"1","type":"complete"}
			running 0` + quiet},
		{name: "stopped twice", script: initSigned + calls + "running 1\n" + `> {"id":"1","type":"complete"}
			> {"id":"1","type":"complete"}
			running 0` + quiet},
		{name: "a complete for nothing", script: initSigned + `> {"id":"9","type":"complete","payload":"x"}` + quiet},
		{name: "stopped, and the same id at once", script: initSigned + calls + "running 1\n" + `> {"id":"1","type":"complete"}
			` + calls + "begun 2\nrunning 1\nemit\n" + event + quiet},
		{name: "the same id twice", script: initSigned + calls + "running 1\n" + calls + "close 4409 Subscriber for 1 already exists\nrunning 0"},
		{name: "two at once", script: initSigned + calls + "running 1\n" + hello + greeted + "emit\n" + event + quiet},
		{name: "a subscription that is denied", script: initGuest + calls + `< {"id":"1","type":"error","payload":[{"message":"Sign in to use Subscription.calls.","path":["calls"],"extensions":{"code":"UNAUTHENTICATED","coordinate":"Subscription.calls","permission":"PRODUCT_LOGS","action":"READ"}}]}
			running 0` + quiet},
		{name: "a denied field in each event", script: initSigned + `> {"id":"1","type":"subscribe","payload":{"query":"subscription { calls { name price } }"}}
			running 1
			emit
			< {"id":"1","type":"next","payload":{"data":{"calls":{"name":"⟦Call.name⟧","price":null}},"errors":[{"message":"Call.price needs the permission BILLING_HISTORY_AND_SETTINGS (READ).","path":["calls","price"],"extensions":{"code":"FORBIDDEN","coordinate":"Call.price","permission":"BILLING_HISTORY_AND_SETTINGS","action":"READ"}}]}}
			emit
			< {"id":"1","type":"next","payload":{"data":{"calls":{"name":"⟦Call.name⟧","price":null}},"errors":[{"message":"Call.price needs the permission BILLING_HISTORY_AND_SETTINGS (READ).","path":["calls","price"],"extensions":{"code":"FORBIDDEN","coordinate":"Call.price","permission":"BILLING_HISTORY_AND_SETTINGS","action":"READ"}}]}}` + quiet},
		{name: "too many at once", script: initSigned + calls + "running 1\n" + `> {"id":"2","type":"subscribe","payload":{"query":"subscription { calls { name } }"}}
			running 2
			> {"id":"3","type":"subscribe","payload":{"query":"{ hello }"}}
			< {"id":"3","type":"error","payload":[{"message":"No more than 2 operations may run at once on one WebSocket.","extensions":{"code":"LIMIT_EXCEEDED","limit":"socket_operations","max":2}}]}
			> {"id":"2","type":"complete"}
			running 1`,
			change: func(cfg *engine.Config) { cfg.Limits.Operations = 2 }},
		{name: "not admitted", script: initSigned + calls + `< {"id":"1","type":"error","payload":[{"message":"Later.","extensions":{"code":"SERVICE_UNAVAILABLE","limit":"requests","max":1,"retryAfter":1}}]}
			running 0` + quiet,
			change: func(cfg *engine.Config) {
				cfg.Admit = func(ctx context.Context) (func(), error) {
					if ctx.Value(signedInKey{}) == nil { // the engine asks itself at the start
						return func() {}, nil
					}
					return nil, &problem.Error{Code: problem.Unavailable, Message: "Later.", Limit: "requests", Most: 1, RetryAfter: time.Second}
				}
			}},
		{name: "an event that cannot be paid for", script: initSigned + calls + "running 1\nemit\n" + event + `emit
			< {"id":"1","type":"error","payload":[{"message":"Enough.","path":["calls"],"extensions":{"code":"RATE_LIMITED","limit":"cost_per_minute","max":1,"retryAfter":1}}]}
			running 0` + quiet,
			change: func(cfg *engine.Config) {
				left := 2 // for the beginning and one event
				cfg.Charge = func(ctx context.Context, _ int) error {
					if left--; ctx.Value(signedInKey{}) == nil {
						left++
					}
					if left >= 0 {
						return nil
					}
					return &problem.Error{Code: problem.RateLimited, Message: "Enough.", Limit: "cost_per_minute", Most: 1, RetryAfter: time.Second}
				}
			}},

		// Who the caller is.
		{name: "a token in lower case", script: `> {"type":"connection_init","payload":{"authorization":"bearer signed-in"}}
			< {"type":"connection_ack"}` + "\n" + calls + "running 1"},
		{name: "no token, said so", script: `> {"type":"connection_init","payload":{"Authorization":null}}
			< {"type":"connection_ack"}` + quiet},
		{name: "two tokens", script: `> {"type":"connection_init","payload":{"authorization":"Bearer signed-in","Authorization":"Bearer signed-in"}}
			close 4400 The initialisation has two access tokens`},
		{name: "a token that is a number", script: `> {"type":"connection_init","payload":{"authorization":1}}
			close 4400 The Authorization`},
		{name: "an empty token", script: `> {"type":"connection_init","payload":{"Authorization":""}}
			close 4403 The access token is not valid`},
		{name: "no token after Bearer", script: `> {"type":"connection_init","payload":{"Authorization":"Bearer "}}
			close 4403 The access token is not valid`},
		{name: "another scheme", script: `> {"type":"connection_init","payload":{"Authorization":"Basic signed-in"}}
			close 4403 The access token is not valid`},
		{name: "two words", script: `> {"type":"connection_init","payload":{"Authorization":"Bearer signed-in x"}}
			close 4403 The access token is not valid`},
		{name: "a token that is none", script: `> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
			close 4403 The access token is not valid`},
		{name: "an expired token", script: `> {"type":"connection_init","payload":{"Authorization":"Bearer expired"}}
			close 4403 The access token has expired`},
		{name: "a session that is over", script: `> {"type":"connection_init","payload":{"Authorization":"Bearer over"}}
			close 4401 The session has ended`},
		{name: "sessions cannot be checked", script: `> {"type":"connection_init","payload":{"Authorization":"Bearer away"}}
			close 1013 Sessions cannot be checked right now`},
		{name: "a fault of ours is not told", script: `> {"type":"connection_init","payload":{"Authorization":"Bearer ours"}}
			close 4500 Something went wrong`},

		// What ends it.
		{name: "the session ends", script: initSigned + calls + "running 1\nover\nclose 4401 The session has ended\nrunning 0"},
		{name: "the token expires", script: initSigned + calls + "running 1\nexpired\nclose 4403 The access token has expired\nrunning 0"},
		{name: "sessions cannot be checked any more", script: initSigned + calls + "running 1\naway\nclose 1013 Sessions cannot be checked\nrunning 0"},
		{name: "the watch has a fault", script: initSigned + "ours\nclose 4500 Something went wrong"},
		{name: "already over", script: `> {"type":"connection_init","payload":{"Authorization":"Bearer signed-in"}}
			close 4401 The session has ended`,
			change: func(cfg *engine.Config) {
				cfg.Streams.Watch = func(ctx context.Context) (context.Context, context.CancelFunc) {
					ctx, cancel := context.WithCancelCause(ctx)
					cancel(errOver)
					return ctx, func() {}
				}
			}},
		{name: "the gateway stops", script: initSigned + calls + "running 1\nleave\nclose 1012 The gateway stops\nleft\nrunning 0"},
		{name: "the gateway stops before the connection", script: "leave\nclose 1012 The gateway stops\nleft"},
		{name: "a guest has been here for long", script: initGuest + `close 1001 This has taken long enough`,
			change: func(cfg *engine.Config) {
				cfg.Sockets.KeepAlive, cfg.Sockets.Guest = 30*time.Millisecond, 0
			}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var change []func(*engine.Config)
			if row.change != nil {
				change = append(change, row.change)
			}
			s := serveSockets(t, holding(logs), change...)
			s.play(s.dial(nil), row.script)
		})
	}
}

// TestSocketsAtOnce: as many sockets are open as may be, and whoever leaves makes room.
func TestSocketsAtOnce(t *testing.T) {
	refused := func(t *testing.T, s *wsServer) {
		t.Helper()
		_, resp, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{Subprotocols: []string{subprotocol}})
		if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Fatalf("%v, %v", err, resp)
		}
	}
	for _, row := range []struct {
		name   string
		limits engine.SocketLimits
	}{
		{"in all", engine.SocketLimits{Open: 3, OfAddress: 10}},
		{"of one address", engine.SocketLimits{Open: 10, OfAddress: 3}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serveSockets(t, holding(logs), func(cfg *engine.Config) {
				cfg.Sockets.Open, cfg.Sockets.OfAddress = row.limits.Open, row.limits.OfAddress
			})
			first := s.dial(nil)
			s.play(first, initGuest)
			s.dial(nil)
			s.dial(nil)
			refused(t, s)
			s.play(first, "bye")
			s.eventually("there is room", func() bool {
				conn, _, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{Subprotocols: []string{subprotocol}})
				if err == nil {
					conn.CloseNow()
				}
				return err == nil
			})
		})
	}
	t.Run("of one session", func(t *testing.T) {
		s := serveSockets(t, holding(logs), func(cfg *engine.Config) {
			cfg.Limits.Sockets, cfg.Sockets.OfAddress = 3, 1 // whoever is signed in has no address
		})
		var first *wsClient
		for range 3 {
			first = s.dial(nil)
			s.play(first, initSigned)
		}
		s.play(s.dial(nil), `> {"type":"connection_init","payload":{"Authorization":"Bearer signed-in"}}
			close 1013 There are too many WebSockets of this session`)
		s.eventually("the address is free", func() bool { return s.closedBy(1013) })
		s.play(s.dial(nil), strings.Replace(initSigned, "signed-in", "signed-in-elsewhere", 1)+quiet)
		s.play(first, "bye")
		s.eventually("it has gone", func() bool { return s.closedBy(1000) })
		s.play(s.dial(nil), initSigned+quiet)
	})
}

func (s *wsServer) closedBy(code int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.codes, code)
}

// TestSocketObserver: whoever watches is told of each operation, of subscriptions while they run, and of how a socket
// was closed.
func TestSocketObserver(t *testing.T) {
	s := serveSockets(t, holding(logs))
	c := s.dial(nil)
	const denied = `< {"id":"s","type":"next","payload":{"data":{"calls":{"price":null}},"errors":[{"message":"Call.price needs the permission BILLING_HISTORY_AND_SETTINGS (READ).","path":["calls","price"],"extensions":{"code":"FORBIDDEN","coordinate":"Call.price","permission":"BILLING_HISTORY_AND_SETTINGS","action":"READ"}}]}}` + "\n"
	s.play(c, initSigned+`> {"id":"q","type":"subscribe","payload":{"query":"query named { hello }"}}
		< {"id":"q","type":"next","payload":{"data":{"hello":"⟦Query.hello⟧"}}}
		< {"id":"q","type":"complete"}
		> {"id":"p","type":"subscribe","payload":{"query":"{"}}
		< {"id":"p","type":"error","payload":[{"message":"Expected Name, found <EOF>","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}
		> {"id":"s","type":"subscribe","payload":{"query":"subscription { calls { price } }"}}
		running 1`)
	if s.lasting != 1 || len(s.codes) != 0 {
		t.Errorf("%d subscriptions run, closed %v", s.lasting, s.codes)
	}
	s.play(c, "emit\n"+denied+"emit\n"+denied+`> {"id":"s","type":"complete"}
		running 0`)
	s.eventually("the subscription has ended", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.told) == 3 && s.lasting == 0
	})
	want := []string{
		"query named\npublic: 1 0 0 0",
		"GRAPHQL_PARSE_FAILED",
		"subscription\nBILLING_HISTORY_AND_SETTINGS READ: 0 1 0 2\nPRODUCT_LOGS READ: 1 0 0 0",
	}
	slices.Sort(want)
	slices.Sort(s.told)
	if !slices.Equal(s.told, want) {
		t.Errorf("told %q, want %q", s.told, want)
	}
	s.play(c, "bye")
	s.eventually("it is told of the end", func() bool { return s.closedBy(1000) })
	lost := s.dial(nil)
	lost.conn.CloseNow()
	s.eventually("it is told of a connection that is lost", func() bool { return s.closedBy(1006) })
	s.play(s.dial(nil), "> x\nclose 4400")
	s.eventually("it is told of what we close", func() bool { return s.closedBy(4400) })
}

// TestManyErrors: a short document can have very many faults, and the answer has few.
func TestManyErrors(t *testing.T) {
	s := serveSockets(t, holding(logs))
	c := s.dial(nil)
	s.play(c, initGuest+fmt.Sprintf(`> {"id":"1","type":"subscribe","payload":{"query":"{ %s }"}}`, strings.Repeat("x y z ", 30)))
	if got := c.read(); strings.Count(got, "VALIDATION_FAILED") != 11 || !strings.Contains(got, `"type":"error"`) {
		t.Errorf("%.500s", got)
	}
}
