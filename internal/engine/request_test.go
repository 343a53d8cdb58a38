package engine

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// FuzzReadParams: whatever the body is, it is read as a request or refused with a status, a body that encoding/json
// does not read is refused, and no error repeats a part of it.
func FuzzReadParams(f *testing.F) {
	for _, seed := range []string{
		`{"query":"{ viewer { sid } }"}`,
		`{"query":"query A { a }","operationName":"A","variables":{"x":[1,2.5,null,true,{"y":"z"}]},"extensions":{"denials":"each"}}`,
		`{"query":"{ a }","query":"{ b }"}`, `{"query":"{ a }"}{"query":"{ b }"}`, `{"Query":"{ a }"}`, `[{"query":"{ a }"}]`,
		`{"query":null}`, `{"query":7}`, `{"variables":[]}`, `{"query":"\ud800"}`, "{\"query\":\"\xff\"}", `{"query":"a","variables":{"a":{"a":{"a":{}}}}}`,
		`null`, `"`, ``, `{`, `{"query":"{ a }",}`, `{"query":"{ a }","variables":{"x":1e999}}`, "\ufeff{}", `{"query":"{ secret-marker"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const most = 4096
		limits := DefaultLimits()
		limits.BodyBytes = most
		asked := transport{Config: &Config{Limits: limits}, buffers: new(buffers)}
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		var p graphql.RawParams
		err := asked.readParams(httptest.NewRecorder(), r, &p)
		if err != nil {
			var refused refusedRequest
			if !errors.As(err, &refused) || refused.status < 400 || refused.status > 499 {
				t.Fatal(err)
			}
			if strings.Contains(err.Error(), "secret-marker") {
				t.Fatalf("the error repeats the body: %v", err)
			}
			return
		}
		var plain struct {
			Query         string         `json:"query"`
			OperationName string         `json:"operationName"`
			Variables     map[string]any `json:"variables"`
		}
		if len(body) > most || !utf8.Valid(body) || !json.Valid(body) || strings.TrimSpace(p.Query) == "" && (p.Query != "" || p.Extensions[nameKey] == nil) {
			t.Fatalf("accepted: %q", body)
		}
		// encoding/json takes members in any case; where there are none such, the two readers agree.
		if err := json.Unmarshal(body, &plain); err == nil && !hasCaseVariant(body) &&
			(plain.Query != p.Query || plain.OperationName != p.OperationName || len(plain.Variables) != len(p.Variables)) {
			t.Fatalf("two readers read two requests: %+v %+v", plain, p)
		}
	})
}

// FuzzReadQuery: whatever the address is, it is read as a request or refused with a status. What is read is what every other
// reader of it reads: each parameter once, in UTF-8.
func FuzzReadQuery(f *testing.F) {
	for _, seed := range []string{
		"query=%7Bhello%7D", "query=%7Bhello%7D&operationName=A&variables=%7B%22x%22%3A1%7D&extensions=%7B%7D", "query=a&query=b",
		"query=a;query=b", "query=%zz", "query=%ff", "query=", "", "&&", "query=a&variables=%7B%22x%22%3A1%2C%22x%22%3A2%7D",
		"query=a&variables=secret-marker", "Query=a", "query=a+b%2Bc", "%71uery=a", "query=a&operationName=&variables=&extensions=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		const most = 4096
		limits := DefaultLimits()
		limits.BodyBytes = most
		asked := transport{Config: &Config{Limits: limits}, buffers: new(buffers)}
		r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		r.URL.RawQuery = query
		var p graphql.RawParams
		err := asked.readParams(httptest.NewRecorder(), r, &p)
		if err != nil {
			var refused refusedRequest
			if !errors.As(err, &refused) || refused.status < 400 || refused.status > 499 {
				t.Fatal(err)
			}
			if strings.Contains(err.Error(), "secret-marker") {
				t.Fatalf("the error repeats the address: %v", err)
			}
			return
		}
		all, err := url.ParseQuery(query)
		if err != nil || len(query) > most || len(all["query"]) != 1 || all["query"][0] != p.Query || !utf8.ValidString(p.Query) ||
			strings.TrimSpace(p.Query) == "" || all.Get("operationName") != p.OperationName {
			t.Fatalf("accepted: %q as %+v", query, p)
		}
		for name, got := range map[string]map[string]any{"variables": p.Variables, "extensions": p.Extensions} {
			if text := all.Get(name); text != "" && !json.Valid([]byte(text)) || text == "" && got != nil {
				t.Fatalf("accepted: %s of %q", name, query)
			}
		}
	})
}

// hasCaseVariant says whether a request has a member that is one of ours but for its case.
func hasCaseVariant(body []byte) bool {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members)
	for name := range members {
		for _, ours := range []string{"query", "operationName", "variables"} {
			if name != ours && strings.EqualFold(name, ours) {
				return true
			}
		}
	}
	return false
}

// TestBodyThatBreaks: a body that cannot be read to its end is the client's fault.
func TestBodyThatBreaks(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/graphql", brokenReader{})
	r.Header.Set("Content-Type", "application/json")
	var p graphql.RawParams
	err := transport{Config: &Config{Limits: DefaultLimits()}, buffers: new(buffers)}.readParams(httptest.NewRecorder(), r, &p)
	var refused refusedRequest
	if !errors.As(err, &refused) || refused.status != http.StatusBadRequest || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("secret of the network") }

// TestStatus: what an answer's first error makes of its status (GraphQL over HTTP, section 6.4.2).
func TestStatus(t *testing.T) {
	refused := func(code any) *answer {
		resp := graphql.ErrorResponse(t.Context(), "refused")
		resp.Errors[0].Extensions = map[string]any{"code": code}
		return answered(resp, nil)
	}
	for _, row := range []struct {
		name  string
		media string
		resp  *answer
		want  int
	}{
		{"data", mediaResponse, &answer{Data: []byte(`{}`)}, 200},
		{"null data with errors", mediaResponse, &answer{Data: []byte(`null`), Errors: refused(problem.Forbidden).Errors}, 200},
		{"nothing at all", mediaResponse, &answer{}, 200},
		{"denied", mediaResponse, refused(problem.Forbidden), 403},
		{"a guest denied", mediaResponse, refused(problem.Unauthenticated), 401},
		{"not available", mediaResponse, refused(problem.Unavailable), 503},
		{"too late", mediaResponse, refused(problem.Timeout), 504},
		{"our fault", mediaResponse, refused(problem.Internal), 500},
		{"a limit", mediaResponse, refused(problem.LimitExceeded), 400},
		{"gqlgen's own code", mediaResponse, refused("GRAPHQL_VALIDATION_FAILED"), 400},
		{"no code", mediaResponse, refused(nil), 400},
		{"denied, to old clients", mediaJSON, refused(problem.Forbidden), 200},
	} {
		if got := statusOf(row.media, row.resp); got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
}
