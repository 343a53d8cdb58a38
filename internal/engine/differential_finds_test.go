package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// TestDifferentialFinds: what one of the two does otherwise is found.
func TestDifferentialFinds(t *testing.T) {
	within := func(w *world, cfg *engine.Config, without policy.Permission) {
		caller, ceiling := cfg.Caller, []policy.Grant{}
		for _, row := range w.matrix.Rows() {
			if row.Permission != without {
				ceiling = append(ceiling, policy.Grant{Permission: row.Permission, Actions: policy.Actions()})
			}
		}
		cfg.Caller = func(ctx context.Context) policy.Set { return caller(ctx).Cut(w.matrix.Granted(ceiling)) }
	}
	answers := func(change func(coordinate string, v any, err error) (any, error)) func(*world, *engine.Config) {
		return func(w *world, _ *engine.Config) {
			w.disturb = func(_ *trial, fc *graphql.FieldContext, v any, err error) (any, error) {
				return change(fc.Object+"."+fc.Field.Name, v, err)
			}
		}
	}
	for _, row := range []struct {
		name, says string
		change     func(*world, *engine.Config)
	}{
		{"a denial", "Body", func(w *world, cfg *engine.Config) { within(w, cfg, policy.Permission("USAGE")) }},
		{"a mask", "Body", func(w *world, cfg *engine.Config) { within(w, cfg, policy.PersonalData) }},
		{"a value", "Body", answers(func(_ string, v any, err error) (any, error) {
			if c, ok := v.(*model.CallConnection); ok && c != nil && len(c.Edges) > 0 && c.Edges[0] != nil {
				c.Edges[0].Cursor += "x"
			}
			return v, err
		})},
		{"a null", "Body", answers(func(coordinate string, v any, err error) (any, error) {
			if coordinate == "Query.viewer" {
				v = nil
			}
			return v, err
		})},
		{"an error", "Body", answers(func(_ string, v any, err error) (any, error) {
			if errors.Is(err, context.DeadlineExceeded) {
				err = nil
			}
			return v, err
		})},
		{"a call", "Calls", func(w *world, _ *engine.Config) {
			w.disturb = func(t *trial, fc *graphql.FieldContext, v any, err error) (any, error) {
				if fc.Field.Name == "roles" || fc.Object == "Flex" {
					t.note(func() { t.Calls = append(t.Calls, t.Calls[0]) })
				}
				return v, err
			}
		}},
		{"an argument", "Calls", func(w *world, _ *engine.Config) {
			w.disturb = func(t *trial, fc *graphql.FieldContext, v any, err error) (any, error) {
				t.note(func() { delete(fc.Args, "after") })
				return v, err
			}
		}},
		{"the cost", "Charged", func(_ *world, cfg *engine.Config) { cfg.Lists = nil }},
		{"how denials are listed", "Body", func(_ *world, cfg *engine.Config) { cfg.Denials = engine.DenialsSelection }},
		{"who is told of them", "Told", func(_ *world, cfg *engine.Config) { cfg.Denied = nil }},
		{"how an error is shown", "Body", func(_ *world, cfg *engine.Config) {
			present := cfg.Present
			cfg.Present = func(ctx context.Context, err error) *gqlerror.Error {
				shown := present(ctx, err)
				if len(shown.Path) > 3 {
					shown.Path = shown.Path[:len(shown.Path)-1]
				}
				return shown
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, row.change)
			for seed := range uint64(400) {
				if failure := w.explore(rand.New(rand.NewPCG(seed, 6)), figures{}, nil); failure != "" {
					if !strings.Contains(failure, row.says+":") {
						t.Errorf("it is not %s that differs: %s", row.says, failure)
					}
					return
				}
			}
			t.Error("nothing was found")
		})
	}
}

// TestDifferentialJudges: answers to a caller who holds something else than the judge is told are found to be wrong, in each of
// the ways in which they are.
func TestDifferentialJudges(t *testing.T) {
	w := newWorld(t)
	all, err := w.matrix.Set(policy.Owner)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for seed := range uint64(1000) {
		c := &composer{Rand: rand.New(rand.NewPCG(seed, 6)), schema: w.schema}
		op, _ := c.operation()
		a := w.asks(c, op)
		a.trial.set, a.trial.faults = all, 0
		if seed%4 == 0 {
			a.trial.set = policy.Set{}
		}
		wrong := w.judge(a, a.ask(w.plain, ""))
		for _, says := range []string{
			"a resolver was called for ", "a mutation ran, of which a part is denied: ", " is denied", " is a ", " is not masked", "denied, and open: ",
		} {
			if strings.Contains(wrong, says) {
				found[says]++
			}
		}
	}
	t.Log(found)
	if len(found) < 6 {
		t.Errorf("not everything was found: %v", found)
	}
}

// TestDifferentialConditions asks one operation with each vector of its conditions, in two rounds: more than there are plans
// kept for.
func TestDifferentialConditions(t *testing.T) {
	w := newWorld(t)
	op := operation{text: `query ($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean! = true, $e: Boolean!, $f: Boolean!) {
		account @skip(if: $a) { id sid @include(if: $b) ...F @skip(if: $c) calls(first: 2) @include(if: $d) { edges { node { id ...C } } } }
		account { friendlyName @skip(if: $f) @include(if: $e) calls(first: 2) { edges { node { price @skip(if: $e) { amount } } } } }
	}
	fragment F on Account { users @include(if: $e) { edges { node { id sessions @skip(if: $f) { client } ... @include(if: $a) { name } } } } }
	fragment C on Node { ... on Call @skip(if: $b) { to from status @include(if: $f) } }`}
	op.doc = gqlparser.MustLoadQueryWithRules(w.schema, op.text, rules.NewDefaultRules())
	c := &composer{Rand: rand.New(rand.NewPCG(1, 6)), schema: w.schema}
	for i := range 2 * 64 {
		a := w.asks(c, op)
		for bit, name := range []string{"a", "b", "c", "d", "e", "f"} {
			a.vars[name] = i>>bit&1 == 1
		}
		if i&8 != 0 {
			delete(a.vars, "d")
		}
		if _, wrong := w.try(a); wrong != "" {
			t.Fatalf("%s%s", a, wrong)
		}
	}
}
