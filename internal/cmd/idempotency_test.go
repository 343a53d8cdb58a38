package cmd

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// creation is a mutation that takes an idempotency key, as the schema has it.
type creation struct {
	mutation string
	input    *ast.Type
	free     []string             // the fields of the input that are any text, a number, or yes and no
	makes    *ast.Definition      // the type of what it makes
	object   string               // the payload's field that has it
	edge     string               // the one that has it as an edge; "" when there is none
	list     *listing             // where the edge belongs
	once     []string             // what of the payload is shown once: what may be null and makes no promise
	end      *ast.FieldDefinition // the mutation that deletes it, nil when there is none
}

// creations are all mutations that take an idempotency key.
func creations(t *testing.T, s *ast.Schema) []creation {
	t.Helper()
	var all []creation
	for _, f := range s.Mutation.Fields {
		input := f.Arguments.ForName("input")
		if input == nil || s.Types[input.Type.Name()].Fields.ForName("idempotencyKey") == nil {
			if rule, _ := ruleOf(f.Directives); rule.action == "CREATE" {
				t.Errorf("%s makes something and takes no idempotency key", f.Name)
			}
			continue
		}
		c := creation{mutation: f.Name, input: input.Type}
		for _, given := range s.Types[input.Type.Name()].Fields {
			if slices.Contains([]string{"String", "Int", "Boolean"}, given.Type.Name()) && given.Name != "idempotencyKey" {
				c.free = append(c.free, given.Name)
			}
		}
		for _, inner := range s.Types[f.Type.Name()].Fields {
			def := s.Types[inner.Type.Name()]
			switch {
			case slices.Contains(def.Interfaces, "Node"):
				c.makes, c.object = def, inner.Name
			case def.Fields.ForName("cursor") != nil:
				c.edge = inner.Name
			case !inner.Type.NonNull && inner.Directives.ForName("semanticNonNull") == nil:
				c.once = append(c.once, inner.Name)
			}
		}
		if c.makes == nil {
			t.Fatalf("%s says nothing of what it makes", f.Name)
		}
		for _, l := range connections(s) {
			if l.element == c.makes {
				c.list = &l
			}
		}
		for _, other := range s.Mutation.Fields {
			rule, _ := ruleOf(other.Directives)
			for _, inner := range s.Types[other.Type.Name()].Fields {
				if rule.action == "DELETE" && strings.HasSuffix(strings.ToLower(inner.Name), strings.ToLower("ed"+c.makes.Name+"Id")) {
					c.end = other // deletedApiKeyId, releasedPhoneNumberId
				}
			}
		}
		all = append(all, c)
	}
	return all
}

// made is what a create answers with.
type made struct {
	answer
	id, cursor string
	shown      []string // of what is shown once
}

// ask makes something, or repeats it.
func (c creation) ask(t *testing.T, who client, input vars) made {
	t.Helper()
	selected := c.object + " { id } " + strings.Join(c.once, " ")
	if c.edge != "" {
		selected += " " + c.edge + " { cursor node { id } }"
	}
	m := made{answer: who.do("mutation($input: "+c.input.String()+") { "+c.mutation+"(input: $input) { "+selected+" } }", vars{"input": input})}
	m.id, m.cursor = m.text(c.mutation, c.object, "id"), m.text(c.mutation, c.edge, "cursor")
	for _, name := range c.once {
		if text := m.text(c.mutation, name); text != "" {
			m.shown = append(m.shown, text)
		}
	}
	if m.code() == "" && c.edge != "" && m.text(c.mutation, c.edge, "node", "id") != m.id {
		t.Errorf("the edge is another's: %s", m.body)
	}
	return m
}

// fresh has someone make one more thing, with this key if it is not "".
func (c creation) fresh(t *testing.T, in tenant, who client, key string) (input vars, m made) {
	t.Helper()
	input = inputIn(t, lessonOf(t, c.mutation).attempt(t, in, who).input)
	if delete(input, "idempotencyKey"); key != "" {
		input["idempotencyKey"] = key
	}
	m = c.ask(t, who, input)
	m.ok(t)
	if len(m.shown) != len(c.once) {
		t.Errorf("not all of %q is shown: %s", c.once, m.body)
	}
	return input, m
}

// TestIdempotency: of every create that the schema has, one that is repeated makes nothing twice, and shows its secret once.
func TestIdempotency(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		s := load(t, sdl(t))
		p := on.startBare(t)
		all := creations(t, s)
		for _, c := range all {
			t.Run(c.mutation, func(t *testing.T) { c.try(t, p.newTenant(), p.newTenant()) })
		}
		if len(all) < 11 {
			t.Errorf("only %d mutations take an idempotency key", len(all))
		}
	})
}

func (c creation) try(t *testing.T, in, elsewhere tenant) {
	who := in.as(owner)
	input, first := c.fresh(t, in, who, "k1")
	before := in.dump()
	again := c.ask(t, who, input)
	again.ok(t)
	if again.id != first.id || again.cursor != first.cursor || len(again.shown) > 0 ||
		slices.ContainsFunc(first.shown, func(secret string) bool { return strings.Contains(again.body, secret) }) {
		t.Errorf("repeated: %s, and first %s", again.body, first.body)
	}
	for _, d := range before.changesTo(in.dump()) {
		if !strings.HasPrefix(d.name, "audit_") {
			t.Errorf("repeated, and a row has changed: %s %c %q", d.name, d.how, d.values)
		}
	}
	others := 0
	for _, field := range c.free {
		other := maps.Clone(input)
		switch value := input[field].(type) {
		case string:
			other[field] = value + "x"
		case int64:
			other[field] = value + 1
		case bool:
			other[field] = !value
		default:
			continue
		}
		others++
		if a := c.ask(t, who, other).refused(t, http.StatusOK, "CONFLICT"); !strings.Contains(a.body, "idempotency key was used before") {
			t.Errorf("with another %s: %s", field, a.body)
		}
	}
	if others == 0 {
		t.Errorf("no field of %v is known to be given otherwise: teach this test how", input)
	}
	long := maps.Clone(input)
	long["idempotencyKey"] = strings.Repeat("k", 256)
	if a := c.ask(t, who, long).refused(t, http.StatusOK, "BAD_USER_INPUT"); strings.Join(a.errors[0].Extensions.InputPath, ".") != "input.idempotencyKey" {
		t.Errorf("a key too long: %s", a.body)
	}

	seen, last := []string{first.id}, vars{}
	for _, row := range []struct {
		name string
		in   tenant
		who  string
		key  string
	}{
		{"another principal", in, administrator, "k1"},
		{"another account", elsewhere, owner, "k1"},
		{"no key", in, owner, ""},
		{"no key, a second time", in, owner, ""},
		{"another key", in, owner, "k2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			input, m := c.fresh(t, row.in, row.in.as(row.who), row.key)
			if slices.Contains(seen, m.id) {
				t.Errorf("it is not its own: %s", m.body)
			}
			seen, last = append(seen, m.id), input
		})
	}
	if c.list != nil && c.edge != "" {
		// The edge's cursor is one of the list: what is new stands at the place that it names.
		list := who.do(c.list.query("(first: 1000)", "edges { cursor node { id } }"), nil).ok(t)
		place := slices.Index(list.all(c.list.path("edges", "node", "id")...), any(first.id))
		if place < 0 || list.all(c.list.path("edges", "cursor")...)[place] != first.cursor {
			t.Errorf("it stands at %d, and its cursor is not %s", place, first.cursor)
		}
	}
	if c.end != nil {
		who.do("mutation($id: ID!) { "+c.end.Name+"(input: {id: $id}) { __typename } }", vars{"id": seen[len(seen)-1]}).ok(t)
		c.ask(t, who, last).refused(t, http.StatusOK, "NOT_FOUND")
	}
	for _, secret := range first.shown {
		if strings.Contains(in.stderr.String(), secret) {
			t.Error("the secret is in the log")
		}
	}
}
