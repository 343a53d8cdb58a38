package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// prepared are the plans of a valid operation, under a catalog of its own.
func (s subject) prepared(t *testing.T, query string) *plans {
	t.Helper()
	doc, err := parse(s.schema, query)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.config()
	return newPlans(cfg.catalog, doc, doc.Operations[0], false)
}

// TestPlan: what is selected of each type, in the order of the answer, with everything that is merged and without what is
// left out.
func TestPlan(t *testing.T) {
	for _, row := range []struct {
		name, query string
		vars        map[string]any
		want        string
	}{
		{"fields", `{ hello page { name } }`, nil, `hello page{name}`},
		{"keys, in the order in which they turn up", `{ page { b: name a: id } hello page { a: id c: secret } }`, nil, `page{b:name a:id c:secret} hello`},
		{"fragments", `{ page { ...A ... on Page { id } ...A } } fragment A on Thing { name secret }`, nil, `page{name secret id}`},
		{"each type that there may be", `{ things { name ... on Page { id } } }`, nil, `things{Call:name|Key:name|Page:name id}`},
		{"a union", `{ results { ... on Call { id } __typename } }`, nil, `results{Call:id __typename|Key:__typename|Page:__typename}`},
		{"types that select nothing", `{ things { ... on Page { id } } }`, nil, `things{Call:|Key:|Page:id}`},
		{"what is skipped", `query($no: Boolean!) { hello @include(if: $no) page { name @skip(if: $no) id @include(if: true) secret @skip(if: true) } }`,
			map[string]any{"no": false}, `page{name id}`},
		{"the other way", `query($no: Boolean!) { hello @include(if: $no) page { name @skip(if: $no) id @include(if: true) secret @skip(if: true) } }`,
			map[string]any{"no": true}, `hello page{id}`},
		{"a default", `query($no: Boolean = false) { hello page @include(if: $no) { name } }`, nil, `hello`},
		{"a mutation", `mutation { touch { page { name } } }`, nil, `touch{page{name}}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := small(t).prepared(t, row.query)
			plan := p.plan(row.vars)
			if got := written(plan.root); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			if again := p.plan(row.vars); again != plan {
				t.Error("it was planned twice")
			}
		})
	}
}

// written is a plan as text.
func written(u *Selections) string {
	var all []string
	for i := range u.Fields {
		s := &u.Fields[i]
		text := s.name
		if s.Field.Alias != s.name {
			text = s.Field.Alias + ":" + s.name
		}
		var types []string
		for _, t := range s.types {
			if s.abstract {
				types = append(types, t.object+":"+written(t))
			} else {
				types = append(types, written(t))
			}
		}
		if types != nil {
			text += "{" + strings.Join(types, "|") + "}"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// TestPlaces: each place has a number of its own, knows its own order, key and parent, and nothing of it is of the document
// alone.
func TestPlaces(t *testing.T) {
	cfg := small(t).config()
	cfg.catalog = cfg.newCatalog(map[string]map[string]int{"Query": {"page": 3}, "Page": {"name": 7}})
	doc, err := parse(cfg.schema, `{ p: page { __typename name name } things { name } }`)
	if err != nil {
		t.Fatal(err)
	}
	plan := newPlans(cfg.catalog, doc, doc.Operations[0], false).plan(nil)
	seen := make([]bool, plan.ids)
	var visit func(u *Selections)
	visit = func(u *Selections) {
		if seen[u.id] {
			t.Errorf("%s has the number of another place", u.object)
		}
		seen[u.id] = true
		for i := range u.Fields {
			s := &u.Fields[i]
			if seen[s.id] {
				t.Errorf("%s has the number of another place", s.coordinate)
			}
			seen[s.id] = true
			if s.order != i || s.parent != u.parent || s.key != `"`+s.Field.Alias+`":` {
				t.Errorf("%s: order %d, parent %p, key %s", s.coordinate, s.order, s.parent, s.key)
			}
			for _, below := range s.types {
				visit(below)
			}
		}
	}
	visit(plan.root)
	page := plan.root.byKey("p")
	for _, row := range []struct {
		s    *Selection
		want int
	}{{page, 3}, {page.under.byKey("name"), 7}, {page.under.byKey("__typename"), numberTypename}, {plan.root.byKey("things"), numberNone}} {
		if row.s.Number != row.want {
			t.Errorf("%s has the number %d, want %d", row.s.coordinate, row.s.Number, row.want)
		}
	}
	if things := plan.root.byKey("things"); things.under != nil || len(things.types) != 3 || things.of("Page") == nil || things.of("Query") != nil {
		t.Error("of an abstract type there is not one, but each that may come")
	}
}

// TestKept: a plan is kept for each way in which the conditions turn out, as far as that is bounded.
func TestKept(t *testing.T) {
	many := func(n int) (query string, vars map[string]any) {
		declared, used := "", ""
		vars = map[string]any{}
		for i := range n {
			declared += fmt.Sprintf("$v%d: Boolean! ", i)
			used += fmt.Sprintf("a%d: name @include(if: $v%d) ", i, i)
			vars[fmt.Sprintf("v%d", i)] = false
		}
		return "query(" + declared + ") { page { id " + used + "} }", vars
	}
	t.Run("sixteen ways, and no more", func(t *testing.T) {
		query, vars := many(5)
		p := small(t).prepared(t, query)
		for bits := range 32 {
			for i := range 5 {
				vars[fmt.Sprintf("v%d", i)] = bits>>i&1 == 1
			}
			first, again := p.plan(vars), p.plan(vars)
			if kept := bits < mostPlans; (first == again) != kept || (first.compiler == nil) != kept {
				t.Errorf("way %d: kept %v, want %v", bits, first == again, kept)
			}
		}
		if n := len(*p.kept.Load()); n != mostPlans {
			t.Errorf("%d plans are kept", n)
		}
	})
	t.Run("more conditions than can be told apart", func(t *testing.T) {
		query, vars := many(65)
		p := small(t).prepared(t, query)
		if first, again := p.plan(vars), p.plan(vars); first == again || p.kept.Load() != nil {
			t.Error("it is kept")
		}
	})
	t.Run("a condition that is neither true nor false", func(t *testing.T) {
		p := small(t).prepared(t, `query($v: Boolean = true) { page { id name @include(if: $v) } }`)
		if p.plan(map[string]any{"v": nil}).compiler == nil || p.kept.Load() != nil {
			t.Error("it is kept")
		}
	})
	t.Run("a plan that is too large", func(t *testing.T) {
		var query strings.Builder
		query.WriteString("{ page { ...F0 } }")
		for i := range 20 {
			fmt.Fprintf(&query, " fragment F%d on Page { a: child { ...F%d } b: child { ...F%d } }", i, i+1, i+1)
		}
		p := small(t).prepared(t, query.String()+" fragment F20 on Page { name }")
		for range 3 {
			if plan := p.plan(nil); plan.compiler == nil || plan.compiler.steps > 10 {
				t.Errorf("it was planned whole, or in %d steps", plan.compiler.steps)
			}
		}
		if kept := *p.kept.Load(); len(kept) != 1 || kept[0].plan != nil {
			t.Error("it is not known that it is too large")
		}
	})
	t.Run("what lies in arguments, and fields that merge, count too", func(t *testing.T) {
		const n = 200
		for _, query := range []string{
			`mutation { rename(input: { parts: [` + strings.Repeat(`{ cost: "x" } `, n) + `] }) { page { name } } }`,
			`{ ` + strings.Repeat(`page { name } `, n) + `}`,
		} {
			p := small(t).prepared(t, query)
			p.plan(nil)
			if kept := p.catalog.kept.steps; kept < n {
				t.Errorf("%.40s is counted as %d", query, kept)
			}
		}
	})
	t.Run("all together hold so much, and then begin anew", func(t *testing.T) {
		s := small(t)
		cfg := s.config()
		doc, err := parse(s.schema, "{ page { "+strings.Repeat("child { ", 99)+"name"+strings.Repeat(" }", 101))
		if err != nil {
			t.Fatal(err)
		}
		var all []*plans
		const each = 2*100 + 3
		for range mostKept/each + 1 {
			p := newPlans(cfg.catalog, doc, doc.Operations[0], false)
			if got := p.plan(nil).ids; got != each-1 {
				t.Fatalf("a plan has %d places, want %d", got, each-1)
			}
			all = append(all, p)
		}
		if all[0].kept.Load() != nil || all[len(all)-1].kept.Load() == nil || cfg.catalog.kept.steps > mostKept {
			t.Errorf("the first is kept: %v, the last: %v; %d steps", all[0].kept.Load() != nil, all[len(all)-1].kept.Load() != nil, cfg.catalog.kept.steps)
		}
		first, again := all[0].plan(nil), all[0].plan(nil)
		if first != again {
			t.Error("what is asked for again is not kept again")
		}
		runtime.KeepAlive(all)
	})
}

// TestFaultsBelowDenials: what would refuse an operation does not, where the caller may not go: who may not is told that alone.
func TestFaultsBelowDenials(t *testing.T) {
	s := small(t)
	for _, row := range []struct {
		name, query string
		vars        map[string]any
		want        problem.Code
	}{
		{"@defer", `{ page { ... @defer { name } } }`, nil, problem.ValidationFailed},
		{"an integer of many digits", `{ key(stamp: 99999999999999999999) { name } }`, nil, problem.BadUserInput},
		{"a condition", `query($v: Boolean = true) { page { name @skip(if: $v) } }`, map[string]any{"v": nil}, problem.BadUserInput},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := s.config()
			p := s.prepared(t, row.query)
			if _, err := cfg.decidePlan(p, row.vars, s.grants, unlimited(), DenialsEach); problem.CodeOf(err) != row.want {
				t.Errorf("for who may: %v, want %s", err, row.want)
			}
			d, err := cfg.decidePlan(p, row.vars, s.table.Grants(policy.Set{}), unlimited(), DenialsEach)
			if err != nil || d.refusal(d.plan.root.Fields[0].id) == nil {
				t.Errorf("for a guest: %v", err)
			}
		})
	}
}

// TestAppendErrors: denials are written as encoding/json writes their errors.
func TestAppendErrors(t *testing.T) {
	s := small(t)
	for name, grants := range map[string]policy.Grants{"someone": s.grants, "a guest": s.table.Grants(policy.Set{}), "nobody": {}} {
		d := s.decision(t, `{ a: hello grid { n: name } results { ... on Page { child { name } } } nodes(ids: []) { id } }`, s.grants)
		d.grants = grants
		refusal := func(coordinate string, r policy.Rule) *refusal { return newRefusal(coordinate, r, !grants.SignedIn()) }
		rule := policy.Rule{Kind: policy.HasPermission, Permission: "A<&>B", Action: "READ"}
		at := func(keys ...string) *Selection {
			u := d.plan.root
			for _, key := range keys[:len(keys)-1] {
				if s := u.byKey(key); s.abstract {
					u = s.of("Page")
				} else {
					u = s.under
				}
			}
			return u.byKey(keys[len(keys)-1])
		}
		met := []denial{
			{refusal: refusal("Query.hello", policy.Rule{})},
			{refusal: refusal("Query.hello", rule), at: at("a")},
			{refusal: refusal("Call.name", rule), at: at("grid", "n"), indexes: []int32{0, 12}},
			{refusal: refusal("Call.name", rule), at: at("grid", "n"), indexes: []int32{999, 1}},
			{refusal: refusal("Call", rule), at: at("grid"), object: true, indexes: []int32{3, 4}},
			{refusal: refusal("Key", rule), at: at("nodes"), object: true, indexes: []int32{5}},
			{refusal: refusal("Call", policy.Rule{Kind: policy.SignedIn}), at: at("nodes"), object: true, indexes: []int32{6}},
			{refusal: refusal("Page.name", rule), at: at("results", "child", "name"), indexes: []int32{7}},
			{refusal: refusal("Page.name", rule), at: at("results", "child", "name")},
		}
		want, err := json.Marshal(errorsOfEach(met))
		if err != nil {
			t.Fatal(err)
		}
		if got := appendErrors([]byte("before"), met); !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
		if got := appendErrors(nil, nil); string(got) != "[]" {
			t.Errorf("none: %s", got)
		}
	}
}

// TestWordedOnce: a denial is worded once for each rule and kind of caller, however many ask at once.
func TestWordedOnce(t *testing.T) {
	s := small(t)
	for range 500 {
		g := &guarded{coordinate: "Call.name", check: s.table.Field("Call", "name")}
		const callers = 8
		begin, got := make(chan bool), make(chan [2]*refusal, callers)
		for range callers {
			go func() {
				<-begin
				got <- [2]*refusal{g.refusal(s.table, policy.Grants{}), g.refusal(s.table, s.grants)}
			}()
		}
		close(begin)
		want := <-got
		if !want[0].guest || want[0].code() != problem.Unauthenticated || want[1].guest {
			t.Fatalf("a guest is told %s, and others %s", want[0].message(), want[1].message())
		}
		for range callers - 1 {
			if all := <-got; all != want {
				t.Fatal("it was worded twice")
			}
		}
	}
}
