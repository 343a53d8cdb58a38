package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// TestCoordinates is the promise of the whole program: every field, guarded argument
// and mutation of the schema, asked by every role and by a guest over HTTP, is seen
// or denied exactly as the schema and the matrix say.
func TestCoordinates(t *testing.T) {
	t.Parallel()
	s, m := load(t, sdl(t)), published(t)
	o := observed(t)
	report(t, compare(o, s, m))

	probed := map[string]bool{}
	for _, p := range o.probes {
		for _, at := range p.steps {
			probed[at.String()] = true
		}
	}
	for _, want := range coordinates(t, s) {
		if !probed[want] {
			t.Errorf("%s is asked for by no probe", want)
		}
	}
	t.Logf("%d coordinates by %d routes, asked by %d callers", len(probed), len(o.probes), len(callers()))
}

// TestCoordinatesElsewhere asks the same of the program on each other kind of database.
func TestCoordinatesElsewhere(t *testing.T) {
	s, m := load(t, sdl(t)), published(t)
	for _, on := range databases()[1:] {
		t.Run(on.name, func(t *testing.T) {
			p := on.start(t, "--redis-url", startRedis(t).url(), "--demo-events", "0")
			all := probes(t, s, nodeIDs(t, p.as(owner), s))
			seen := observe(t, p, all, true)
			report(t, compare(observations{all, seen, unmasked(all, seen)}, s, m))
		})
	}
}

// coordinates lists every place of the schema that someone may or may not reach.
func coordinates(t *testing.T, s *ast.Schema) []string {
	t.Helper()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		def := s.Types[name]
		if def.BuiltIn {
			continue
		}
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			switch def.Kind {
			case ast.Object:
				all = append(all, step{object: name, field: f.Name}.String())
			case ast.InputObject:
				if len(f.Directives) > 0 {
					t.Errorf("%s.%s has a directive: teach this test to ask for fields of inputs", name, f.Name)
				}
			}
			for _, a := range f.Arguments {
				if def.Kind == ast.Object && len(a.Directives) > 0 {
					all = append(all, step{name, f.Name, a.Name}.String())
				}
			}
		}
	}
	return all
}

// report fails the test for what does not fit.
func report(t *testing.T, wrong []mismatch) {
	t.Helper()
	for i, w := range wrong {
		if i == 20 {
			t.Errorf("and %d more", len(wrong)-i)
			return
		}
		t.Errorf("%s as %s, at %s:\n got %s\nwant %s", w.probe, w.caller, w.at, w.got, w.want)
	}
}

// once is what was seen of the program, so that it is asked only once.
var once struct {
	sync.Once
	published observations
	distinct  []observations
}

// observed is what was seen of the program under the published matrix.
func observed(t *testing.T) observations {
	t.Helper()
	observeBoth(t)
	if once.published.seen == nil {
		t.Fatal("the program could not be observed: see the first test that tried")
	}
	return once.published
}

// observedDistinct is what was seen of the program under each of distinct(t).
func observedDistinct(t *testing.T) []observations {
	t.Helper()
	observed(t)
	return once.distinct
}

func observeBoth(t *testing.T) {
	t.Helper()
	once.Do(func() {
		s := load(t, sdl(t))
		redis := startRedis(t).url()
		p := startDemo(t, "--redis-url", redis, "--demo-events", "0")
		all := probes(t, s, nodeIDs(t, p.as(owner), s))
		seen := observe(t, p, all, false)
		p.stop()
		real := unmasked(all, seen)
		for _, m := range distinct(t, s) {
			p = startDemo(t, "--redis-url", redis, "--demo-events", "0", "--matrix", m.file(t))
			once.distinct = append(once.distinct, observations{all, observe(t, p, all, true), real})
			p.stop()
		}
		once.published = observations{all, seen, real}
	})
}

// unmasked are the values of masked fields as the Owner of the published matrix sees them.
func unmasked(all []probe, seen map[asked]observation) map[string][]any {
	real := map[string][]any{}
	for _, one := range all {
		if one.mask != "" {
			real[one.name] = seen[asked{owner, one.name}].values
		}
	}
	return real
}

// nodeIDs is the id of one object of each type that is a Node, as the caller sees them: the last of a page, as lists may begin with
// what the test itself has done.
func nodeIDs(t testing.TB, c client, s *ast.Schema) map[string]string {
	t.Helper()
	ids := map[string]string{}
	ways := routes(s, 100)
	for _, object := range nodeTypes(s) {
		r := ways[object]
		found := c.do(r.open+"id"+r.close, nil).ok(t).all(append(r.names, "id")...)
		if len(found) == 0 {
			t.Fatalf("the demo has no %s", object)
		}
		ids[object] = found[len(found)-1].(string)
	}
	return ids
}

// served are the permissions that some directive of the schema asks for.
func served(s *ast.Schema) []string {
	found := map[string]bool{}
	for _, def := range s.Types {
		lists := []ast.DirectiveList{def.Directives}
		for _, f := range def.Fields {
			lists = append(lists, f.Directives)
			for _, a := range f.Arguments {
				lists = append(lists, a.Directives)
			}
		}
		for _, list := range lists {
			for _, d := range list {
				switch d.Name {
				case "hasPermission":
					found[given(d, "permission")] = true
				case "personalData":
					found["PERSONAL_DATA"] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// distinct are two matrices in which each served permission is given to two roles, no two of them in both to the same: of
// any two permissions there is a role that has the one and not the other. Under them any directive that asks for another
// permission shows, unless that one comes with it.
func distinct(t testing.TB, s *ast.Schema) []*table {
	t.Helper()
	var pairs [][2]string
	for i, one := range columns {
		for _, other := range columns[i+1:] {
			pairs = append(pairs, [2]string{one, other})
		}
	}
	want := served(s)
	var both []*table
	for round := range 2 {
		m := published(t)
		for _, permission := range m.permissions() {
			i := slices.Index(want, permission)
			for _, caller := range columns {
				cell := ""
				// Those that have the same pair in the first round, ten places apart, have neighbours in the second.
				if i >= 0 && slices.Contains(pairs[(i+round*(i/len(pairs)))%len(pairs)][:], caller) {
					cell = "x"
				}
				m = m.with(permission, caller, cell)
			}
		}
		both = append(both, m)
	}
	return both
}

// TestDistinctMatrix asks the same of the program under matrices in which no two permissions go together.
func TestDistinctMatrix(t *testing.T) {
	t.Parallel()
	s := load(t, sdl(t))
	for i, m := range distinct(t, s) {
		report(t, compare(observedDistinct(t)[i], s, m))
	}
}

// TestAnyCellShows turns over each cell of the test's own copy of the matrix: what was seen must then not fit it, unless
// the role has the permission through another one in any case.
func TestAnyCellShows(t *testing.T) {
	t.Parallel()
	s, m, o := load(t, sdl(t)), published(t), observed(t)
	want := served(s)
	for _, permission := range m.permissions() {
		if !slices.Contains(want, permission) {
			t.Errorf("nothing asks for %s", permission)
			continue
		}
		for _, caller := range columns {
			flipped := m.flipped(permission, caller)
			wrong := compare(o, s, flipped)
			if flipped.holds(caller, permission) == m.holds(caller, permission) {
				if len(wrong) > 0 {
					t.Errorf("%s of %s: it decides nothing, and yet there is a mismatch: %+v", permission, caller, wrong[0])
				}
				continue
			}
			if len(wrong) == 0 {
				t.Errorf("%s of %s: the cell may change, and no test would tell", permission, caller)
			}
			for _, w := range wrong {
				if w.caller != caller {
					t.Errorf("%s of %s: the cell shows as %s: %+v", permission, caller, w.caller, w)
				}
			}
		}
	}
}

// TestOneCellChanged starts the program on matrices with one cell turned over: it
// must do what each says, and so something else than under the published one, to
// that role alone. It is asked by the shortest ways; TestDistinctMatrix takes node(id:) too.
func TestOneCellChanged(t *testing.T) {
	t.Parallel()
	s, m := load(t, sdl(t)), published(t)
	o := observed(t)
	o.probes = slices.DeleteFunc(slices.Clone(o.probes), func(p probe) bool { return p.byID })
	for _, permission := range served(s) {
		t.Run(permission, func(t *testing.T) {
			t.Parallel()
			flipped := m.flipped(permission, support)
			p := startDemo(t, "--matrix", flipped.file(t), "--redis-url", startRedis(t).url(), "--demo-events", "0")
			changed := observations{o.probes, observe(t, p, o.probes, true), o.real}
			report(t, compare(changed, s, flipped))
			differing := compare(changed, s, m)
			if len(differing) == 0 {
				t.Error("the program does the same as under the published matrix")
			}
			for _, d := range differing {
				if d.caller != support || !strings.Contains(fmt.Sprint(d.got, d.want, demands(s, d.at)), permission) &&
					permission != "PERSONAL_DATA" {
					t.Errorf("something else has changed: %+v", d)
				}
			}
		})
	}
}

// TestPermissionMatrix holds what the API says of the matrix, and of what a caller holds, to the matrix's file.
func TestPermissionMatrix(t *testing.T) {
	m := published(t)
	p := startDemo(t)
	rows := p.guest().do(`{ permissionMatrix { permission title roles implies source } }`, nil).ok(t).all("permissionMatrix")
	if len(rows) != len(m.records) {
		t.Fatalf("%d rows, want %d", len(rows), len(m.records))
	}
	for i, r := range m.records {
		var roles []any
		for c := range columns {
			if r[firstRole+c] == "x" {
				roles = append(roles, strings.ToUpper(m.header[firstRole+c]))
			}
		}
		implies := []any{}
		if r[2] != "" {
			for name := range strings.SplitSeq(r[2], ";") {
				implies = append(implies, name)
			}
		}
		want := vars{"permission": r[0], "title": r[1], "roles": roles, "implies": implies, "source": r[len(r)-1]}
		if fmt.Sprint(rows[i]) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", rows[i], want)
		}
	}
	for i, caller := range columns {
		a := p.as(caller).do(`{ viewer { email roles permissions { permission actions } } }`, nil).ok(t)
		if got, want := fmt.Sprint(a.at("viewer", "roles")), "["+strings.ToUpper(m.header[firstRole+i])+"]"; got != want {
			t.Errorf("%s has the roles %s, want %s", caller, got, want)
		}
		var want []any
		for _, permission := range m.permissions() {
			if m.holds(caller, permission) {
				want = append(want, vars{"permission": permission, "actions": []any{"READ", "CREATE", "UPDATE", "DELETE"}})
			}
		}
		if got := a.at("viewer", "permissions"); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s holds %v, want %v", caller, got, want)
		}
	}
}
