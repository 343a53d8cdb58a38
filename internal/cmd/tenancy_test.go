package cmd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// connections are the lists of the account: the fields of Account that take a cursor.
func connections(s *ast.Schema) []*ast.FieldDefinition {
	var all []*ast.FieldDefinition
	for _, f := range s.Types["Account"].Fields {
		if f.Arguments.ForName("after") != nil {
			all = append(all, f)
		}
	}
	return all
}

// elementOf is the type of a list's elements.
func elementOf(s *ast.Schema, connection *ast.FieldDefinition) *ast.Definition {
	edge := s.Types[s.Types[connection.Type.Name()].Fields.ForName("edges").Type.Name()]
	return s.Types[edge.Fields.ForName("node").Type.Name()]
}

// scalars selects every field of an object that has no fields of its own.
func scalars(s *ast.Schema, def *ast.Definition) string {
	var names []string
	for _, f := range def.Fields {
		if !s.Types[f.Type.Name()].IsCompositeType() && !strings.HasPrefix(f.Name, "__") {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, " ")
}

// naming is what tells one row of a list from all others: its id or, where there is none, all of it.
func naming(s *ast.Schema, def *ast.Definition) string {
	if def.Fields.ForName("id") != nil {
		return "id"
	}
	return scalars(s, def)
}

// rows reads a list of the caller's account, with these arguments.
func rows(t *testing.T, c client, connection *ast.FieldDefinition, arguments, fields string) []any {
	t.Helper()
	query := "{ account { " + connection.Name + arguments + " { edges { node { " + fields + " } } } } }"
	return c.do(query, nil).ok(t).all("account", connection.Name, "edges", "node")
}

// TestTenancy tries what one account is known by with a token of the other: each type
// of object, each list, each filter and each mutation that the schema has.
func TestTenancy(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		s := load(t, sdl(t))
		p := on.start(t)
		first, second := p.as(owner), p.as(secondOwner)
		for _, pair := range []struct {
			name         string
			mine, theirs client
		}{
			{"the first account asks for the second's", first, second},
			{"the second account asks for the first's", second, first},
		} {
			t.Run(pair.name, func(t *testing.T) {
				t.Run("ids", func(t *testing.T) { tryIDs(t, s, pair.mine, pair.theirs) })
				t.Run("cursors", func(t *testing.T) { tryCursors(t, s, pair.mine, pair.theirs) })
				t.Run("filters", func(t *testing.T) { tryFilters(t, s, pair.mine, pair.theirs) })
			})
		}
		t.Run("mutations", func(t *testing.T) { tryMutations(t, s, p) })
	})
}

// tryIDs asks node(id:) and nodes(ids:) for the other account's objects: the answer must
// be that for an object which does not exist, to the byte.
func tryIDs(t *testing.T, s *ast.Schema, mine, theirs client) {
	for name, def := range s.Types {
		if def.Kind == ast.Object && def.Fields.ForName("id") != nil && !slices.Contains(nodeTypes(s), name) && name != "Session" {
			t.Errorf("%s has an id and is no Node: teach this test how it is asked for", name) // Session: see tryMutations
		}
	}
	found := map[string][]string{"Account": {nodeIDs(t, theirs, s)["Account"]}}
	for _, connection := range connections(s) {
		element := elementOf(s, connection)
		if !slices.Contains(element.Interfaces, "Node") {
			continue
		}
		for _, row := range rows(t, theirs, connection, "(first: 20)", "id") {
			found[element.Name] = append(found[element.Name], row.(map[string]any)["id"].(string))
		}
	}
	for _, object := range nodeTypes(s) {
		if len(found[object]) == 0 {
			t.Errorf("no id of a %s is known", object)
		}
		for _, query := range []string{
			`query($id: ID!) { node(id: $id) { __typename id } }`, `query($id: ID!) { nodes(ids: [$id]) { __typename id } }`,
		} {
			for _, id := range found[object] {
				theirs.do(query, vars{"id": id}).ok(t)
				unknown := mine.do(query, vars{"id": unknownID(t, id)}).refused(t, http.StatusOK, "NOT_FOUND")
				alike(t, object, mine.do(query, vars{"id": id}), unknown)
			}
		}
	}
}

// alike fails the test unless what is another's is answered as what does not exist: with
// the same status, headers and text.
func alike(t *testing.T, what string, foreign, unknown answer) {
	t.Helper()
	head := func(a answer) string {
		h := a.header.Clone()
		for name := range h {
			// The time, the request's id, and what is left of a limit that every request draws on, differ between any two.
			if name == "Date" || name == "X-Request-Id" || strings.HasPrefix(name, "Ratelimit") {
				h.Del(name)
			}
		}
		return fmt.Sprint(h)
	}
	if foreign.status != unknown.status || foreign.body != unknown.body || head(foreign) != head(unknown) {
		t.Errorf("%s: %d %s %s, and for one that does not exist %d %s %s",
			what, foreign.status, head(foreign), foreign.body, unknown.status, head(unknown), unknown.body)
	}
}

// tryCursors goes on in the caller's list from a cursor of the other's.
func tryCursors(t *testing.T, s *ast.Schema, mine, theirs client) {
	for _, connection := range connections(s) {
		const page = " { edges { cursor } pageInfo { startCursor endCursor } } } }"
		a := theirs.do("{ account { "+connection.Name+"(first: 2)"+page, nil).ok(t)
		at := func(name string) []any { return a.all("account", connection.Name, "pageInfo", name) }
		cursors := slices.Concat(a.all("account", connection.Name, "edges", "cursor"), at("startCursor"), at("endCursor"))
		if len(cursors) != 4 {
			t.Fatalf("%s gives no two cursors: %s", connection.Name, a.body)
		}
		query := "query($after: String) { account { " + connection.Name + "(first: 2, after: $after)" + page
		theirs.do(query, vars{"after": cursors[0]}).ok(t)
		forged := mine.do(query, vars{"after": "AAAA"}).refused(t, http.StatusOK, "BAD_USER_INPUT")
		for _, cursor := range cursors {
			foreign := mine.do(query, vars{"after": cursor})
			if foreign.status != forged.status || foreign.body != forged.body {
				t.Errorf("%s: %d %s, and for a forged one %d %s", connection.Name, foreign.status, foreign.body, forged.status, forged.body)
			}
		}
	}
}

// tryFilters filters the caller's lists by the values of the other's rows. All that
// comes must be the caller's own.
func tryFilters(t *testing.T, s *ast.Schema, mine, theirs client) {
	for _, connection := range connections(s) {
		element := elementOf(s, connection)
		foreign := foreigners(t, s, mine, theirs, connection)
		for _, a := range connection.Arguments {
			filters := a.Directives.ForName("filters")
			if filters == nil {
				continue
			}
			_, field, _ := strings.Cut(given(filters, "field"), ".")
			tried := map[string]bool{}
			for _, row := range rows(t, theirs, connection, "(first: 100)", field) {
				value := argumentOf(s, a.Type, row.(map[string]any)[field])
				if value == "" || tried[value] || len(tried) == 8 {
					continue
				}
				tried[value] = true
				for _, got := range rows(t, mine, connection, "(first: 1000, "+a.Name+": "+value+")", naming(s, element)) {
					if foreign(got) {
						t.Errorf("%s(%s: %s) gives the other account's %v", connection.Name, a.Name, value, got)
					}
				}
			}
			if len(tried) == 0 {
				t.Errorf("%s(%s:): no value of %s.%s to try", connection.Name, a.Name, element.Name, field)
			}
		}
	}
}

// foreigners tells the other account's rows of a list from the caller's, by the list
// of the one that has few.
func foreigners(t *testing.T, s *ast.Schema, mine, theirs client, connection *ast.FieldDefinition) func(row any) bool {
	t.Helper()
	known := func(c client) (map[string]bool, bool) {
		names := map[string]bool{}
		all := rows(t, c, connection, "(first: 1000)", naming(s, elementOf(s, connection)))
		for _, row := range all {
			names[fmt.Sprint(row)] = true
		}
		return names, len(all) < 1000
	}
	if others, complete := known(theirs); complete {
		return func(row any) bool { return others[fmt.Sprint(row)] }
	}
	own, complete := known(mine)
	if !complete {
		t.Fatalf("both accounts have a thousand rows of %s: read them by pages", connection.Name)
	}
	return func(row any) bool { return !own[fmt.Sprint(row)] }
}

// argumentOf writes a value that was seen as an argument of this type; a list gives its first element.
func argumentOf(s *ast.Schema, of *ast.Type, value any) string {
	if list, is := value.([]any); is && len(list) > 0 {
		value = list[0]
	}
	text, is := value.(string)
	if !is {
		return ""
	}
	if s.Types[of.Name()].Kind == ast.Enum {
		return text
	}
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// tryMutations gives every id of the first account to every mutation that takes an id,
// as the second account's owner.
func tryMutations(t *testing.T, s *ast.Schema, p *program) {
	p.as(developer) // a session to end
	before := snapshot(t, p)
	found := nodeIDs(t, p.as(owner), s)
	found["User"] = ids(before, "user "+developer)[0] // the Owner's role cannot be changed by anyone
	found["Session"] = ids(before, "session of "+developer)[0]
	tried := 0
	for _, m := range s.Mutation.Fields {
		input := m.Arguments.ForName("input")
		if input == nil || !slices.ContainsFunc(s.Types[input.Type.Name()].Fields, func(f *ast.FieldDefinition) bool { return f.Type.Name() == "ID" }) {
			continue
		}
		tried++
		query := "mutation($input: " + input.Type.String() + ") { " + m.Name + "(input: $input) { __typename } }"
		missing := 0
		for object, id := range found {
			foreign := p.as(secondOwner).do(query, vars{"input": inputOf(s, input.Type, id)})
			unknown := p.as(secondOwner).do(query, vars{"input": inputOf(s, input.Type, unknownID(t, id))})
			alike(t, m.Name+" of another account's "+object, foreign, unknown)
			switch foreign.code() {
			case "NOT_FOUND":
				missing++
			case "BAD_USER_INPUT": // it takes no id of this type
			default:
				t.Errorf("%s of another account's %s: %s", m.Name, object, foreign.body)
			}
		}
		if missing != 1 {
			t.Errorf("%s takes ids of %d types, want 1", m.Name, missing)
		}
	}
	if tried < 4 {
		t.Errorf("only %d mutations take an id", tried)
	}
	// The session's own user is named in its id: another account's session under a user of one's own.
	_, session, _ := strings.Cut(decodeID(t, found["Session"]), "/")
	_, user, _ := strings.Cut(decodeID(t, p.as(secondOwner).do(`{ account { users(first: 1) { edges { node { id } } } } }`, nil).
		ok(t).text("account", "users", "edges", 0, "node", "id")), ":")
	p.as(secondOwner).do(`mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`,
		vars{"id": encodeID("Session", user+"/"+session)}).refused(t, http.StatusOK, "NOT_FOUND")

	if gone, made := difference(before, snapshot(t, p)); len(gone)+len(made) > 0 {
		t.Errorf("gone %q, made %q", gone, made)
	}
	p.as(developer).do(`{ viewer { sid } }`, nil).ok(t)
}

// inputOf is some input of a type, with this id wherever one goes.
func inputOf(s *ast.Schema, of *ast.Type, id string) any {
	def := s.Types[of.Name()]
	switch {
	case of.Elem != nil:
		return []any{inputOf(s, of.Elem, id)}
	case def.Kind == ast.InputObject:
		object := vars{}
		for _, f := range def.Fields {
			object[f.Name] = inputOf(s, f.Type, id)
		}
		return object
	case def.Kind == ast.Enum:
		return def.EnumValues[len(def.EnumValues)-1].Name // of roles, Support
	case def.Name == "ID":
		return id
	}
	return "x"
}
