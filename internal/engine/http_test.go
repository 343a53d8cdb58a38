package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
)

const (
	mediaJSON     = "application/json"
	mediaResponse = "application/graphql-response+json"
)

// TestHTTP: raw requests and their answers (GraphQL over HTTP; RFC 9110). Bodies are posted as application/json, and
// no answer may repeat the text "marker" of a body that was refused.
func TestHTTP(t *testing.T) {
	const hello = `{"query":"{ hello }"}`
	address := func(values url.Values) string { return "/graphql?" + values.Encode() }
	for _, row := range []struct {
		name         string
		method, url  string // POST and /graphql when empty
		header       http.Header
		body         string
		status       int
		media        string // application/json when empty
		contains     string
		allow        string
		requestError bool // no data, and one error at least
	}{
		{name: "by POST", body: hello, status: 200, contains: `{"data":{"hello":"⟦Query.hello⟧"}}`},
		{name: "with a charset", header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}}, body: hello, status: 200},
		{name: "in another charset", header: http.Header{"Content-Type": {"application/json; charset=utf-16"}}, body: hello, status: 415, requestError: true},
		{name: "of no type", header: http.Header{"Content-Type": nil}, body: hello, status: 415, requestError: true},
		{name: "of an ill-formed type", header: http.Header{"Content-Type": {"application/json; charset"}}, body: hello, status: 415, requestError: true},
		{name: "as a form", header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, body: "query=%7Bhello%7D", status: 415, requestError: true},
		{name: "as text", header: http.Header{"Content-Type": {"text/plain"}}, body: hello, status: 415, requestError: true},
		{name: "as multipart", header: http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, body: hello, status: 415, requestError: true},
		{name: "of two types", header: http.Header{"Content-Type": {"application/json", "text/plain"}}, body: hello, status: 415, requestError: true},
		{name: "in two charsets", header: http.Header{"Content-Type": {"application/json; charset=utf-8; charset=utf-16"}}, body: hello, status: 415, requestError: true},
		{name: "of a type that is JSON besides", header: http.Header{"Content-Type": {"application/graphql+json"}}, body: hello, status: 415, requestError: true},
		{name: "as GraphQL", header: http.Header{"Content-Type": {"application/graphql"}}, body: `{ hello }`, status: 415, requestError: true},
		{name: "compressed after all", header: http.Header{"Content-Encoding": {"identity", "gzip"}}, body: hello, status: 415, requestError: true},
		{name: "compressed", header: http.Header{"Content-Encoding": {"gzip"}}, body: hello, status: 415, requestError: true},
		{name: "with no encoding by name", header: http.Header{"Content-Encoding": {"identity"}}, body: hello, status: 200},

		{name: "Accept of the new type", header: http.Header{"Accept": {mediaResponse}}, body: hello, status: 200, media: mediaResponse},
		{name: "Accept of the old type", header: http.Header{"Accept": {mediaJSON}}, body: hello, status: 200},
		{name: "Accept of anything", header: http.Header{"Accept": {"*/*"}}, body: hello, status: 200},
		{name: "Accept of application/*", header: http.Header{"Accept": {"application/*"}}, body: hello, status: 200},
		{name: "Accept by weight", header: http.Header{"Accept": {"application/json;q=0.5, application/graphql-response+json;q=0.9"}}, body: hello, status: 200, media: mediaResponse},
		{name: "Accept by order", header: http.Header{"Accept": {"application/graphql-response+json, application/json"}}, body: hello, status: 200, media: mediaResponse},
		{name: "Accept in two headers", header: http.Header{"Accept": {"text/html", mediaResponse}}, body: hello, status: 200, media: mediaResponse},
		{name: "Accept of a charset", header: http.Header{"Accept": {"application/graphql-response+json; charset=utf-8"}}, body: hello, status: 200, media: mediaResponse},
		{name: "Accept of another charset", header: http.Header{"Accept": {"application/json; charset=utf-16"}}, body: hello, status: 406, requestError: true},
		{name: "Accept of what we do not write", header: http.Header{"Accept": {"text/html"}}, body: hello, status: 406, requestError: true},
		{name: "Accept of nothing at all", header: http.Header{"Accept": {"application/json;q=0"}}, body: hello, status: 406, requestError: true},
		{name: "Accept of an ill-formed weight", header: http.Header{"Accept": {"application/json;q=x"}}, body: hello, status: 406, requestError: true},
		{name: "Accept of an ill-formed type", header: http.Header{"Accept": {";;, application/json"}}, body: hello, status: 200},

		{name: "no JSON", body: `{"query": marker}`, status: 400, requestError: true},
		{name: "no body", body: ``, status: 400, requestError: true},
		{name: "half a body", body: `{"query":"{ marker }"`, status: 400, requestError: true},
		{name: "trailing bytes", body: hello + `marker`, status: 400, requestError: true},
		{name: "two values", body: hello + hello, status: 400, requestError: true},
		{name: "a byte order mark", body: "\ufeff" + hello, status: 400, requestError: true},
		{name: "white space around", body: " \r\n\t" + hello + " \r\n\t", status: 200},
		{name: "white space of other kinds", body: "\u00a0" + hello, status: 400, requestError: true},
		{name: "a comment", body: `/* marker */` + hello, status: 400, requestError: true},
		{name: "a batch", body: `[` + hello + `]`, status: 400, requestError: true},
		{name: "a text", body: `"marker"`, status: 400, requestError: true},
		{name: "null", body: `null`, status: 400, requestError: true},
		{name: "a duplicate member", body: `{"query":"{ hello }","query":"{ marker }"}`, status: 400, requestError: true},
		{name: "a duplicate variable", body: `{"query":"{ hello }","variables":{"marker":1,"marker":2}}`, status: 400, requestError: true},
		{name: "a duplicate member by escape", body: `{"query":"{ hello }","qu\u0065ry":"{ marker }"}`, status: 400, requestError: true},
		{name: "a member in another case", body: `{"Query":"{ marker }"}`, status: 400, requestError: true},
		{name: "a member in another case beside the right one", body: `{"query":"{ hello }","QUERY":"{ marker }"}`, status: 200, contains: "⟦Query.hello⟧"},
		{name: "bytes that are not UTF-8", body: "{\"query\":\"{ hello }\",\"x\":\"\xff\"}", status: 400, requestError: true},
		{name: "deep nesting", body: `{"query":"{ hello }","variables":{"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}}`, status: 400, requestError: true},
		{name: "too large", body: `{"query":"{ hello }","x":"` + strings.Repeat("x", 256<<10) + `"}`, status: 413, requestError: true},
		{name: "no query", body: `{"operationName":"marker"}`, status: 400, requestError: true},
		{name: "a null query", body: `{"query":null}`, status: 400, requestError: true},
		{name: "an empty query", body: `{"query":" "}`, status: 400, requestError: true},
		{name: "a query that is a number", body: `{"query":7}`, status: 400, requestError: true},
		{name: "an operationName that is a number", body: `{"query":"{ hello }","operationName":7}`, status: 400, requestError: true},
		{name: "variables that are a list", body: `{"query":"{ hello }","variables":["marker"]}`, status: 400, requestError: true},
		{name: "extensions that are a text", body: `{"query":"{ hello }","extensions":"marker"}`, status: 400, requestError: true},
		{name: "null members", body: `{"query":"{ hello }","operationName":null,"variables":null,"extensions":null}`, status: 200},
		{name: "an unknown member", body: `{"query":"{ hello }","marker":1}`, status: 200},

		{name: "a syntax error", body: `{"query":"{ hello"}`, status: 200, contains: "GRAPHQL_PARSE_FAILED", requestError: true},
		{name: "a syntax error, to new clients", header: http.Header{"Accept": {mediaResponse}}, body: `{"query":"{ hello"}`, status: 400, media: mediaResponse, requestError: true},
		{name: "an unknown field", body: `{"query":"{ hallo }"}`, status: 200, contains: "GRAPHQL_VALIDATION_FAILED", requestError: true},
		{name: "an unknown field, to new clients", header: http.Header{"Accept": {mediaResponse}}, body: `{"query":"{ hallo }"}`, status: 400, media: mediaResponse, requestError: true},
		{name: "an unknown argument", body: `{"query":"{ hello(stomp: 1) }"}`, status: 200, requestError: true},
		{name: "an unknown type", body: `{"query":"query($x: Strin) { hello }"}`, status: 200, requestError: true},
		{name: "an unknown operation", body: `{"query":"query A { hello }","operationName":"B"}`, status: 200, requestError: true},
		{name: "an unknown operation, to new clients", header: http.Header{"Accept": {mediaResponse}}, body: `{"query":"query A { hello }","operationName":"B"}`, status: 400, media: mediaResponse, requestError: true},
		{name: "no operation of two", body: `{"query":"query A { hello } query B { hello }"}`, status: 200, requestError: true},
		{name: "the second operation", body: `{"query":"query A { hello } query B { b: hello }","operationName":"B"}`, status: 200, contains: `{"b":`},
		{name: "a variable of another type", body: `{"query":"query($x: Int) { things(first: $x) { __typename } }","variables":{"x":"one"}}`, status: 200, requestError: true},
		{name: "a variable that is missing", header: http.Header{"Accept": {mediaResponse}}, body: `{"query":"query($x: ID!) { node(id: $x) { id } }"}`, status: 400, media: mediaResponse, requestError: true},
		{name: "more tokens than are allowed", body: `{"query":"{ ` + strings.Repeat("hello ", 1000) + `}"}`, status: 200, requestError: true},
		{name: "a subscription", body: `{"query":"subscription { calls { name } }"}`, status: 400, requestError: true},

		{name: "by GET", method: "GET", url: address(url.Values{"query": {"{ hello }"}}), status: 200, contains: "⟦Query.hello⟧"},
		{name: "by GET with everything", method: "GET", url: address(url.Values{
			"query": {"query A($f: Int) { things(first: $f) { __typename } } query B { hello }"}, "operationName": {"A"},
			"variables": {`{"f":1}`}, "extensions": {`{"denials":"selection"}`}}), status: 200, contains: `[{"__typename":"Call"}]`},
		{name: "by GET with empty parameters", method: "GET", url: "/graphql?query=%7Bhello%7D&operationName=&variables=&extensions=", status: 200},
		{name: "by GET without a query", method: "GET", url: "/graphql", status: 400, requestError: true},
		{name: "by GET with variables that are no JSON", method: "GET", url: address(url.Values{"query": {"{ hello }"}, "variables": {"marker"}}), status: 400, requestError: true},
		{name: "by GET with variables that are a list", method: "GET", url: address(url.Values{"query": {"{ hello }"}, "variables": {"[]"}}), status: 400, requestError: true},
		{name: "by GET with a query twice", method: "GET", url: address(url.Values{"query": {"{ hello }", "{ marker }"}}), status: 400, requestError: true},
		{name: "by GET with another parameter twice", method: "GET", url: address(url.Values{"query": {"{ hello }"}, "x": {"1", "marker"}}), status: 400, requestError: true},
		{name: "by GET with another parameter", method: "GET", url: address(url.Values{"query": {"{ hello }"}, "marker": {"1"}}), status: 200},
		{name: "by GET with a parameter in another case", method: "GET", url: address(url.Values{"Query": {"{ marker }"}}), status: 400, requestError: true},
		{name: "by GET with an escape that is none", method: "GET", url: "/graphql?query=%7Bhello%7D&marker=%zz", status: 400, requestError: true},
		{name: "by GET with parameters that others would part", method: "GET", url: "/graphql?query=%7Bhello%7D;query=%7Bmarker%7D", status: 400, requestError: true},
		{name: "by GET with bytes that are not UTF-8", method: "GET", url: "/graphql?query=%7Bhello%7D%23%ff", status: 400, requestError: true},
		{name: "by GET with a duplicate variable", method: "GET", url: address(url.Values{"query": {"{ hello }"}, "variables": {`{"marker":1,"marker":2}`}}), status: 400, requestError: true},
		{name: "by GET with a body", method: "GET", url: "/graphql?query=%7Bhello%7D", body: `{"query":"{ marker }"}`, status: 200, contains: "⟦Query.hello⟧"},
		{name: "by POST with parameters in the address", url: "/graphql?query=%7Bmarker%7D", body: hello, status: 200, contains: "⟦Query.hello⟧"},
		{name: "by GET with too long an address", method: "GET", url: address(url.Values{"query": {strings.Repeat("#", 256<<10)}}), status: 414, requestError: true},
		{name: "a mutation by GET", method: "GET", url: address(url.Values{"query": {"mutation { ping }"}}), status: 405, allow: "POST", requestError: true},
		{name: "by PUT", method: "PUT", body: hello, status: 405, allow: "GET, POST", requestError: true},
		{name: "by DELETE", method: "DELETE", url: "/graphql?query=%7Bhello%7D", status: 405, allow: "GET, POST", requestError: true},
		{name: "by PATCH", method: "PATCH", body: hello, status: 405, allow: "GET, POST", requestError: true},
		{name: "by QUERY", method: "QUERY", body: hello, status: 405, allow: "GET, POST", requestError: true},
		{name: "by HEAD", method: "HEAD", url: "/graphql?query=%7Bhello%7D", status: 405, allow: "GET, POST", requestError: true},
		{name: "by OPTIONS", method: "OPTIONS", status: 405, allow: "GET, POST", requestError: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			method, address, media := "POST", "/graphql", mediaJSON
			if row.method != "" {
				method = row.method
			}
			if row.url != "" {
				address = row.url
			}
			if row.media != "" {
				media = row.media
			}
			r := httptest.NewRequest(method, address, strings.NewReader(row.body))
			r.Header.Set("Content-Type", mediaJSON)
			for name, values := range row.header {
				if r.Header[name] = values; values == nil {
					r.Header.Del(name)
				}
			}
			a := gatewayFor(t, holding(permissions...)).do(r, nil)
			if a.status != row.status {
				t.Errorf("status %d, want %d: %s", a.status, row.status, a.text)
			}
			if got := a.header.Get("Content-Type"); got != media+"; charset=utf-8" {
				t.Errorf("Content-Type: %s", got)
			}
			if got := a.header.Get("Allow"); got != row.allow {
				t.Errorf("Allow: %q, want %q", got, row.allow)
			}
			if !strings.Contains(a.text, row.contains) || strings.Contains(a.text, "marker") || strings.Contains(a.text, "Did you mean") {
				t.Errorf("answer: %s", a.text)
			}
			if row.requestError != (a.Data == nil && len(a.Errors) > 0 && a.Errors[0].Message != "" && a.Errors[0].Extensions["code"] != nil) {
				t.Errorf("answer: %s", a.text)
			}
			if row.requestError && a.visits.Total() > 0 {
				t.Error("a resolver ran")
			}
			if cache := a.header.Get("Cache-Control"); !strings.Contains(cache, "no-store") || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers: %v", a.header)
			}
		})
	}
}

// TestNoSuggestions: a message that helps with a name tells names. None does.
func TestNoSuggestions(t *testing.T) {
	g := gatewayFor(t, guest())
	for _, query := range []string{
		`{ hell }`, `{ page { secre } }`, `{ hello(stam: 1) }`, `{ calls(where: {pric: 1}) { name } }`, `query($x: Cal) { hello }`,
		`{ things { ... on Ke { name } } }`, `{ page }`, `{ hello @skp(if: true) }`, `query($x: CallWher) { hello }`,
		`mutation { rename(input: {pric: "x"}) { page { name } } }`, `{ search(not: "x") }`,
		`{ results { name } }`, `fragment A on Kee { name } { ...A }`, `{ ...B } fragment A on Query { hello }`,
		`{ page { query } }`, `{ hello { name } }`,
	} {
		a := g.ask(query)
		if len(a.Errors) == 0 || a.Data != nil {
			t.Errorf("%s: %s", query, a.text)
		}
		for _, told := range []string{"Did you mean", "did you mean"} {
			if strings.Contains(a.text, told) {
				t.Errorf("%s: %s", query, a.text)
			}
		}
	}
}

// TestRequestErrorsAreCapped: a short document may hold very many errors.
func TestRequestErrorsAreCapped(t *testing.T) {
	g := gatewayFor(t, guest())
	for n, want := range map[int]int{9: 9, 10: 10, 11: 11, 300: 11} {
		var query strings.Builder
		for i := range n {
			fmt.Fprintf(&query, " wrong%d", i)
		}
		a := g.ask("{" + query.String() + "}")
		if len(a.Errors) != want {
			t.Errorf("%d errors make %d, want %d", n, len(a.Errors), want)
		}
		if more := fmt.Sprintf("There are %d more errors.", n-10); n > 10 && a.Errors[10].Message != more {
			t.Errorf("the last of %d: %s", n, a.Errors[10].Message)
		}
	}
}

// TestTime: an operation is stopped at its limit, and what it has by then is answered.
func TestTime(t *testing.T) {
	visits := &model.Visits{On: map[string]func(context.Context) error{
		"Query.hello": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	}}
	var told engine.Outcome
	g := gatewayFor(t, holding(), func(cfg *engine.Config) {
		cfg.Limits.Time = 300 * time.Millisecond
		cfg.Observer = outcomes{&told}
	})
	a := g.send(request{Query: `{ hello page { name } }`, visits: visits})
	a.wantDenied(t, "hello TIMEOUT <nil>")
	a.wantData(t, `{"hello":null,"page":{"name":"⟦Page.name⟧"}}`)
	if told.Limit != "time" {
		t.Errorf("whoever watches is told of the limit %q", told.Limit)
	}
	none := gatewayFor(t, holding(), func(cfg *engine.Config) { cfg.Limits.Time = time.Second })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	body, err := json.Marshal(request{Query: `{ hello }`})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", mediaJSON)
	if a := none.do(r, nil); a.Data != nil || len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "TIMEOUT" || a.visits.Total() > 0 {
		t.Errorf("a request that is over before it begins: %s", a.text)
	}
}

// TestSubscription: a denied subscription has no stream, and each event of a permitted one is filtered.
func TestSubscription(t *testing.T) {
	const query = `subscription { calls { name price } }`
	for _, row := range []struct {
		name   string
		caller caller
		data   string
		denied string
	}{
		{"a guest", guest(), "", "calls UNAUTHENTICATED Subscription.calls"},
		{"without the permission", holding(), "", "calls FORBIDDEN Subscription.calls"},
		{"with it", holding(logs), `{"calls":{"name":"⟦Call.name⟧","price":null}}`, "calls.price FORBIDDEN Call.price"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, err := engine.NewHandler(enginetest.New(), configOf(t, row.caller))
			if err != nil {
				t.Fatal(err)
			}
			a := gateway{t, firstEvent{h}, row.caller}.ask(query)
			a.wantData(t, row.data)
			a.wantDenied(t, row.denied)
			if ran := a.visits.Total() > 0; ran != (row.data != "") {
				t.Errorf("the resolver ran: %v", ran)
			}
		})
	}
}

// firstEvent answers with the first event of a stream.
type firstEvent struct{ *engine.Handler }

func (f firstEvent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var params graphql.RawParams
	_ = json.NewDecoder(r.Body).Decode(&params)
	resp := f.Events(r.Context(), params.Query)()
	envelope := map[string]any{"errors": resp.Errors}
	if resp.Data != nil {
		envelope["data"] = resp.Data
	}
	_ = json.NewEncoder(w).Encode(envelope)
}

// unsent is a body of which nothing comes. It notes how much room there is for it.
type unsent struct{ room int }

func (u *unsent) Read(p []byte) (int, error) {
	u.room = len(p)
	return 0, io.EOF
}

// TestPromisedBody: a body that is only promised takes little.
func TestPromisedBody(t *testing.T) {
	g := gatewayFor(t, guest())
	body := &unsent{}
	r := httptest.NewRequest("POST", "/graphql", body)
	r.Header.Set("Content-Type", mediaJSON)
	r.ContentLength = engine.DefaultLimits().BodyBytes
	g.handler.ServeHTTP(httptest.NewRecorder(), r)
	if body.room == 0 || body.room > 32<<10 {
		t.Errorf("%d bytes of room", body.room)
	}
}
