package engine_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/resolvers"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// world is the gateway's own schema, served twice: as it is, and by gqlgen's own executor with its inline checks. Both ask the
// same resolvers, which answer at random, the same at the same place.
type world struct {
	*maker
	matrix *policy.Matrix
	rows   map[string][]string // what each row of the matrix implies, read from its file

	engine, plain http.Handler
	disturb       func(*trial, *graphql.FieldContext) // as resolvers of one of them are called, for a test of the test
}

// newWorld makes both; change is made to the configuration of the engine alone.
func newWorld(t testing.TB, change ...func(*world, *engine.Config)) *world {
	t.Helper()
	schema, matrix := graph.NewGuardedSchema(graph.Config{}).Schema(), policy.Published()
	table, faults := policy.Compile(schema, matrix)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	w := &world{maker: newMaker(t, schema), matrix: matrix, rows: implied(t)}
	log := slog.New(slog.DiscardHandler)
	present := resolvers.Presenter(log)
	cfg := configOf(t, guest())
	cfg.Table, cfg.Views, cfg.TypeOf = table, engine.NewViews(engine.IntrospectionRole, schema, table), typeOf
	cfg.Caller = func(ctx context.Context) policy.Set { return trialOf(ctx).set }
	cfg.Present = func(ctx context.Context, err error) *gqlerror.Error {
		if errors.Is(err, graphql.ErrInvalidNull) {
			t := trialOf(ctx)
			t.note(func() { t.nulled++ })
		}
		return present(ctx, err)
	}
	cfg.Charge = func(ctx context.Context, cost int) error {
		t := trialOf(ctx)
		t.note(func() { t.Charged = append(t.Charged, cost) })
		return nil
	}
	cfg.Denied = func(ctx context.Context, denied []engine.Denial) {
		t := trialOf(ctx)
		t.note(func() { t.Told = append(t.Told, denied...) })
	}
	cfg.Observer = onlooker{}
	cfg.Once = []string{"Mutation.signIn", "Mutation.refreshSession"}
	cfg.Lists = map[string]int{"User.sessions": 5}
	generous(&cfg)
	serve := func(w *world, cfg engine.Config) http.Handler {
		cfg.Mutate = w.change
		h, err := engine.NewHandler(graph.NewGuardedSchema(graph.Config{Resolvers: stubs{w}}), engine.Around(cfg, w.around))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	w.plain = serve(w, engine.Plain(cfg))
	other := *w
	for _, f := range change {
		f(&other, &cfg)
	}
	w.engine = serve(&other, cfg)
	return w
}

// typeOf is the type that stands in a global id.
func typeOf(id string) string {
	name, _, _ := relay.ParseID(id)
	return name
}

// implied reads from the matrix what each row comes with.
func implied(t testing.TB) map[string][]string {
	t.Helper()
	f, err := os.Open("../../auth/policy/matrix.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, row := range rows[1:] {
		all[row[0]] = strings.Fields(row[2])
	}
	return all
}

// who is a caller: the set that the engine is told, and the same by the letters of the matrix.
type who struct {
	set      policy.Set
	signedIn bool
	grants   []policy.Grant
	holds    map[string]bool // "PERMISSION ACTION"
}

// someone is a guest, or holds random actions of random rows.
func (w *world) someone(r *rand.Rand) who {
	if r.IntN(12) == 0 {
		return who{}
	}
	c := who{signedIn: true, holds: map[string]bool{}}
	often := pick(r, 0.2, 0.5, 0.75, 0.9, 1)
	for _, row := range w.matrix.Rows() {
		g := policy.Grant{Permission: row.Permission}
		for _, a := range policy.Actions() {
			if r.Float64() < often {
				g.Actions = append(g.Actions, a)
				for _, p := range append([]string{string(row.Permission)}, w.rows[string(row.Permission)]...) {
					c.holds[p+" "+string(a)] = true
				}
			}
		}
		if g.Actions != nil {
			c.grants = append(c.grants, g)
		}
	}
	c.set = w.matrix.Granted(c.grants)
	return c
}

// asking is one case: an operation of someone's, on some values.
type asking struct {
	op      operation
	vars    map[string]any
	who     who
	denials string // empty for the setting
	accept  string
	trial   trial
}

// asks is a random case of an operation.
func (w *world) asks(c *composer, op operation) asking {
	a := asking{op: op, vars: c.values(op), who: w.someone(c.Rand), denials: pick(c.Rand, "", "each", "selection", "extensions")}
	a.accept = pick(c.Rand, "application/json", "application/graphql-response+json")
	if op.kind() == ast.Subscription {
		a.accept = "text/event-stream"
	}
	a.trial = trial{set: a.who.set, values: c.Uint64(), faults: pick(c.Rand, 0, 0, 0.1, 0.4), nulls: pick(c.Rand, 0, 0, 0.01, 0.05)}
	return a
}

// kind is query, mutation or subscription.
func (op operation) kind() ast.Operation { return op.asked().Operation }

// asked is the definition that is run.
func (op operation) asked() *ast.OperationDefinition { return op.doc.Operations.ForName(op.name) }

// ask has one of the executors answer.
func (a asking) ask(h http.Handler) *happening {
	t := a.trial
	t.happening = &happening{}
	params := map[string]any{"query": a.op.text, "variables": a.vars}
	if a.op.name != "" {
		params["operationName"] = a.op.name
	}
	if a.denials != "" {
		params["extensions"] = map[string]any{"denials": a.denials}
	}
	body, err := json.Marshal(params)
	if err != nil {
		panic(err) // maps, strings and numbers
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", a.accept)
	out := httptest.NewRecorder()
	h.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), trialKey{}, &t)))
	t.Status, t.Header, t.Body = out.Code, out.Header(), out.Body.String()
	t.sorted()
	return t.happening
}

// compare has both executors answer, and says in what they differ, if they do.
func (w *world) compare(a asking) (got *happening, difference string) {
	got, want := a.ask(w.engine), a.ask(w.plain)
	g, p := reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem()
	for i := range g.NumField() {
		if f := g.Type().Field(i); f.IsExported() && !reflect.DeepEqual(g.Field(i).Interface(), p.Field(i).Interface()) {
			difference += fmt.Sprintf("%s:\n  %s\ngqlgen's executor:\n  %s\n", f.Name, shown(g.Field(i)), shown(p.Field(i)))
		}
	}
	return got, difference
}

// shown is a value for people to read.
func shown(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return strings.TrimSpace(v.String())
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return fmt.Sprintf("%+v", v.Interface())
	}
	return string(text)
}

// String is all there is to know of a case.
func (a asking) String() string {
	vars, _ := json.Marshal(a.vars)
	caller := "a guest"
	if a.who.signedIn {
		caller = fmt.Sprint(a.who.grants)
	}
	return fmt.Sprintf("operation: %s\nvariables: %s\ncaller: %s\ndenials: %s\naccept: %s\nvalues: %#x, faults %v, nulls %v\n",
		a.op.text, vars, caller, a.denials, a.accept, a.trial.values, a.trial.faults, a.trial.nulls)
}

// figures counts what the cases had, so that the generator cannot silently stop to make any kind of them.
type figures map[string]int

// count takes a case into the figures.
func (f figures) count(a asking, h *happening, tries int) {
	f["cases"]++
	for name, is := range map[string]bool{
		"guests":              !a.who.signedIn,
		"queries":             a.op.kind() == ast.Query,
		"mutations":           a.op.kind() == ast.Mutation,
		"mutations refused":   a.op.kind() == ast.Mutation && !strings.Contains(h.Body, `"data"`) && len(h.Told) > 0,
		"mutations run":       len(h.Changes) > 0,
		"subscriptions":       a.op.kind() == ast.Subscription && strings.Contains(h.Body, `"data"`),
		"denials":             strings.Contains(h.Body, `"coordinate"`),
		"denials each":        strings.Contains(h.Body, `"coordinate"`) && (a.denials == "each" || a.denials == ""),
		"denials selection":   strings.Contains(h.Body, `"count"`) && a.denials == "selection",
		"denials extensions":  strings.Contains(h.Body, `"denied"`),
		"masked":              strings.Contains(h.Body, `"masked"`),
		"errors of resolvers": len(h.Outcome.Failed) > 0,
		"panics":              h.panicked > 0,
		"nulls propagated":    h.nulled > 0,
		"named fragments":     len(a.op.doc.Fragments) > 0,
		"inline fragments":    strings.Contains(a.op.text, "... "),
		"conditions":          strings.Contains(a.op.text, "(if: $"),
		"aliases":             strings.Contains(a.op.text, "100: ") || strings.Contains(a.op.text, ": "),
		"objects by id":       strings.Contains(a.op.text, " node(") || strings.Contains(a.op.text, " nodes("),
		"variables":           len(a.vars) > 0,
		"introspection":       strings.Contains(a.op.text, "__type(") || strings.Contains(a.op.text, "__schema"),
		"refused":             !strings.Contains(h.Body, `"data"`) && len(h.Told) == 0,
		"calls of resolvers":  len(h.Calls) > 0,
		"second operations":   len(a.op.doc.Operations) > 1,
	} {
		if is {
			f[name]++
		}
	}
	f["operations tried"] += tries
	f["calls"] += len(h.Calls)
	f["bytes"] += len(h.Body)
}

// trials is how often each operation is asked, with other variables, by another caller, on other values.
const trials = 4

// explore compares the executors on one random operation.
func (w *world) explore(t testing.TB, r *rand.Rand, f figures) {
	t.Helper()
	c := &composer{Rand: r, schema: w.schema}
	op, tries := c.operation()
	for range trials {
		a := w.asks(c, op)
		h, difference := w.compare(a)
		if difference != "" {
			t.Fatalf("the engine and gqlgen's executor differ.\n%s%s", a, difference)
		}
		f.count(a, h, tries)
		tries = 0
	}
}

// TestDifferential asks random operations, of random callers and on random values, of the engine and of gqlgen's own executor.
func TestDifferential(t *testing.T) {
	const operations = 2500
	w, f := newWorld(t), figures{}
	for seed := range uint64(operations) {
		w.explore(t, rand.New(rand.NewPCG(seed, 6)), f)
	}
	f.report(t)
}

// report logs the figures.
func (f figures) report(t *testing.T) {
	t.Helper()
	var lines []string
	for name, n := range f {
		lines = append(lines, fmt.Sprintf("%7d %s", n, name))
	}
	slices.Sort(lines)
	t.Logf("\n%s", strings.Join(lines, "\n"))
}
