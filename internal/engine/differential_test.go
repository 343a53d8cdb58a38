package engine_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
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

var answersFile = flag.String("answers", "", "the file to which TestDifferential writes its answers, to compare them with another version's")

// world is the gateway's own schema, served twice: as it is, and by gqlgen's own executor with its inline checks. Both ask the
// same resolvers, which answer at random, the same at the same place.
type world struct {
	*maker
	matrix *policy.Matrix
	rows   map[string][]string // what each row of the matrix implies, read from its file

	engine, plain http.Handler
	// disturb may change what a resolver answers, for a test of the test. It is set for the engine alone.
	disturb func(t *trial, fc *graphql.FieldContext, v any, err error) (any, error)
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
	often := pick(r, 0.3, 0.7, 0.85, 0.95, 1)
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
	a.accept = pick(c.Rand, "application/json", "application/graphql-response+json", "application/graphql-response+json, application/json;q=0.9")
	if op.kind() == ast.Subscription || c.IntN(20) == 0 {
		a.accept = "text/event-stream"
	}
	a.trial = trial{set: a.who.set, values: c.Uint64(), faults: pick(c.Rand, 0, 0, 0.1, 0.4), nulls: pick(c.Rand, 0, 0.1, 0.3), stray: c.IntN(20) == 0}
	if a.trial.stray {
		a.denials = "each"
	}
	return a
}

// kind is query, mutation or subscription.
func (op operation) kind() ast.Operation { return op.asked().Operation }

// asked is the definition that is run.
func (op operation) asked() *ast.OperationDefinition { return op.doc.Operations.ForName(op.name) }

// long says whether the engine is asked in a document that is too long to be kept, so that it is planned for this request alone.
// Of objects that were not asked for there is no plan then.
func (a asking) long() bool { return a.trial.values%8 == 0 && !a.trial.stray }

// ask has one of the executors answer. The pad comes after the operation.
func (a asking) ask(h http.Handler, pad string) *happening {
	t := a.trial
	t.happening = &happening{}
	params := map[string]any{"query": a.op.text + pad, "variables": a.vars}
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
	t.sorted(t.stray)
	return t.happening
}

// compare has both executors answer, and says in what they differ, if they do.
func (w *world) compare(a asking) (got *happening, difference string) {
	pad := ""
	if a.long() {
		pad = strings.Repeat(" ", 9<<10)
	}
	got, want := a.ask(w.engine, pad), a.ask(w.plain, "")
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
	return fmt.Sprintf("operation: %s\nvariables: %s\ncaller: %s\ndenials: %s\naccept: %s\nvalues: %#x, faults %v, nulls %v, stray %v\n",
		a.op.text, vars, caller, a.denials, a.accept, a.trial.values, a.trial.faults, a.trial.nulls, a.trial.stray)
}

// trials is how often each operation is asked, with other variables, by another caller, on other values.
const trials = 4

// explore asks one random operation in some ways, and says what the first of them that fails is, and why. What is answered is
// written to out, if there is one.
func (w *world) explore(r *rand.Rand, f figures, out io.Writer) (failure string) {
	c := &composer{Rand: r, schema: w.schema}
	op, tries := c.operation()
	f["operations"]++
	f["operations that were not valid"] += tries - 1
	for range trials {
		a := w.asks(c, op)
		h, wrong := w.try(a)
		if wrong != "" {
			a = w.shrink(a, func(a asking) bool { _, wrong := w.try(a); return wrong != "" })
			if _, again := w.try(a); again != "" {
				wrong = again
			}
			return a.String() + wrong
		}
		f.count(a, h)
		if out != nil {
			fmt.Fprintf(out, "%s%s\n", a, shown(reflect.ValueOf(h)))
		}
	}
	return ""
}

// try asks one case, and says what is wrong with the answers.
func (w *world) try(a asking) (*happening, string) {
	h, difference := w.compare(a)
	if difference != "" {
		return h, "the engine and gqlgen's executor differ.\n" + difference
	}
	if wrong := w.judge(a, h); wrong != "" {
		return h, wrong + "\n" + h.Body
	}
	return h, ""
}

// TestDifferential asks random operations of random callers, on random values of resolvers that fail, of the engine and of
// gqlgen's own executor: their answers are the same, byte for byte, and so is all else that they do. It is the safety net for
// upgrades of gqlgen.
func TestDifferential(t *testing.T) {
	const operations = 2600
	w, f, answers := newWorld(t), figures{}, make([]bytes.Buffer, operations)
	var next, failed atomic.Int64
	var mu sync.Mutex
	var running sync.WaitGroup
	for range 4 { // at once, as clients ask
		running.Go(func() {
			mine := figures{}
			for seed := next.Add(1) - 1; seed < operations && failed.Load() == 0; seed = next.Add(1) - 1 {
				var out io.Writer
				if *answersFile != "" {
					out = &answers[seed]
				}
				if failure := w.explore(rand.New(rand.NewPCG(uint64(seed), 6)), mine, out); failure != "" {
					failed.Add(1)
					t.Errorf("seed %d\n%s", seed, failure)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for name, n := range mine {
				f[name] += n
			}
		})
	}
	running.Wait()
	if t.Failed() {
		return
	}
	if *answersFile != "" {
		var all bytes.Buffer
		for i := range answers {
			all.Write(answers[i].Bytes())
		}
		if err := os.WriteFile(*answersFile, all.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f.report(t)
	for what, least := range map[string]int{
		"cases": 10_000, "queries": 5000, "mutations": 1500, "mutations run": 1000, "mutations refused": 500, "subscriptions": 40,
		"denials each": 1000, "denials selection": 300, "denials extensions": 300, "masked": 250, "guests": 500,
		"errors of resolvers": 1500, "panics": 200, "nulls propagated": 200, "named fragments": 5000, "inline fragments": 5000,
		"conditions": 5000, "aliases": 5000, "objects by id": 2000, "variables": 5000, "introspection": 150, "refused": 100,
		"calls of resolvers": 5000, "second operations": 600, "documents too long to be kept": 1000,
	} {
		if f[what] < least {
			t.Errorf("%s: only %d, at least %d are wanted", what, f[what], least)
		}
	}
}

// FuzzDifferential is TestDifferential for more: the fuzzer makes the choices that are random there.
func FuzzDifferential(f *testing.F) {
	for seed := range uint64(40) {
		r, choices := rand.New(rand.NewPCG(seed, 7)), make([]byte, 600)
		for i := range choices {
			choices[i] = byte(r.Uint32())
		}
		f.Add(choices)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, choices []byte) {
		if failure := w.explore(rand.New(&script{choices, rand.NewPCG(uint64(len(choices)), 7)}), figures{}, nil); failure != "" {
			t.Fatal(failure)
		}
	})
}

// script is a source whose numbers are read from bytes, one from each, as long as there are any.
type script struct {
	choices []byte
	then    rand.Source
}

// Uint64 is the next number, with the same byte at its top, of which rand takes what it needs, and below.
func (s *script) Uint64() uint64 {
	if len(s.choices) == 0 {
		return s.then.Uint64()
	}
	n := uint64(s.choices[0]) * 0x0101010101010101
	s.choices = s.choices[1:]
	return n
}
