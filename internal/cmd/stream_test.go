package cmd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/redis/go-redis/v9"
)

// stream is a subscription as a client reads it, over Server-Sent Events.
type stream struct {
	t      testing.TB
	cancel context.CancelFunc
	events chan answer // closed when the stream is over
}

// subscribe begins a subscription. It has begun when it returns: what is logged from now on comes.
func (c client) subscribe(query string) *stream {
	c.p.t.Helper()
	return c.subscribeWith(query, nil)
}

// subscribeWith is subscribe with extensions of the request.
func (c client) subscribeWith(query string, extensions vars) *stream {
	c.p.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "extensions": extensions})
	if err != nil {
		c.p.t.Fatal(err)
	}
	r := c.request(http.MethodPost, c.p.url, string(body))
	r.Header.Set("Accept", "text/event-stream")
	ctx, cancel := context.WithCancel(c.p.t.Context())
	c.p.t.Cleanup(cancel)
	endless := &http.Client{Transport: c.p.http.Transport}
	var resp *http.Response
	c.p.patiently(false, func() answer {
		again := r.Clone(ctx)
		again.Body = io.NopCloser(bytes.NewReader(body))
		if resp, err = endless.Do(again); err != nil {
			c.p.t.Fatal(err)
		}
		if resp.StatusCode != http.StatusServiceUnavailable {
			return answer{}
		}
		a, err := answerOf(resp)
		if err != nil {
			c.p.t.Fatal(err)
		}
		return a
	})
	if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		resp.Body.Close()
		c.p.t.Fatalf("%s: %d %s", query, resp.StatusCode, got)
	}
	s := &stream{t: c.p.t, cancel: cancel, events: make(chan answer, 100)}
	go func() {
		defer resp.Body.Close()
		defer close(s.events)
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for kind := ""; lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case name == "event":
				kind = value
			case name == "data" && kind == "next":
				a := answer{status: resp.StatusCode, header: resp.Header, body: value}
				if err := a.parse([]byte(value)); err != nil {
					c.p.t.Error(err)
				}
				s.events <- a
			}
		}
	}()
	return s
}

// next is the next event.
func (s *stream) next() answer {
	s.t.Helper()
	select {
	case a, ok := <-s.events:
		if !ok {
			s.t.Fatal("the stream has ended")
		}
		return a
	case <-time.After(patience):
		s.t.Fatal("no event comes")
	}
	panic("unreachable")
}

// ended waits for the end of the stream. It returns what came last, and how long it took.
func (s *stream) ended() (last answer, took time.Duration) {
	s.t.Helper()
	began, late := time.Now(), time.After(patience)
	for {
		select {
		case a, ok := <-s.events:
			if !ok {
				return last, time.Since(began)
			}
			last = a
		case <-late:
			s.t.Fatal("the stream does not end")
		}
	}
}

// bus is the Redis by which gateways tell each other what is logged.
type bus struct {
	t     testing.TB
	redis *redis.Client
}

func busOn(t testing.TB, url string) bus {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { c.Close() })
	return bus{t, c}
}

// tell says that something has been logged in an account.
func (b bus) tell(account demo.Account, kind, sid string) {
	b.t.Helper()
	if err := b.redis.Publish(b.t.Context(), "{fieldgate}:logs:"+account.SID, kind+" "+sid).Err(); err != nil {
		b.t.Fatal(err)
	}
}

// logged are SIDs of what an account has, by kind: those for which the fields that matter here have values.
func logged(t testing.TB, c client) map[string]string {
	t.Helper()
	a := c.do(`{ account {
		calls(first: 1, status: COMPLETED) { edges { node { sid } } }
		messages(first: 1, status: DELIVERED) { edges { node { sid } } }
		alerts(first: 1) { edges { node { sid } } }
	} }`, nil).ok(t)
	return map[string]string{
		"CALL":    a.text("account", "calls", "edges", 0, "node", "sid"),
		"MESSAGE": a.text("account", "messages", "edges", 0, "node", "sid"),
		"ALERT":   a.text("account", "alerts", "edges", 0, "node", "sid"),
	}
}

const everyLog = `subscription { productLogs {
	__typename
	... on Call { sid status price { amount } }
	... on Message { sid body }
	... on Alert { sid alertText }
} }`

// TestProductLogs: whoever follows the logs is told of what is logged, and sees of each what a query would show them.
func TestProductLogs(t *testing.T) {
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0")
	b := busOn(t, r.url())
	sids := logged(t, p.as(owner))
	seen, denied := p.as(billing).subscribe(everyLog), p.as(support).subscribe(everyLog)
	b.tell(demo.Main(), "CALL", sids["CALL"])
	b.tell(demo.Main(), "MESSAGE", sids["MESSAGE"])
	b.tell(demo.Main(), "ALERT", sids["ALERT"])

	a := seen.next().ok(t)
	if a.text("productLogs", "__typename") != "Call" || a.text("productLogs", "sid") != sids["CALL"] ||
		a.text("productLogs", "price", "amount") == "" {
		t.Errorf("as the Billing Manager: %s", a.body)
	}
	a = denied.next()
	if value, there := find(a.data, []any{"productLogs", "price"}); !there || value != nil || a.text("productLogs", "sid") != sids["CALL"] {
		t.Errorf("as Support: %s", a.body)
	}
	if len(a.errors) != 1 || a.code() != "FORBIDDEN" || a.errors[0].Extensions.Coordinate != "Call.price" ||
		!begins(a.errors[0].Path, []any{"productLogs", "price"}) {
		t.Errorf("as Support: %s", a.body)
	}
	for _, s := range []*stream{seen, denied} {
		if a := s.next().ok(t); a.text("productLogs", "sid") != sids["MESSAGE"] || a.text("productLogs", "body") == "" {
			t.Errorf("a message: %s", a.body)
		}
		if a := s.next().ok(t); a.text("productLogs", "sid") != sids["ALERT"] || a.text("productLogs", "alertText") == "" {
			t.Errorf("an alert: %s", a.body)
		}
	}
}

// TestProductLogsDenials: each event lists what it was denied in the way that the request asks for.
func TestProductLogsDenials(t *testing.T) {
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0")
	b := busOn(t, r.url())
	sids := logged(t, p.as(owner))
	for _, row := range []struct{ mode, want string }{
		{"each", `"path":["productLogs","price"]`},
		{"selection", `"count":1`},
		{"extensions", `"denied":[{`},
	} {
		s := p.as(support).subscribeWith(everyLog, vars{"denials": row.mode})
		for range 3 { // an event has its own denials, and not those of one before
			b.tell(demo.Main(), "CALL", sids["CALL"])
			a := s.next()
			inErrors := row.mode != "extensions"
			if len(a.errors) == 1 != inErrors || strings.Count(a.body, "FORBIDDEN") != 1 || !strings.Contains(a.body, row.want) {
				t.Errorf("%s: %s", row.mode, a.body)
			}
		}
		s.cancel()
	}
}

// TestProductLogsFilters: a filter narrows its own kind, and what a filter leaves out does not come.
func TestProductLogsFilters(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0")
	b := busOn(t, r.url())
	sids := logged(t, p.as(owner))
	what := p.as(owner).do(`query($c: ID!, $m: ID!, $a: ID!) {
		c: node(id: $c) { ... on Call { status direction from to } }
		m: node(id: $m) { ... on Message { status direction from to } }
		a: node(id: $a) { ... on Alert { logLevel } }
	}`, vars{"c": encodeID("Call", sids["CALL"]), "m": encodeID("Message", sids["MESSAGE"]), "a": encodeID("Alert", sids["ALERT"])}).ok(t)
	level, other := what.text("a", "logLevel"), "ERROR"
	if level == other {
		other = "DEBUG"
	}
	const all = "CALL MESSAGE ALERT"
	for _, row := range []struct{ name, arguments, want string }{
		{"none", ``, all},
		{"all kinds", `(kinds: null)`, all},
		{"one kind", `(kinds: [MESSAGE])`, "MESSAGE"},
		{"two kinds", `(kinds: [ALERT, CALL])`, "CALL ALERT"},
		{"no kind", `(kinds: [])`, ""},
		{"a call's state", `(callStatus: COMPLETED)`, all},
		{"another state", `(callStatus: BUSY)`, "MESSAGE ALERT"},
		{"a call's direction", `(callDirection: ` + what.text("c", "direction") + `)`, all},
		{"who called", `(callFrom: "` + what.text("c", "from") + `")`, all},
		{"someone else called", `(callFrom: "x")`, "MESSAGE ALERT"},
		{"who was called", `(callTo: "` + what.text("c", "to") + `")`, all},
		{"someone else was called", `(callTo: "' OR 1=1 --")`, "MESSAGE ALERT"},
		{"a message's state", `(messageStatus: DELIVERED)`, all},
		{"another message's state", `(messageStatus: FAILED)`, "CALL ALERT"},
		{"a message's direction", `(messageDirection: ` + what.text("m", "direction") + `)`, all},
		{"a message's sender", `(messageFrom: "` + what.text("m", "from") + `")`, all},
		{"a message to someone", `(messageTo: "` + what.text("m", "to") + `")`, all},
		{"a message to someone else", `(messageTo: "x")`, "CALL ALERT"},
		{"an alert's weight", `(alertLogLevel: ` + level + `)`, all},
		{"another weight", `(alertLogLevel: ` + other + `)`, "CALL MESSAGE"},
		{"several", `(kinds: [CALL, ALERT], callStatus: BUSY, messageStatus: DELIVERED)`, "ALERT"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := p.as(owner).subscribe(`subscription { productLogs` + row.arguments + ` { ... on Node { id } __typename } }`)
			defer s.cancel()
			last := p.as(owner).subscribe(`subscription { productLogs(kinds: [ALERT]) { __typename } }`)
			defer last.cancel()
			for _, kind := range strings.Fields(all) {
				b.tell(demo.Main(), kind, sids[kind])
			}
			var got []string
			for range strings.Fields(row.want) {
				got = append(got, strings.ToUpper(s.next().ok(t).text("productLogs", "__typename")))
			}
			if strings.Join(got, " ") != row.want {
				t.Errorf("got %v, want %s", got, row.want)
			}
			last.next()
			select {
			case a := <-s.events:
				t.Errorf("and then came %s", a.body)
			case <-time.After(50 * time.Millisecond):
			}
		})
	}
}

// TestProductLogsTenancy: an event of another account is not heard, and one that names what is another account's, or is
// no more, comes to nothing.
func TestProductLogsTenancy(t *testing.T) {
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0")
	b := busOn(t, r.url())
	ours, theirs := logged(t, p.as(owner)), logged(t, p.as(secondOwner))
	mine, second := p.as(owner).subscribe(everyLog), p.as(secondOwner).subscribe(everyLog)
	for kind := range ours {
		b.tell(demo.Second(), kind, theirs[kind]) // told to them alone
		b.tell(demo.Main(), kind, theirs[kind])   // told to us, and not ours
		b.tell(demo.Main(), kind, "XX"+theirs[kind][2:])
	}
	b.tell(demo.Main(), "CALL", ours["CALL"])
	if a := mine.next().ok(t); a.text("productLogs", "sid") != ours["CALL"] {
		t.Errorf("the first that came is %s", a.body)
	}
	for range theirs {
		a := second.next()
		if sid := a.text("productLogs", "sid"); sid != theirs[strings.ToUpper(a.text("productLogs", "__typename"))] {
			t.Errorf("to the second account came %s", a.body)
		}
	}
}

// TestProductLogsDenied: nothing begins for who may not follow the logs, or by a filter that reads what they may not read.
func TestProductLogsDenied(t *testing.T) {
	m := published(t).with("PRODUCT_LOGS", support, "").with("PERSONAL_DATA", developer, "")
	r := startRedis(t)
	p := startDemo(t, "--redis-url", r.url(), "--demo-events", "0", "--matrix", m.file(t))
	b := busOn(t, r.url())
	for _, row := range []struct {
		name                   string
		who                    client
		query                  string
		code, coordinate, need string
	}{
		{"a guest", p.guest(), everyLog, "UNAUTHENTICATED", "Subscription.productLogs", "PRODUCT_LOGS"},
		{"without the permission", p.as(support), everyLog, "FORBIDDEN", "Subscription.productLogs", "PRODUCT_LOGS"},
		{"under an alias", p.as(support), `subscription { viewer: productLogs { __typename } }`, "FORBIDDEN", "Subscription.productLogs", "PRODUCT_LOGS"},
		{"by a masked field", p.as(developer), `subscription { productLogs(callTo: "x") { __typename } }`, "FORBIDDEN", "Subscription.productLogs(callTo:)", "PERSONAL_DATA"},
		{"by another", p.as(developer), `subscription { productLogs(messageFrom: null) { __typename } }`, "FORBIDDEN", "Subscription.productLogs(messageFrom:)", "PERSONAL_DATA"},
	} {
		t.Run(row.name, func(t *testing.T) {
			last, _ := row.who.subscribe(row.query).ended()
			if last.hasData || len(last.errors) != 1 {
				t.Fatalf("got %s", last.body)
			}
			e := last.errors[0].Extensions
			if e.Code != row.code || e.Coordinate != row.coordinate || e.Permission != row.need {
				t.Errorf("got %s", last.body)
			}
			subscribers, err := b.redis.PubSubNumSub(t.Context(), "{fieldgate}:logs:"+demo.Main().SID).Result()
			if err != nil || subscribers["{fieldgate}:logs:"+demo.Main().SID] != 0 {
				t.Errorf("something has begun: %v %v", subscribers, err)
			}
		})
	}

	// Who may not see personal data sees it masked, and is told.
	sids := logged(t, p.as(owner))
	s := p.as(developer).subscribe(`subscription { productLogs { ... on Call { to } } }`)
	b.tell(demo.Main(), "CALL", sids["CALL"])
	a := s.next().ok(t)
	if !strings.Contains(a.text("productLogs", "to"), "•") || a.extensions["masked"] == nil {
		t.Errorf("got %s", a.body)
	}
}

// TestProductLogsForm: a subscription has one root field, which is a stream's.
func TestProductLogsForm(t *testing.T) {
	p := startDemo(t)
	for _, query := range []string{
		`subscription { __typename }`,
		`subscription { a: productLogs { __typename } b: productLogs { __typename } }`,
		`subscription { productLogs { __typename } __schema { types { name } } }`,
		`subscription { productLogs(kinds: [FAX]) { __typename } }`,
		`subscription { productLogs { sid } }`,
		`subscription { productLogs @skip(if: true) { __typename } }`,
	} {
		last, _ := p.as(owner).subscribe(query).ended()
		if last.hasData || len(last.errors) == 0 || last.code() == "INTERNAL_SERVER_ERROR" {
			t.Errorf("%s: %s", query, last.body)
		}
	}
}
