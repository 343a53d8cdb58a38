package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/resolvers"
	"github.com/vektah/gqlparser/v2/ast"
)

// inside is what no answer may have: the words of what the gateway is made of.
var inside = map[string]*regexp.Regexp{
	"a suggestion": regexp.MustCompile(`(?i)did you mean|perhaps you|similar to`),
	"a stack":      regexp.MustCompile(`(?i)goroutine|panic|runtime error|nil pointer|\.go\b|stack`),
	"SQL":          regexp.MustCompile(`(?i)\bselect\b.+\bfrom\b|\binsert into\b|\bupdate\b.+\bset\b|no such (table|column)|sqlstate|constraint|syntax error at`),
	"a library":    regexp.MustCompile(`(?i)sqlite|postgres|pgx|redis|gqlgen|gqlparser|golang|net/http|jwt|github`),
	"a path":       regexp.MustCompile(`(?i)/(usr|home|tmp|root|var|etc|proc|internal|go|data|keys)/|\.(db|pem|sql|csv|graphqls)\b`),
	"a version":    regexp.MustCompile(`\bv?\d+\.\d+(\.\d+)+\b|\bgo1\.`),
	"an address":   regexp.MustCompile(`(?i)127\.0\.0\.1|localhost|\[::1\]|\bdial\b|[\w\]]:\d{4,5}\b|connection re`),
	"a Go type":    regexp.MustCompile(`\b(int64|float64|uint\d*|nil|struct)\b|<nil>|map\[|interface \{|\[\]\w+|json: |\*?\b(model|ast|gqlerror|engine|policy|problem|strconv|errors|fmt|time)\.[A-Za-z]`),
}

// quiet fails the test when an answer says something of the inside. What the request itself said is no news.
func quiet(t *testing.T, a answer) {
	t.Helper()
	if a.status < 400 && len(a.errors) == 0 {
		t.Errorf("nothing was wrong: %d %.500s", a.status, a.body)
	}
	text := strings.ReplaceAll(a.body, a.header.Get("X-Request-Id"), "") // random letters, which may be any word
	for name, values := range a.header {
		switch name {
		case "Server", "X-Powered-By", "Via", "X-Aspnet-Version":
			t.Errorf("the header %s: %s", name, values)
		case "Date", "X-Request-Id": // which are about nothing of it
		default:
			text += "\n" + strings.Join(values, "\n")
		}
	}
	for what, words := range inside {
		if found := words.FindString(text); found != "" {
			t.Errorf("the answer has %s, %q: %d %.1000s", what, found, a.status, text)
		}
	}
}

// TestInside: each of these words is found where it stands, or else nothing here tests anything.
func TestInside(t *testing.T) {
	for what, examples := range map[string][]string{
		"a suggestion": {`Did you mean "balance"?`},
		"a stack":      {"goroutine 1 [running]:", "runtime error: index out of range", "resolvers/query.go:31"},
		"SQL":          {`no such table: calls`, "SELECT sid FROM calls", `ERROR: syntax error at or near "x" (SQLSTATE 42601)`},
		"a library":    {"pq: sqlite", "redis: nil"},
		"a path":       {"open /var/lib/x: denied", "fieldgate.db"},
		"a version":    {"Fieldgate/1.2.3", "go1.26.8"},
		"an address":   {"dial tcp 127.0.0.1:6379: connect", "connection refused"},
		"a Go type":    {"*model.Call", "map[string]interface {}", "json: cannot unmarshal", "<nil>"},
	} {
		for _, text := range examples {
			if !inside[what].MatchString(text) {
				t.Errorf("%s is not found in %s", what, text)
			}
		}
	}
}

// TestNothingLeaks asks for what must fail, in every way that there is.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	p := startDemo(t)
	root := strings.TrimSuffix(p.url, "/graphql")
	who := p.as(support)
	post := func(body string) *http.Request { return who.request(http.MethodPost, p.url, body) }
	with := func(r *http.Request, name, value string) *http.Request { r.Header.Set(name, value); return r }
	ask := func(query string) *http.Request { return post(fmt.Sprintf(`{"query": %q}`, query)) }
	for name, r := range map[string]*http.Request{
		"a syntax error":             ask("{ account {"),
		"a syntax error of bytes":    ask("{ \x01 }"),
		"an unclosed text":           ask(`{ node(id: "x`),
		"a number of 1000 digits":    ask("{ account { calls(first: " + strings.Repeat("9", 300) + ") { __typename } } }"),
		"an unknown field":           ask("{ acount { sid } }"),
		"an unknown directive":       ask("{ account @hasPermision(permission: USAGE) { sid } }"),
		"an unknown fragment":        ask("{ ...Acount }"),
		"a cycle of fragments":       ask("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"),
		"an unknown input field":     ask(`mutation { createApiKey(input: {freindlyName: "x"}) { secret } }`),
		"a wrong literal":            ask(`{ account { calls(first: "x") { __typename } } }`),
		"a wrong enum":               ask(`{ account { calls(status: "COMPLETED") { __typename } } }`),
		"a wrong day":                ask(`{ account { usageRecords(start: "2026-02-30") { __typename } } }`),
		"a wrong moment":             ask(`{ account { calls(startTimeAfter: "0000-00-00T00:00:00Z") { __typename } } }`),
		"a wrong moment, a number":   ask(`{ account { calls(startTimeAfter: 1e400) { __typename } } }`),
		"an id that is none":         ask(`{ node(id: "../../etc") { id } }`),
		"ids that are none":          ask(`{ nodes(ids: ["", "x"]) { id } }`),
		"an id with SQL in it":       ask(`{ node(id: "` + encodeID("Call", "x'--") + `") { id } }`),
		"a cursor that is none":      ask(`{ account { calls(after: "x") { __typename } } }`),
		"a text with a zero":         ask(`{ account { calls(to: "\u0000") { __typename } } }`),
		"a subscription":             ask(`subscription { nothing }`),
		"@defer":                     ask(`{ ... @defer { account { sid } } }`),
		"a variable of another type": post(`{"query": "query($n: Int) { account { calls(first: $n) { __typename } } }", "variables": {"n": {"a": [1]}}}`),
		"a variable of an enum":      post(`{"query": "query($s: CallStatus) { account { calls(status: $s) { __typename } } }", "variables": {"s": 1}}`),
		"a variable that is missing": post(`{"query": "query($id: ID!) { node(id: $id) { id } }"}`),
		"variables of a wrong form":  post(`{"query": "{ account { sid } }", "variables": "x"}`),
		"a null for a list":          post(`{"query": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": [null]}}`),
		"an object for an input":     post(`{"query": "mutation($i: SetUserRolesInput!) { setUserRoles(input: $i) { __typename } }", "variables": {"i": [1]}}`),
		"extensions of a wrong form": post(`{"query": "{ account { sid } }", "extensions": []}`),
		"JSON that is none":          post(`{"query": `),
		"JSON nested deeply":         post(strings.Repeat("[", 10000)),
		"a batch":                    post(`[{"query": "{ account { sid } }"}]`),
		"an oversized body":          post(`{"query": "` + strings.Repeat(" ", 300<<10) + `"}`),
		"an oversized document":      ask("{ " + strings.Repeat("a ", 2000) + "}"),
		"an oversized address":       who.request(http.MethodGet, p.url+"?query="+strings.Repeat("x", 5000), ""),
		"a wrong content type":       with(ask("{ account { sid } }"), "Content-Type", "text/html"),
		"a content type of nonsense": with(ask("{ account { sid } }"), "Content-Type", ";;;"),
		"a wrong encoding":           with(ask("{ account { sid } }"), "Content-Encoding", "br"),
		"an answer in another form":  with(ask("{ account { sid } }"), "Accept", "image/png"),
		"another method":             who.request(http.MethodDelete, p.url, ""),
		"a wrong token":              with(ask("{ account { sid } }"), "Authorization", "Bearer a.b.c"),
		"a token in the address":     who.request(http.MethodGet, p.url+"?access_token=x", ""),
		"an unknown address":         who.request(http.MethodGet, root+"/debug/vars", ""),
		"a path that climbs":         who.request(http.MethodGet, root+"/..%2f..%2fetc/passwd", ""),
		"a schema by another method": who.request(http.MethodPost, root+"/schema.graphqls", ""),
		"a wrong password":           ask(`mutation { signIn(input: {email: "owner@example.com", password: "x"}) { accessToken } }`),
		"a wrong refresh token":      ask(`mutation { refreshSession(input: {refreshToken: "x:y:z"}) { accessToken } }`),
		"a wrong invitation":         ask(`mutation { acceptInvitation(input: {token: "' OR 1=1", password: "12345678"}) { email } }`),
		"a session by a pattern":     ask(`mutation { signOut { nothing } }`),
	} {
		t.Run(name, func(t *testing.T) { quiet(t, who.send(r)) })
	}
	t.Run("another host", func(t *testing.T) {
		r := ask("{ account { sid } }")
		r.Host = "attacker.example"
		quiet(t, who.send(r))
	})
}

// TestNamesAreNotTold misspells every name of the schema by its last letter: what comes back does not have the name.
func TestNamesAreNotTold(t *testing.T) {
	t.Parallel()
	s := load(t, sdl(t))
	p := startDemo(t)
	tried := 0
	try := func(name, query string) {
		t.Helper()
		tried++
		for _, c := range []client{p.guest(), p.as(support)} {
			a := c.do(query, nil)
			quiet(t, a)
			if regexp.MustCompile(`\b` + name + `\b`).MatchString(a.body) {
				t.Errorf("%s: the answer tells %s: %s", query, name, a.body)
			}
		}
	}
	ways := routes(s, 1)
	for _, object := range slices.Sorted(maps.Keys(s.Types)) {
		def := s.Types[object]
		if def.BuiltIn || strings.HasPrefix(object, "__") {
			continue
		}
		wrong := object[:len(object)-1]
		if s.Types[wrong] == nil && def.Kind == ast.Object {
			try(object, `{ node(id: "x") { ... on `+wrong+` { id } } }`)
		}
		if s.Types[wrong] == nil && def.Kind != ast.Object && def.Kind != ast.Interface {
			try(object, `query($x: `+wrong+`) { viewer { sid } }`)
		}
		r, reached := ways[object]
		for _, f := range def.Fields {
			if wrong := f.Name[:len(f.Name)-1]; reached && len(wrong) > 3 && def.Fields.ForName(wrong) == nil && !slices.Contains(r.names, f.Name) {
				try(f.Name, r.open+wrong+r.close)
			}
			for _, a := range f.Arguments {
				if wrong := a.Name[:len(a.Name)-1]; reached && len(wrong) > 3 && f.Arguments.ForName(wrong) == nil {
					try(a.Name, r.open+f.Name+"("+wrong+": 1) { __typename }"+r.close)
				}
				for _, v := range s.Types[a.Type.Name()].EnumValues {
					if wrong := v.Name[:len(v.Name)-1]; reached && s.Types[a.Type.Name()].EnumValues.ForName(wrong) == nil {
						try(v.Name, r.open+f.Name+"("+a.Name+": "+wrong+") { __typename }"+r.close)
					}
				}
			}
		}
	}
	for _, m := range s.Mutation.Fields {
		try(m.Name, "mutation { "+m.Name[:len(m.Name)-1]+" { __typename } }")
		if in := m.Arguments.ForName("input"); in != nil {
			for _, f := range s.Types[in.Type.Name()].Fields {
				if len(f.Name) > 3 && !f.Type.NonNull { // what must be given is asked for by name, as GraphQL has it
					try(f.Name, "mutation { "+m.Name+"(input: {"+f.Name[:len(f.Name)-1]+`: "x"}) { __typename } }`)
				}
			}
		}
	}
	t.Logf("%d names", tried)
	if tried < 200 {
		t.Errorf("only %d names", tried)
	}
}

// TestBrokenInside: neither a database that fails nor a panic says anything of itself. The log has it, under the
// request's id.
func TestBrokenInside(t *testing.T) {
	p := startDemo(t)
	c := p.as(owner)
	for _, broken := range []string{
		"ALTER TABLE calls RENAME COLUMN status TO gone", "ALTER TABLE messages RENAME TO gone", "ALTER TABLE users RENAME COLUMN email TO gone",
		"UPDATE alerts SET date_generated = 'a secret'",
	} {
		p.change(broken)
	}
	for _, query := range []string{
		`{ account { calls { edges { node { status } } } } }`, `{ account { calls(status: COMPLETED) { edges { node { sid } } } } }`,
		`{ account { messages { edges { node { sid } } } } }`, `{ viewer { email } }`, `{ account { users { edges { node { email } } } } }`,
		`{ account { alerts { edges { node { dateGenerated } } } } }`,
		`mutation { signIn(input: {email: "owner@example.com", password: "x"}) { accessToken } }`,
	} {
		a := c.do(query, nil)
		quiet(t, a)
		id := a.header.Get("X-Request-Id")
		if a.code() != "INTERNAL_SERVER_ERROR" || !strings.Contains(a.body, `"requestId":"`+id+`"`) || !strings.Contains(p.stderr.String(), id) ||
			strings.Contains(a.body, "a secret") || strings.Contains(a.body, "gone") {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

// TestPanic: a part that is missing panics wherever it is asked, and nothing of that is told.
func TestPanic(t *testing.T) {
	schema, matrix, log := ownSchema(), policy.Published(), newWritten()
	table, faults := policy.Compile(schema, matrix)
	set, err := matrix.Set(policy.Owner)
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	parts := graph.Config{Resolvers: &resolvers.Root{Matrix: matrix}} // and no upstream
	h, err := engine.NewHandler(graph.NewGuardedSchema(parts), engine.Config{
		Table: table, Views: engine.NewViews(engine.IntrospectionRole, schema, table),
		Caller:  func(ctx context.Context) policy.Set { return auth.From(ctx).Set },
		TypeOf:  func(string) string { return "Call" },
		Present: resolvers.Presenter(logger), Log: logger, Limits: engine.DefaultLimits(), Denials: engine.DenialsEach,
		Streams: engine.Streams{
			Authenticate: func(ctx context.Context, _ string) (context.Context, error) { return ctx, nil },
			Watch:        (&auth.Service{}).Watch,
			Over:         auth.Over,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(proxies(nil).scoped(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(auth.With(r.Context(), auth.Principal{User: "US1", Account: "AC1", Set: set})))
	})))
	defer server.Close()
	c := client{p: &program{t: t, url: server.URL, http: server.Client()}}
	call := encodeID("Call", "CA1")
	for _, query := range []string{
		`{ account { sid } }`, `{ viewer { email } }`, `{ node(id: "` + call + `") { id } }`, `{ nodes(ids: ["` + call + `"]) { id } }`,
	} {
		a := c.do(query, nil)
		quiet(t, a)
		if a.code() != "INTERNAL_SERVER_ERROR" || len(a.errors) != 1 || !strings.Contains(log.String(), "panic while an operation ran") {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}
