package cmd

import (
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/vektah/gqlparser/v2/ast"
)

// asked names an observation: who asked and what.
type asked struct{ caller, probe string }

// observation is what the program did with a probe.
type observation struct {
	allowed bool
	// What a denial says of itself.
	code, coordinate, permission, action string
	// masked says that extensions.masked names the field; values are what was shown.
	masked bool
	values []any
}

// observations is everything that was seen of a program.
type observations struct {
	probes []probe
	seen   map[asked]observation
	// real are the values of masked fields as the Owner of the published matrix sees them.
	real map[string][]any
}

// observe asks a running program every probe as every caller. Each probe is asked
// alone or, when together is set, with the others of its group. The callers have
// signed out when it returns. The program keeps its sessions in a Redis of its own, by
// which subscriptions are told of something.
func observe(t *testing.T, p *program, all []probe, together bool) map[asked]observation {
	t.Helper()
	seen := map[asked]observation{}
	b := busOn(t, p.redis)
	p.signIn(owner) // so that there is a session to look at all the time
	for _, name := range callers() {
		who := p.guest()
		if name != guest {
			who = p.as(name)
			delete(p.clients, name)
		}
		for _, group := range grouped(all, together) {
			observeGroup(t, b, who, name, group, seen)
		}
	}
	return seen
}

// grouped puts probes together that one operation can ask. The payload of a mutation is always asked for in one.
func grouped(all []probe, together bool) [][]probe {
	const most = 20 // fields of one group
	var groups [][]probe
	place := map[string]int{}
	for _, p := range all {
		i, known := place[p.group]
		if known && (together || p.mutates()) && len(groups[i]) < most {
			groups[i] = append(groups[i], p)
			continue
		}
		place[p.group] = len(groups)
		groups = append(groups, []probe{p})
	}
	return groups
}

// observeGroup asks one operation and notes what became of each of its probes.
func observeGroup(t *testing.T, b bus, who client, name string, group []probe, seen map[asked]observation) {
	t.Helper()
	var leaves []string
	for _, p := range group {
		leaves = append(leaves, p.leaf)
	}
	query := group[0].open + strings.Join(leaves, " ") + group[0].close
	var a answer
	media := "application/graphql-response+json"
	if group[0].streams() {
		a, media = firstEvent(b, who, query, group[0].tells), "text/event-stream"
	} else {
		a = who.do(query, nil)
	}
	if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, media) {
		t.Fatalf("%s as %s: %d %s %s", query, name, a.status, got, a.body)
	}
	explained := map[int]bool{}
	for _, p := range group {
		o := observation{allowed: true}
		for i, e := range a.errors {
			if !begins(p.path, inFirstElements(e.Path)) {
				continue
			}
			explained[i] = true
			if p.mutates() && a.hasData {
				break // it was let through, and its input is wrong
			}
			x := e.Extensions
			denied := observation{code: x.Code, coordinate: x.Coordinate, permission: x.Permission, action: x.Action}
			if !o.allowed && fmt.Sprint(o) != fmt.Sprint(denied) {
				t.Errorf("%s as %s: one element of a list is denied as %+v, another as %+v", query, name, o, denied)
			}
			o = denied
			if value, there := find(a.data, e.Path); a.hasData && (value != nil || !there) {
				t.Errorf("%s as %s: there is no null at %v, which was denied: %s", query, name, e.Path, a.body)
			}
		}
		o = withValues(a, p, o)
		checkForm(t, a, p, o, name)
		seen[asked{name, p.name}] = o
	}
	for i, e := range a.errors {
		if !explained[i] {
			t.Errorf("%s as %s: an error that belongs to nothing that was asked for: %+v", query, name, e)
		}
	}
}

// firstEvent subscribes, has something logged and takes what comes first of that. What was told to a stream before may
// come late, and is of another type: nothing is selected of it then.
func firstEvent(b bus, who client, query string, tells []string) answer {
	b.t.Helper()
	return who.p.patiently(true, func() answer {
		s := who.subscribe(query)
		defer s.cancel()
		for _, told := range tells {
			kind, sid, _ := strings.Cut(told, " ")
			b.tell(demo.Main(), kind, sid)
		}
		for {
			a := s.next()
			other := false
			for _, value := range a.data {
				object, is := value.(map[string]any)
				other = is && len(object) == 0
			}
			if !other {
				return a
			}
		}
	})
}

// withValues notes what was shown of a field that may be masked.
func withValues(a answer, p probe, o observation) observation {
	if !o.allowed || p.mask == "" {
		return o
	}
	o.values = a.all(p.names...)
	list, _ := a.extensions["masked"].([]any)
	o.masked = slices.ContainsFunc(list, func(entry any) bool {
		named, _ := entry.(map[string]any)
		return named["coordinate"] == p.last().String()
	})
	return o
}

// checkForm checks what every answer must be like.
func checkForm(t *testing.T, a answer, p probe, o observation, name string) {
	t.Helper()
	status, data := http.StatusOK, true
	if p.mutates() && !o.allowed {
		status, data = http.StatusForbidden, false
		if name == guest {
			status = http.StatusUnauthorized
		}
	}
	if p.streams() && strings.HasPrefix(o.coordinate, "Subscription.") {
		data = false // nothing has begun; a stream says so in its only event
	}
	if a.status != status || a.hasData != data {
		t.Errorf("%s as %s: status %d, want %d, and data is there: %v, want %v; %s",
			p.name, name, a.status, status, a.hasData, data, a.body)
	}
	if shown := a.all(p.names...); !o.allowed && len(shown) > 0 {
		t.Errorf("%s as %s: denied, and yet shown %d times: %s", p.name, name, len(shown), a.body)
	}
	if !p.mutates() && o.allowed && !present(a.data, p.names) {
		t.Errorf("%s as %s: allowed, and yet the answer does not have it: %s", p.name, name, a.body)
	}
}

// begins says whether a path begins with another, not empty, one.
func begins(path, with []any) bool {
	if len(with) == 0 || len(with) > len(path) {
		return false
	}
	for i := range with {
		if fmt.Sprint(with[i]) != fmt.Sprint(path[i]) { // JSON makes floats of indices
			return false
		}
	}
	return true
}

// inFirstElements is an error's path as if it were in the first element of each list.
func inFirstElements(path []any) []any {
	first := slices.Clone(path)
	for i, at := range first {
		if _, is := at.(float64); is {
			first[i] = 0
		}
	}
	return first
}

// find follows an error's path into the data.
func find(data any, path []any) (value any, there bool) {
	for _, at := range path {
		switch at := at.(type) {
		case string:
			object, _ := data.(map[string]any)
			if data, there = object[at]; !there {
				return nil, false
			}
		case float64:
			list, _ := data.([]any)
			if int(at) >= len(list) {
				return nil, false
			}
			data, there = list[int(at)], true
		}
	}
	return data, there
}

// present says whether the key at the end of the names is really there, in one object at least.
func present(value any, names []string) bool {
	if list, is := value.([]any); is {
		return slices.ContainsFunc(list, func(item any) bool { return present(item, names) })
	}
	object, is := value.(map[string]any)
	if !is {
		return false
	}
	next, there := object[names[0]]
	return there && (len(names) == 1 || present(next, names[1:]))
}

// mismatch is something seen that the schema and the matrix do not say.
type mismatch struct {
	asked
	at        step
	got, want string
}

// compare holds what was seen against what the schema and the matrix say.
func compare(o observations, s *ast.Schema, m *table) []mismatch {
	return slices.Collect(mismatches(o, s, m))
}

// differs is compare for who wants to know no more than whether there is a mismatch.
func differs(o observations, s *ast.Schema, m *table) bool {
	for range mismatches(o, s, m) {
		return true
	}
	return false
}

func mismatches(o observations, s *ast.Schema, m *table) iter.Seq[mismatch] {
	return func(yield func(mismatch) bool) {
		for _, p := range o.probes {
			for _, caller := range callers() {
				name := asked{caller, p.name}
				got, known := o.seen[name]
				at, want := p.last(), "asked"
				if known {
					at, want = judge(got, s, m, p, caller, o.real[p.name])
				}
				if want != "" && !yield(mismatch{name, at, fmt.Sprintf("%+v", got), want}) {
					return
				}
			}
		}
	}
}

// judge says what should have been seen instead, "" when all is well, and where.
func judge(got observation, s *ast.Schema, m *table, p probe, caller string, real []any) (at step, want string) {
	for _, at := range p.steps {
		all := demands(s, at)
		if p.mutates() && at.object != s.Mutation.Name {
			all = all[:1] // the input is wrong, so there is no object in the payload that could be denied: see TestDeniedInPayload
		}
		var failing []demand
		for _, d := range all {
			if !met(m, caller, d) {
				failing = append(failing, d)
			}
		}
		if len(failing) > 0 {
			return at, judgeDenial(got, at, caller, failing)
		}
	}
	at = p.last()
	if !got.allowed {
		return at, "allowed"
	}
	mask := ""
	if at.field != "" && at.argument == "" && !m.holds(caller, "PERSONAL_DATA") {
		mask = maskOf(s, at.object, at.field)
	}
	if got.masked != (mask != "") {
		return at, fmt.Sprintf("named as masked: %v", mask != "")
	}
	if p.mask == "" {
		return at, ""
	}
	shown := slices.Clone(real)
	for i, value := range shown {
		if text, is := value.(string); is && mask != "" {
			shown[i] = masked(mask, text)
		}
	}
	if !reflect.DeepEqual(got.values, shown) {
		return at, fmt.Sprintf("the values %v", shown)
	}
	return at, ""
}

// judgeDenial says which denial should have been seen, "" when it was.
func judgeDenial(got observation, at step, caller string, failing []demand) string {
	code := "FORBIDDEN"
	if caller == guest && !slices.Contains(failing, demand{}) {
		code = "UNAUTHENTICATED"
	}
	for _, d := range failing {
		if got.allowed || got.code != code || got.coordinate != at.String() {
			continue
		}
		if d.kind != holder && got.permission == "" || d.kind == holder && got.permission == d.permission && got.action == d.action {
			return ""
		}
	}
	return fmt.Sprintf("%s at %s for want of %v", code, at, failing)
}
