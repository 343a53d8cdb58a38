package engine_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
)

// askerKey is where a request has what its caller holds.
type askerKey struct{}

// TestPlansAreShared: many callers at once ask the same documents of one gateway, in more ways than there are plans kept. Each is
// answered as by a gateway that nobody else has asked.
func TestPlansAreShared(t *testing.T) {
	const query = `query Asked($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!, $e: Boolean = true, $n: Int, $ids: [ID!]!, $note: String) {
		page @skip(if: $a) { name secret must @include(if: $b) child { ...P } calls(first: $n) { to price key { owner } } query { page { ...P } } }
		nodes(ids: $ids) { id ...P ... on Key @include(if: $c) { owner secret } ... on Call { price to } }
		things(first: $n) { ... on Thing @skip(if: $d) { secret } name ...P }
		search(text: "x", note: $note) @include(if: $e)
		results { __typename ... on Call { price @skip(if: $b) } ...P }
	} fragment P on Page { secret must @skip(if: $c) call { price } }`
	const change = `mutation Asked($a: Boolean!, $input: RenameInput!) { touch @include(if: $a) { page { secret } } rename(input: $input) { page { must } call { price } } }`
	all := holding(permissions...)
	matrix := all.matrix(t)
	fresh := func() gateway {
		return gatewayFor(t, all, func(cfg *engine.Config) {
			cfg.Caller = func(ctx context.Context) policy.Set {
				set, _ := ctx.Value(askerKey{}).(policy.Set)
				return set
			}
		})
	}
	r := rand.New(rand.NewPCG(6, 6))
	one := func() (policy.Set, request) {
		set := policy.Set{}
		if r.IntN(6) > 0 {
			var grants []policy.Grant
			for _, p := range permissions {
				if r.IntN(2) == 0 {
					grants = append(grants, policy.Grant{Permission: p, Actions: policy.Actions()})
				}
			}
			set = matrix.Granted(grants)
		}
		flip := func() bool { return r.IntN(2) == 0 }
		if r.IntN(4) == 0 {
			input := map[string]any{"name": "x"}
			if flip() {
				input["price"] = "1"
			}
			if flip() {
				input["parts"] = []any{map[string]any{"label": "x"}, map[string]any{"cost": nil}}
			}
			return set, request{Query: change, Variables: map[string]any{"a": flip(), "input": input}}
		}
		vars := map[string]any{"a": flip(), "b": flip(), "c": flip(), "d": flip(), "n": r.IntN(4)}
		vars["ids"] = [][]string{{}, {"Page:1"}, {"Key:1", "Call:1", "Page:2"}, {"Query:1", "Key:1", "Key:2"}}[r.IntN(4)]
		if flip() {
			vars["note"] = "x"
		}
		if flip() {
			vars["e"] = flip()
		}
		return set, request{Query: query, Variables: vars}
	}
	ask := func(g gateway, set policy.Set, asked request) string {
		g.caller = guest()
		return g.sendIn(context.WithValue(t.Context(), askerKey{}, set), asked).text
	}
	type asking struct {
		set  policy.Set
		what request
		want string
	}
	askings, different := make([]asking, 60), map[string]bool{}
	for i := range askings {
		a := &askings[i]
		a.set, a.what = one()
		a.want = ask(fresh(), a.set, a.what)
		different[a.want] = true
	}
	if len(different) < 40 {
		t.Fatalf("there are only %d answers", len(different))
	}
	shared := fresh()
	var wg sync.WaitGroup
	for i := range uint64(8) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(i, i))
			for range 100 {
				a := &askings[r.IntN(len(askings))]
				if got := ask(shared, a.set, a.what); got != a.want {
					t.Errorf("%v of %v\n got %s\nwant %s", a.what.Variables, a.set, got, a.want)
				}
			}
		})
	}
	wg.Wait()
}
