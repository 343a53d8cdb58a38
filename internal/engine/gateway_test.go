package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/rules"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The permissions of the tests' schema.
const (
	credentials policy.Permission = "API_CREDENTIALS"
	billing     policy.Permission = "BILLING_HISTORY_AND_SETTINGS"
	logs        policy.Permission = "PRODUCT_LOGS"
	usage       policy.Permission = "USAGE"
	personal    policy.Permission = "PERSONAL_DATA"
)

var permissions = []policy.Permission{credentials, billing, logs, usage, personal}

// caller is who asks in a test: a guest, or someone signed in who holds just these permissions.
type caller struct {
	signedIn bool
	holds    []policy.Permission
}

func guest() caller                             { return caller{} }
func holding(holds ...policy.Permission) caller { return caller{true, holds} }

// has says whether the caller holds a permission.
func (c caller) has(p policy.Permission) bool { return c.signedIn && slices.Contains(c.holds, p) }

// matrix is a matrix in which a Developer holds what the caller holds.
func (c caller) matrix(t testing.TB) *policy.Matrix {
	t.Helper()
	text := "permission,title,implies,owner,administrator,developer,billing_manager,support,source\n"
	for _, p := range permissions {
		cell := ""
		if c.has(p) {
			cell = "x"
		}
		text += fmt.Sprintf("%s,%s,,,,%s,,,test\n", p, p, cell)
	}
	m, err := policy.ParseMatrix(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// set is what the caller holds by that matrix.
func (c caller) set(t testing.TB, m *policy.Matrix) policy.Set {
	t.Helper()
	if !c.signedIn {
		return policy.Set{}
	}
	set, err := m.Set(policy.Developer)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// schemaSource is the tests' schema.
func schemaSource(t testing.TB) *ast.Source {
	t.Helper()
	text, err := os.ReadFile("enginetest/schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	return &ast.Source{Name: "schema.graphqls", Input: string(text)}
}

// signedInKey marks the contexts of requests that are not a guest's.
type signedInKey struct{}

// configOf is a configuration under which everybody signed in holds what c holds.
func configOf(t testing.TB, c caller) engine.Config {
	t.Helper()
	m := c.matrix(t)
	table, err := rules.Compile(schemaSource(t), m)
	if err != nil {
		t.Fatal(err)
	}
	c.signedIn = true
	set := c.set(t, m)
	return engine.Config{
		Table: table,
		Views: engine.NewViews(engine.IntrospectionRole, enginetest.New().Schema(), table),
		Caller: func(ctx context.Context) policy.Set {
			if ctx.Value(signedInKey{}) == nil {
				return policy.Set{}
			}
			return set
		},
		TypeOf:  enginetest.TypeOf,
		Present: present,
		Log:     slog.New(slog.DiscardHandler),
		Denials: engine.DenialsEach,
		Limits:  engine.DefaultLimits(),
		Sockets: engine.DefaultSocketLimits(),
		Streams: engine.Streams{
			Authenticate: func(ctx context.Context, token string) (context.Context, error) {
				if token != signedInToken {
					return nil, problem.New(problem.Unauthenticated, "The access token is not valid.")
				}
				return context.WithValue(ctx, signedInKey{}, true), nil
			},
			Watch: context.WithCancel,
			Over:  func(error) bool { return false },
		},
	}
}

// signedInToken stands for whoever is signed in, where a token is given in a message.
const signedInToken = "signed-in"

// present shows the errors of package problem, as the program's presenter does, and hides all others.
func present(ctx context.Context, err error) *gqlerror.Error {
	var known *gqlerror.Error
	if errors.As(err, &known) && known.Extensions["code"] != nil {
		return known
	}
	var p *problem.Error
	if !errors.As(err, &p) {
		p = problem.New(problem.Internal, "Something went wrong.")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		p = problem.New(problem.Timeout, "It took too long.")
	}
	return &gqlerror.Error{Message: p.Message, Path: graphql.GetPath(ctx), Extensions: p.Extensions()}
}

// gateway is the handler under test and one who asks it.
type gateway struct {
	t       testing.TB
	handler http.Handler
	caller  caller
}

// gatewayFor serves the tests' schema to one caller.
func gatewayFor(t testing.TB, c caller, change ...func(*engine.Config)) gateway {
	t.Helper()
	cfg := configOf(t, c)
	for _, f := range change {
		f(&cfg)
	}
	h, err := engine.NewHandler(enginetest.New(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return gateway{t, h, c}
}

// request is what is asked.
type request struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables,omitempty"`
	OperationName string         `json:"operationName,omitempty"`
	Extensions    map[string]any `json:"extensions,omitempty"`

	accept string
	visits *model.Visits
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	visits *model.Visits

	Data       json.RawMessage
	Errors     []answerError
	Extensions map[string]json.RawMessage
}

type answerError struct {
	Message    string
	Path       []any
	Extensions map[string]any
}

// ask asks a query and nothing more.
func (g gateway) ask(query string) answer {
	g.t.Helper()
	return g.send(request{Query: query})
}

// send makes a request by POST.
func (g gateway) send(r request) answer {
	g.t.Helper()
	return g.sendIn(context.Background(), r)
}

// sendIn is send with what a context has.
func (g gateway) sendIn(ctx context.Context, r request) answer {
	g.t.Helper()
	body, err := json.Marshal(r)
	if err != nil {
		g.t.Fatal(err)
	}
	hr := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	hr.Header.Set("Content-Type", "application/json")
	if r.accept != "" {
		hr.Header.Set("Accept", r.accept)
	}
	return g.do(hr, r.visits)
}

// do makes any request.
func (g gateway) do(r *http.Request, visits *model.Visits) answer {
	g.t.Helper()
	if visits == nil {
		visits = &model.Visits{}
	}
	ctx := model.WithVisits(r.Context(), visits)
	if g.caller.signedIn {
		ctx = context.WithValue(ctx, signedInKey{}, true)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r.WithContext(ctx))
	a := answer{status: w.Code, header: w.Header(), text: w.Body.String(), visits: visits}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		g.t.Fatalf("the answer is no JSON: %v\n%s", err, a.text)
	}
	return a
}

// denied lists the answer's errors as "path code coordinate", the path's steps with dots between.
func (a answer) denied() []string {
	list := []string{}
	for _, e := range a.Errors {
		steps := make([]string, len(e.Path))
		for i, p := range e.Path {
			steps[i] = fmt.Sprint(p)
		}
		list = append(list, strings.Join([]string{
			strings.Join(steps, "."), fmt.Sprint(e.Extensions["code"]), fmt.Sprint(e.Extensions["coordinate"]),
		}, " "))
	}
	return list
}

// wantDenied compares what was denied.
func (a answer) wantDenied(t *testing.T, want ...string) {
	t.Helper()
	if got := a.denied(); !slices.Equal(got, want) {
		t.Errorf("denied:\n  %s\nwant:\n  %s\nanswer: %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "), a.text)
	}
}

// wantData compares the data.
func (a answer) wantData(t *testing.T, want string) {
	t.Helper()
	if string(a.Data) != want {
		t.Errorf("data: %s\nwant: %s", a.Data, want)
	}
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update to accept):\n%s\nwant:\n%s", path, got, want)
	}
}
