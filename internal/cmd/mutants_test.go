package cmd

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// place is a list of directives in the schema's files, where one that decides something stands.
type place struct {
	coordinate string
	list       *ast.DirectiveList
	index      int
}

// directive is the directive that stands there.
func (p place) directive() *ast.Directive { return (*p.list)[p.index] }

// drop takes the directive away.
func (p place) drop() { *p.list = slices.Delete(slices.Clone(*p.list), p.index, p.index+1) }

// put writes another directive there.
func (p place) put(name string, arguments ...string) {
	d := &ast.Directive{Name: name, Position: p.directive().Position}
	for i := 0; i < len(arguments); i += 2 {
		kind := ast.EnumValue
		if arguments[i] == "field" {
			kind = ast.StringValue
		}
		d.Arguments = append(d.Arguments, &ast.Argument{
			Name: arguments[i], Position: d.Position,
			Value: &ast.Value{Kind: kind, Raw: arguments[i+1], Position: d.Position},
		})
	}
	*p.list = slices.Clone(*p.list)
	(*p.list)[p.index] = d
}

// places lists every directive that decides something, in the order of the files.
func places(doc *ast.SchemaDocument) []place {
	var all []place
	add := func(coordinate string, list *ast.DirectiveList) {
		for i, d := range *list {
			if slices.Contains([]string{"public", "signedIn", "hasPermission", "filters", "personalData"}, d.Name) {
				all = append(all, place{coordinate, list, i})
			}
		}
	}
	for _, def := range slices.Concat(doc.Definitions, doc.Extensions) {
		add(def.Name, &def.Directives)
		for _, f := range def.Fields {
			add(def.Name+"."+f.Name, &f.Directives)
			for _, a := range f.Arguments {
				add(step{def.Name, f.Name, a.Name}.String(), &a.Directives)
			}
		}
	}
	return all
}

// change puts a directive that asks for something else where one stands, and says which.
func change(p place, s *ast.Schema, served []string) string {
	other := func(now string) string { // another permission that is served
		i := slices.Index(served, now)
		next := served[(i+1)%len(served)]
		if next == "PERSONAL_DATA" || now == "FLEX_ADMIN" { // which comes with the next
			next = served[(i+2)%len(served)]
		}
		return next
	}
	switch d := p.directive(); d.Name {
	case "public":
		p.put("signedIn")
	case "signedIn":
		p.put("hasPermission", "permission", served[0])
	case "hasPermission":
		action := "READ"
		if a := d.Arguments.ForName("action"); a != nil {
			action = a.Value.Raw
		}
		p.put("hasPermission", "permission", other(d.Arguments.ForName("permission").Value.Raw), "action", action)
	case "filters":
		target := "Call.price"
		if strings.HasPrefix(p.coordinate, "Account.invoices") {
			target = "ProjectSettings.status"
		}
		p.put("filters", "field", target)
	case "personalData":
		mask := "LAST4"
		if a := d.Arguments.ForName("mask"); a == nil || a.Value.Raw == mask {
			mask = "ALL"
		}
		p.put("personalData", "mask", mask)
	}
	p.directive().Definition = s.Directives[p.directive().Name]
	var text strings.Builder
	for _, a := range p.directive().Arguments {
		fmt.Fprintf(&text, " %s: %s", a.Name, a.Value.Raw)
	}
	return "@" + p.directive().Name + text.String()
}

// TestAnyDirectiveShows drops each directive of the test's own copy of the schema, and
// changes each: what was seen of the program must then not fit it, or the program
// itself must refuse the schema. The one thing that goes unseen is a list's own
// directive that says the same as that of the type it returns, which is in force in
// any case; then nothing has changed for anyone.
func TestAnyDirectiveShows(t *testing.T) {
	t.Parallel()
	s, m := load(t, sdl(t)), published(t)
	seen, distinctly, apart := observed(t), observedDistinct(t), distinct(t, s)
	permissions := served(s)
	var unseen, same []string
	doc, faulty := sdl(t), sdl(t)
	written := places(faulty)
	all := places(doc)
	mutant := load(t, doc) // has the very directives of doc, and its extensions merged
	for i, at := range all {
		near := seen.of(at) // where a change shows soonest
		for _, mutate := range []func(place) string{
			func(p place) string { p.drop(); return "dropped" },
			func(p place) string { return change(p, mutant, permissions) },
		} {
			before, what := *at.list, at.coordinate+" @"+at.directive().Name+" → "
			what += mutate(at)
			shows := differs(near, mutant, m) || differs(seen, mutant, m) || differs(distinctly[0], mutant, apart[0]) || differs(distinctly[1], mutant, apart[1])
			idle := !shows && strings.HasSuffix(what, "dropped") && equivalent(s, mutant, seen.probes)
			*at.list = before
			switch {
			case shows:
				continue
			case idle:
				same = append(same, at.coordinate)
				continue
			}
			unseen = append(unseen, what)
			mutate(written[i])
		}
	}
	// The program names every fault, so it is asked once, of a schema with all these changes.
	got := command(t, "check", file(t, "mutant.graphqls", render(faulty)))
	for _, what := range unseen {
		coordinate, _, _ := strings.Cut(what, " ")
		if got.status != 1 || !strings.Contains(got.stderr, " "+coordinate+": ") {
			t.Errorf("%s: no test would tell, and the program takes it (%d %s)", what, got.status, got.stderr)
		}
	}
	t.Logf("%d directives; the program itself refuses:\n%s", len(all), strings.Join(unseen, "\n"))
	for _, coordinate := range same {
		object, field, _ := strings.Cut(coordinate, ".")
		f := s.Types[object].Fields.ForName(field)
		own, _ := ruleOf(f.Directives)
		if returned := objectDemand(s, f.Type.Name()); returned != own {
			t.Errorf("%s: dropping its directive changes nothing, and yet %s asks for something else", coordinate, f.Type.Name())
		}
	}
}

// of is what was seen by the probes that pass through the type of a place.
func (o observations) of(at place) observations {
	object, _, _ := strings.Cut(at.coordinate, ".")
	all := o.probes
	o.probes = nil
	for _, p := range all {
		if slices.ContainsFunc(p.steps, func(s step) bool { return s.object == object }) {
			o.probes = append(o.probes, p)
		}
	}
	return o
}

// equivalent says whether two schemas ask the same of every caller, in every place.
func equivalent(a, b *ast.Schema, all []probe) bool {
	for _, p := range all {
		for _, at := range p.steps {
			if !reflect.DeepEqual(strongest(demands(a, at)), strongest(demands(b, at))) {
				return false
			}
		}
		if at := p.last(); at.field != "" && maskOf(a, at.object, at.field) != maskOf(b, at.object, at.field) {
			return false
		}
	}
	return true
}

// strongest leaves out what other demands make superfluous.
func strongest(all []demand) map[demand]bool {
	kept := map[demand]bool{}
	for _, d := range all {
		weaker := d.kind == anyone || d.kind == member && slices.ContainsFunc(all, func(o demand) bool { return o.kind == holder })
		if !weaker {
			kept[d] = true
		}
	}
	return kept
}

// render writes parsed files as one.
func render(doc *ast.SchemaDocument) string {
	var text strings.Builder
	formatter.NewFormatter(&text).FormatSchemaDocument(doc)
	return text.String()
}
