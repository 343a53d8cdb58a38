package cmd

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// exceeded is how often a limit has been counted.
func (p *program) exceeded(limit string) int {
	return int(p.figures()[`fieldgate_limits_exceeded_total{limit="`+limit+`"}`])
}

// counts waits until a limit has been counted so often: some are counted once they are answered.
func (p *program) counts(t *testing.T, limit string, most int) {
	t.Helper()
	eventually(t, limit+" is counted", func() bool { return p.exceeded(limit) >= most })
	if n := p.exceeded(limit); n != most {
		t.Errorf("%s is counted %d times, want %d", limit, n, most)
	}
}

// shows fails the test unless the last error of an answer is of this limit, with its figure.
func (a answer) shows(t *testing.T, code, limit string, most int) {
	t.Helper()
	if len(a.errors) == 0 || a.hasData {
		t.Errorf("no error: %.300s", a.body)
		return
	}
	if e := a.errors[len(a.errors)-1]; e.Extensions.Code != code || e.Extensions.Limit != limit || e.Extensions.Max != most || e.Message == "" {
		t.Errorf("got %.300s, want %s %s %d", a.body, code, limit, most)
	}
}

// TestLimitsByEveryWay asks for what each limit of an operation allows, and for one more, in every way: the one is answered,
// and the other refused with the same words, and counted.
func TestLimitsByEveryWay(t *testing.T) {
	times := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+" ", i)
		}
		return b.String()
	}
	query := func(format string) func(int) vars {
		return func(n int) vars { return vars{"query": "{" + times(n, format) + "}"} }
	}
	levels := func(open string, n int, in string) string {
		return strings.Repeat(open+" { ", n) + in + strings.Repeat(" }", n)
	}
	rows := []struct {
		limit   string
		flags   string
		most    int
		ask     func(n int) vars
		code    string // of one more; LIMIT_EXCEEDED when empty
		within  string // the code of what is within the limit
		changes bool   // and so is not for GET
	}{
		{limit: "tokens", flags: "--limit-tokens=100", most: 100, ask: func(n int) vars {
			return vars{"query": "{" + strings.Repeat(" __typename", n-2) + " }"}
		}},
		{limit: "depth", flags: "--limit-depth=5", most: 5, ask: func(n int) vars {
			node := map[int]string{5: "sid", 6: "price { amount }"}[n]
			return vars{"query": "{ account { calls(first: 1) { edges { node { " + node + " } } } } }"}
		}},
		{limit: "introspection_depth", flags: "--limit-introspection-depth=4", most: 4, ask: func(n int) vars {
			return vars{"query": `{ __type(name: "Call") { ` + levels("ofType", n-2, "name") + " } }"}
		}},
		{limit: "aliases", flags: "--limit-aliases=5", most: 5, ask: func(n int) vars {
			return vars{"query": "{ viewer { " + times(n, "a%d: sid") + "} }"}
		}},
		{limit: "root_fields", flags: "--limit-root-fields=4", most: 4, ask: query("a%d: __typename")},
		{limit: "introspections", flags: "--limit-introspections=1", most: 1, ask: query("a%d: __schema { queryType { name } }")},
		{limit: "directives", flags: "--limit-directives=3", most: 3, ask: query("__typename @skip(if: false) #%d\n")},
		{limit: "cost", flags: "--limit-cost=150", most: 150, ask: func(n int) vars {
			return vars{"query": fmt.Sprintf("{ account { calls(first: %d) { edges { cursor } } } }", (n-1)/2)}
		}},
		{limit: "variables_depth", flags: "--limit-variables-depth=4", most: 4, ask: func(n int) vars {
			deep := any("x")
			for range n {
				deep = vars{"in": deep}
			}
			return vars{"query": "{ __typename }", "variables": deep}
		}},
		{limit: "errors", flags: "--limit-errors=3", most: 3, ask: query("wrong%d"), code: "GRAPHQL_VALIDATION_FAILED", within: "GRAPHQL_VALIDATION_FAILED"},
		{limit: "sign_ins_per_operation", most: 1, changes: true, within: "UNAUTHENTICATED", ask: func(n int) vars {
			return vars{"query": "mutation {" + times(n, `a%d: signIn(input: {email: "nobody@example.com", password: "wrong"}) { expiresIn }`) + "}"}
		}},
	}
	flags := []string{"--metrics-listen=127.0.0.1:0"}
	for _, row := range rows {
		if row.flags != "" {
			flags = append(flags, row.flags)
		}
	}
	p := startDemo(t, flags...)
	who := p.as(owner)
	for _, row := range rows {
		t.Run(row.limit, func(t *testing.T) {
			if row.code == "" {
				row.code = "LIMIT_EXCEEDED"
			}
			sent := 0
			for _, w := range ways {
				if row.changes && w.name == "GET" {
					continue
				}
				sent++
				if a := w.ask(who, row.ask(row.most)); a.code() != row.within || row.within == "" && !a.hasData {
					t.Errorf("by %s, at the limit: %.300s", w.name, a.body)
				}
				w.ask(who, row.ask(row.most+1)).shows(t, row.code, row.limit, row.most)
			}
			p.counts(t, row.limit, sent)
		})
	}
}

// TestSelectionsByEveryWay: the same of fields, which other limits would stop before.
func TestSelectionsByEveryWay(t *testing.T) {
	const most = 12
	p := startDemo(t, fmt.Sprint("--limit-selections=", most), "--metrics-listen=127.0.0.1:0")
	for _, w := range ways {
		for n, exceeds := range map[int]bool{most: false, most + 1: true} {
			var b strings.Builder
			for i := range n - 1 {
				fmt.Fprintf(&b, "a%d: sid ", i)
			}
			a := w.ask(p.as(owner), vars{"query": "{ viewer { " + b.String() + "} }"})
			if exceeds {
				a.shows(t, "LIMIT_EXCEEDED", "selections", most)
			} else if !a.hasData {
				t.Errorf("by %s, at the limit: %.300s", w.name, a.body)
			}
		}
	}
	p.counts(t, "selections", len(ways))
}

// TestBodyByEveryWay: bytes are bounded however they come, and so is the number of operations in one request.
func TestBodyByEveryWay(t *testing.T) {
	const most = 2000
	p := startDemo(t, fmt.Sprint("--limit-body=", most), "--metrics-listen=127.0.0.1:0")
	who := p.as(owner)
	text := func(n int) vars { return vars{"query": "{ __typename }" + strings.Repeat(" ", n)} }
	for _, w := range ways {
		if a := w.ask(who, text(most*3/4)); !a.hasData {
			t.Errorf("by %s, within: %.300s", w.name, a.body)
		}
		a := w.ask(who, text(most))
		if w.name == "WebSocket" {
			if !strings.Contains(a.body, "StatusMessageTooBig") {
				t.Errorf("a long message: %s", a.body)
			}
			continue
		}
		a.shows(t, "LIMIT_EXCEEDED", "body", most)
	}
	p.counts(t, "body", len(ways))

	for _, accept := range []string{"application/graphql-response+json", "text/event-stream"} {
		r := who.request(http.MethodPost, p.url, `[{"query": "{ __typename }"}, {"query": "{ __typename }"}]`)
		r.Header.Set("Accept", accept)
		a := who.send(r).refused(t, http.StatusBadRequest, "LIMIT_EXCEEDED")
		a.shows(t, "LIMIT_EXCEEDED", "batch", 1)
	}
	p.counts(t, "batch", 2)
}

// TestBudgetByEveryWay: who has spent their budget is told so in every way, and when there will be more.
func TestBudgetByEveryWay(t *testing.T) {
	p := startDemo(t, "--budget=300", "--metrics-listen=127.0.0.1:0")
	who := p.as(support)
	for _, w := range ways {
		ask := vars{"query": `{ account { calls(first: 50) { edges { cursor } } } }`} // 102 points
		a := w.ask(who, ask)
		for range 9 { // a minute may end in between
			if a.code() != "" {
				break
			}
			a = w.ask(who, ask)
		}
		a.shows(t, "RATE_LIMITED", "cost_per_minute", 300)
		if len(a.errors) == 0 {
			continue
		}
		if after := a.errors[0].Extensions.RetryAfter; after < 1 || after > 60 {
			t.Errorf("by %s it says to try again in %d seconds", w.name, after)
		}
		if status := map[string]int{"POST": 429, "GET": 429}[w.name]; status != 0 && (a.status != status || a.header.Get("Retry-After") == "") {
			t.Errorf("by %s: %d %v", w.name, a.status, a.header)
		}
	}
	p.counts(t, "cost_per_minute", len(ways))
}

// TestGuessingByEveryWay: wrong passwords count together, in whatever way they are tried.
func TestGuessingByEveryWay(t *testing.T) {
	p := startDemo(t, "--limit-sign-in-failures=3", "--metrics-listen=127.0.0.1:0")
	guess := func(w way, password string) answer {
		return w.ask(p.guest(), vars{"query": signInQuery, "variables": vars{"email": support, "password": password}})
	}
	byPost, byEvents, bySocket := ways[0], ways[2], ways[3]
	for _, w := range []way{byPost, byEvents, bySocket} {
		if a := guess(w, "wrong"); a.code() != "UNAUTHENTICATED" {
			t.Errorf("by %s: %s", w.name, a.body)
		}
	}
	for _, w := range []way{byPost, byEvents, bySocket} {
		if a := guess(w, password); a.code() != "RATE_LIMITED" {
			t.Errorf("locked, and by %s: %s", w.name, a.body)
		}
	}
	p.counts(t, "sign_in_failures", 3)
}

// TestSocketLimits: a session has so many WebSockets, and so many operations on one of them or as streams of events. The
// sessions of an OAuth client, of which it makes as many as it likes, count together.
func TestSocketLimits(t *testing.T) {
	p := startDemo(t, "--limit-sockets=1", "--limit-socket-operations=1", "--demo-events=0", "--metrics-listen=127.0.0.1:0")
	c := p.as(developer).makeClient("export", grants{grantOf("PRODUCT_LOGS", "READ")})
	for i, row := range []struct {
		name       string
		one, other client // who count together
	}{
		{"a person", p.as(support), p.as(support)},
		{"an OAuth client", p.asClient(c), p.asClient(c)},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := row.one.socket()
			s.begin("logs", everyLog, nil)
			s.send("ping", "", nil) // by whose answer the subscription counts
			if m, _ := s.read(); m.Type != "pong" {
				t.Fatalf("%+v", m)
			}
			if m := s.ask(`{ __typename }`, nil); m.Type != "error" || !strings.Contains(string(m.Payload), `"limit":"socket_operations"`) {
				t.Errorf("two operations: %s %s", m.Type, m.Payload)
			}
			again := p.dial(nil)
			again.send("connection_init", "", vars{"Authorization": "Bearer " + row.other.access})
			if m, closed := again.read(); closed.Code != 1013 {
				t.Errorf("a second socket: %+v %v", m, closed)
			}
			first := row.one.subscribe(everyLog)
			row.other.byEvents(vars{"query": everyLog}).refused(t, http.StatusTooManyRequests, "RATE_LIMITED").
				shows(t, "RATE_LIMITED", "socket_operations", 1)
			first.cancel()
			eventually(t, "whoever leaves makes room", func() bool {
				r := row.other.request(http.MethodPost, p.url, `{"query": "subscription { productLogs { __typename } }"}`)
				r.Header.Set("Accept", "text/event-stream")
				resp, err := (&http.Client{Transport: p.http.Transport, Timeout: time.Second}).Do(r)
				if err != nil {
					return false
				}
				defer resp.Body.Close()
				return resp.StatusCode == http.StatusOK
			})
			p.counts(t, "sockets", i+1)
			eventually(t, "operations are counted", func() bool { return p.exceeded("socket_operations") >= 2*(i+1) })
		})
	}
}
