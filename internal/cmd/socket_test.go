package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// socket is a WebSocket as a client has it.
type socket struct {
	t    testing.TB
	conn *websocket.Conn
}

// envelope is a message of graphql-transport-ws.
type envelope struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// dial opens a socket with these headers.
func (p *program) dial(header http.Header) *socket {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, p.url, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header})
	if err != nil {
		p.t.Fatalf("%v %v", err, resp)
	}
	p.t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	return &socket{p.t, conn}
}

// socket opens one that has begun for the caller.
func (c client) socket() (s *socket) {
	c.p.t.Helper()
	payload := vars{}
	if c.access != "" {
		payload["Authorization"] = "Bearer " + c.access
	}
	var m envelope
	var closed websocket.CloseError
	insist(c.p.t, func() (slow bool, said string) {
		s = c.p.dial(nil)
		s.send("connection_init", "", payload)
		m, closed = s.read()
		return closed.Code == websocket.StatusTryAgainLater, closed.Reason
	})
	if m.Type != "connection_ack" {
		c.p.t.Fatalf("%+v, %v", m, closed)
	}
	return s
}

func (s *socket) send(kind, id string, payload any) {
	s.t.Helper()
	body, err := json.Marshal(payload)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := json.Marshal(envelope{kind, id, body})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, text); err != nil {
		s.t.Fatal(err)
	}
}

// read is the next message, or how the socket was closed.
func (s *socket) read() (m envelope, closed websocket.CloseError) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, text, err := s.conn.Read(ctx)
	switch {
	case errors.As(err, &closed):
		return m, closed
	case err != nil:
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		s.t.Fatal(err)
	}
	return m, closed
}

// begin asks for an operation.
func (s *socket) begin(id, query string, variables vars) {
	s.t.Helper()
	s.send("subscribe", id, vars{"query": query, "variables": variables})
}

// ask is the answer to a query or mutation, whose answer is all that comes.
func (s *socket) ask(query string, variables vars) envelope {
	s.t.Helper()
	s.begin("asked", query, variables)
	m, closed := s.read()
	switch {
	case closed.Code != 0 || m.ID != "asked":
		s.t.Fatalf("%s: %+v, %v", query, m, closed)
	case m.Type == "next":
		if last, closed := s.read(); last.Type != "complete" || last.ID != "asked" {
			s.t.Fatalf("%s: %+v, %v", query, last, closed)
		}
	}
	return m
}

// closed waits until the socket is closed, and says how long that took.
func (s *socket) closed() (websocket.CloseError, time.Duration) {
	s.t.Helper()
	for began := time.Now(); ; {
		if _, closed := s.read(); closed.Code != 0 {
			return closed, time.Since(began)
		}
	}
}

// TestSocketsAnswerAsPOST: over a WebSocket everybody gets what they get by POST: the same data, the same errors in the
// same order. What has no data comes as an error.
func TestSocketsAnswerAsPOST(t *testing.T) {
	p := startDemo(t, "--demo-events", "0")
	operations := []string{
		`{ viewer { email roles } account { friendlyName balance { amount } } }`,
		`{ account { calls(first: 3) { edges { node { sid status to price { amount } } } } } }`,
		`{ account { apiKeys(first: 2) { edges { node { sid } } } phoneNumbers(first: 2) { edges { node { phoneNumber } } } invoices(first: 2) { edges { node { sid } } } } }`,
		`{ account { users(first: 9) { edges { node { email sessions { id } } } } auditEvents(first: 1) { edges { node { __typename } } } } }`,
		`query($id: ID!) { node(id: $id) { id ... on Call { price { amount } } } }`,
		`{ permissionMatrix { permission roles { role } } __typename }`,
		`{ __schema { queryType { fields { name } } } }`,
		`{ account { calls(first: 2, to: "+1") { edges { node { sid } } } calls2: calls(first: 5000) { edges { node { sid } } } } }`,
		`mutation { createApiKey(input: {friendlyName: ""}) { secret } setUserRoles(input: {userId: "x", roles: []}) { user { id } } }`,
		`mutation { deleteApiKey(input: {id: "x"}) { deletedApiKeyId } }`,
		`{ nothing }`, `{ account`, `{ ` + manyAliases(40) + `}`,
		`query a { __typename } query b { __typename }`,
	}
	variables := vars{"id": encodeID("Call", "CA00000000000000000000000000000000")}
	kinds := map[string]int{}
	for _, name := range callers() {
		who := p.guest()
		if name != guest {
			who = p.as(name)
		}
		s := who.socket()
		for _, query := range operations {
			posted := who.do(query, variables)
			got := s.ask(query, variables)
			want := json.RawMessage(posted.body)
			if !posted.hasData {
				var body struct{ Errors json.RawMessage }
				if err := json.Unmarshal(want, &body); err != nil {
					t.Fatal(err)
				}
				want = body.Errors
			}
			if (got.Type == "next") != posted.hasData || !sameJSON(got.Payload, want) {
				t.Errorf("%s as %s: %s %s\nby POST: %s", query, name, got.Type, got.Payload, posted.body)
			}
			kinds[got.Type]++
			kinds[posted.code()]++
		}
	}
	for _, kind := range []string{"next", "error", "", "UNAUTHENTICATED", "FORBIDDEN", "LIMIT_EXCEEDED", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"} {
		if kinds[kind] == 0 {
			t.Errorf("nothing was answered with %q: %v", kind, kinds)
		}
	}
}

// sameJSON compares two texts by what they mean, errors in their order.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// TestSocketsEnd: what ends a session or changes its roles, by whichever of two gateways, closes its sockets at both with
// the code that says whether to come back, and nothing else. A query that is asked just then gets no answer.
func TestSocketsEnd(t *testing.T) {
	const bound = 2 * time.Second // for a busy machine
	r := startRedis(t)
	arguments := []string{"--data", demoData(t), "--demo-password", password, "--redis-url", r.url(), "--demo-events", "0"}
	one, other := start(t, arguments...), start(t, arguments...)
	id := userID(t, one, support)
	for _, row := range []struct {
		name string
		do   func(c client)
		want websocket.CloseError
	}{
		{"signing out", func(c client) { c.do(`mutation { signOut { endedSessionId } }`, nil).ok(t) },
			websocket.CloseError{Code: 4401, Reason: "The session has ended. Sign in again."}},
		{"the Owner changes the roles", func(client) {
			one.as(owner).do(`mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [SUPPORT, DEVELOPER]}) { user { id } } }`,
				vars{"id": id}).ok(t)
		}, websocket.CloseError{Code: 4403, Reason: "The access token is out of date. Refresh it."}},
		{"a refresh token is used twice", func(c client) {
			const refresh = `mutation($t: String!) { refreshSession(input: {refreshToken: $t}) { accessToken } }`
			one.guest().do(refresh, vars{"t": c.refresh}).ok(t)
			one.guest().do(refresh, vars{"t": c.refresh}).refused(t, http.StatusOK, "UNAUTHENTICATED")
		}, websocket.CloseError{Code: 4401, Reason: "The session has ended. Sign in again."}},
	} {
		t.Run(row.name, func(t *testing.T) {
			here := one.signIn(support)
			sockets := []*socket{here.socket(), client{other, here.access, ""}.socket()}
			for _, s := range sockets {
				s.begin("logs", everyLog, nil)
				if m := s.ask(`{ viewer { email } }`, nil); m.Type != "next" {
					t.Fatalf("%+v", m)
				}
			}
			others := client{other, one.as(owner).access, ""}.socket()
			row.do(here)
			for _, s := range sockets {
				if closed, took := s.closed(); closed != row.want || took > bound {
					t.Errorf("closed with %v after %v, want %v", closed, took, row.want)
				}
			}
			if m := others.ask(`{ viewer { email } }`, nil); m.Type != "next" {
				t.Errorf("the socket of another: %+v", m)
			}
			s := one.dial(nil)
			s.send("connection_init", "", vars{"authorization": "Bearer " + here.access})
			if m, closed := s.read(); closed != row.want {
				t.Errorf("with the token again: %+v, %v", m, closed)
			}
		})
	}
}

// TestSocketsWithoutRedis: when sessions cannot be checked any more, sockets are closed so that their clients come back
// later, and none begins.
func TestSocketsWithoutRedis(t *testing.T) {
	t.Parallel() // it waits most of the time
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0")
	who := p.as(support)
	s, open := who.socket(), p.guest().socket()
	s.begin("logs", everyLog, nil)
	r.stop()
	if closed, took := s.closed(); closed.Code != websocket.StatusTryAgainLater || took > 6*time.Second { // on a busy machine
		t.Errorf("closed with %v after %v", closed, took)
	}
	again := p.dial(nil)
	again.send("connection_init", "", vars{"Authorization": "Bearer " + who.access})
	if m, closed := again.read(); closed.Code != websocket.StatusTryAgainLater {
		t.Errorf("%+v, %v", m, closed)
	}
	if m := open.ask(`{ permissionMatrix { permission } }`, nil); m.Type != "next" {
		t.Errorf("a guest: %+v", m)
	}
}

// TestSocketLogs: what is logged in the account comes over a WebSocket, what the role may not see of it as null.
func TestSocketLogs(t *testing.T) {
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0", "--metrics-listen", "127.0.0.1:0")
	b := busOn(t, r.url())
	call := logged(t, p.as(owner))["CALL"]
	before := p.figures()
	s := p.as(support).socket()
	s.begin("logs", `subscription { productLogs { ... on Call { sid price { amount } } } }`, nil)
	eventually(t, "it runs", func() bool { return p.figures()["fieldgate_subscriptions_running"] == 1 })
	var m envelope
	got := make(chan struct{})
	go func() { defer close(got); m, _ = s.read() }()
	for waiting := true; waiting; { // until the subscription has reached Redis
		b.tell(demo.Main(), "CALL", call)
		select {
		case <-got:
			waiting = false
		case <-time.After(100 * time.Millisecond):
		}
	}
	if want := fmt.Sprintf(`{"productLogs":{"sid":"%s","price":null}}`, call); m.Type != "next" || !strings.Contains(string(m.Payload), want) ||
		!strings.Contains(string(m.Payload), `"path":["productLogs","price"]`) || !strings.Contains(string(m.Payload), "FORBIDDEN") {
		t.Errorf("%s %s", m.Type, m.Payload)
	}
	s.send("complete", "logs", nil)
	eventually(t, "it has ended", func() bool { return p.figures()["fieldgate_subscriptions_running"] == 0 })
	if n := p.figures()["fieldgate_sockets_open"]; n != 1 {
		t.Errorf("%v sockets are open", n)
	}
	_ = s.conn.Close(websocket.StatusNormalClosure, "")
	eventually(t, "it is closed", func() bool { return p.figures()["fieldgate_sockets_open"] == 0 })
	after := p.figures()
	for name, want := range map[string]float64{
		`fieldgate_sockets_closed_total{code="1000"}`:                                                   1,
		`fieldgate_requests_total{operation_type="none",status="101",transport="http"}`:                 1,
		`fieldgate_requests_total{operation_type="subscription",status="",transport="websocket"}`:       1,
		`fieldgate_request_duration_seconds_count{operation_type="subscription",transport="websocket"}`: 0,
	} {
		if n := after[name] - before[name]; n != want {
			t.Errorf("%s: %v, want %v", name, n, want)
		}
	}
	if after[`fieldgate_denials_total{action="READ",permission="BILLING_HISTORY_AND_SETTINGS"}`] < 1 {
		t.Error("the denial is not counted")
	}
}

// TestSocketHandshake: a WebSocket is for the gateway's own pages and those of --cors-origin; a token that is not good
// opens none, and cookies count for nothing.
func TestSocketHandshake(t *testing.T) {
	p := startDemo(t, "--cors-origin", "https://app.example", "--demo-events", "0")
	who := p.as(support)
	for _, row := range []struct {
		name   string
		header http.Header
		status int
	}{
		{"a program", nil, 101},
		{"with a token", http.Header{"Authorization": {"Bearer " + who.access}}, 101},
		{"with a token that is none", http.Header{"Authorization": {"Bearer x"}}, 401},
		{"a page that was allowed", http.Header{"Origin": {"https://app.example"}}, 101},
		{"another page", http.Header{"Origin": {"https://other.example"}}, 403},
		{"a name that is not the gateway's", http.Header{"Host": {"other.example"}}, 421},
		{"with cookies", http.Header{"Fieldgate-Cookies": {"renew"}}, 400},
	} {
		t.Run(row.name, func(t *testing.T) {
			conn, resp, err := websocket.Dial(t.Context(), p.url, &websocket.DialOptions{
				Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: row.header, Host: row.header.Get("Host"),
			})
			if resp == nil || resp.StatusCode != row.status || (err == nil) != (row.status == 101) {
				t.Fatalf("%v, %v", err, resp)
			}
			if err == nil {
				conn.CloseNow()
			}
		})
	}
	// However a request says that it is for a WebSocket, it brings no cookies along.
	for _, upgrade := range [][]string{{"websocket"}, {"", "websocket"}, {"websocket", ""}, {"x", "websocket"}} {
		r := p.guest().request(http.MethodGet, p.url, "")
		r.Header = http.Header{
			"Upgrade": upgrade, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
			"Sec-Websocket-Protocol": {"graphql-transport-ws"}, "Fieldgate-Cookies": {"renew"}, "Cookie": {"__Host-fieldgate-refresh=x"},
		}
		if a := p.guest().send(r); a.status != 400 {
			t.Errorf("cookies, and Upgrade %q: %d", upgrade, a.status)
		}
	}
	s := p.dial(http.Header{"Authorization": {"Bearer " + who.access}})
	s.send("connection_init", "", nil)
	if m, closed := s.read(); m.Type != "connection_ack" {
		t.Fatalf("%+v, %v", m, closed)
	}
	if m := s.ask(`{ viewer { email } }`, nil); !strings.Contains(string(m.Payload), support) {
		t.Errorf("the caller is not who the token of the request stands for: %s", m.Payload)
	}
}

// TestSIGTERMWithSockets: a process that is told to stop closes 20 sockets, with subscriptions that run, so that their
// clients come back, and ends with status 0.
func TestSIGTERMWithSockets(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "--data", demoData(t), "--demo-password", password, "--demo-events", "0")
	who := p.as(support)
	var sockets []*socket
	for i := range 20 {
		if i == 10 {
			who = p.signIn(owner)
		}
		s := who.socket()
		s.begin("logs", everyLog, nil)
		s.ask(`{ __typename }`, nil)
		sockets = append(sockets, s)
	}
	p.signal(syscall.SIGTERM)
	for _, s := range sockets {
		if closed, _ := s.closed(); closed.Code != websocket.StatusServiceRestart {
			t.Errorf("closed with %v", closed)
		}
	}
	if status := p.wait(); status != 0 {
		t.Errorf("it ended with status %d:\n%s", status, p.stderr)
	}
}
