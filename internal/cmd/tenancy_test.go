package cmd

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// listing is a list that the schema has: a field that takes a cursor, and the shortest way to it.
type listing struct {
	*ast.FieldDefinition
	element *ast.Definition // the type of what is listed
	way     route
}

// connections are all lists that the schema has.
func connections(s *ast.Schema) []listing {
	var all []listing
	ways := routes(s, 1)
	for _, object := range slices.Sorted(maps.Keys(ways)) {
		for _, f := range s.Types[object].Fields {
			if f.Arguments.ForName("after") != nil {
				edge := s.Types[s.Types[f.Type.Name()].Fields.ForName("edges").Type.Name()]
				all = append(all, listing{f, s.Types[edge.Fields.ForName("node").Type.Name()], ways[object]})
			}
		}
	}
	return all
}

// query asks for the list with these arguments.
func (l listing) query(arguments, selected string) string {
	return l.way.open + l.Name + arguments + " { " + selected + " }" + l.way.close
}

// path is the way through the answer to this place in the list.
func (l listing) path(names ...string) []string {
	return slices.Concat(l.way.names, []string{l.Name}, names)
}

// rows reads the list as the caller has it, with these arguments.
func (l listing) rows(t *testing.T, c client, arguments, fields string) []any {
	t.Helper()
	return c.do(l.query(arguments, "edges { node { "+fields+" } }"), nil).ok(t).all(l.path("edges", "node")...)
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

// catalogues are the lists of what belongs to no account.
var catalogues = []string{"availablePhoneNumbers"}

// TestTenancy tries what one account is known by with a token of the other: each type
// of object, each list, each filter and each mutation that the schema has.
func TestTenancy(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, on kept) {
		s := load(t, sdl(t))
		p := on.start(t, "--demo-events", "0")
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
		t.Run("mutations", func(t *testing.T) { tryMutations(t, s, demoTenant(p), p.newTenant()) })
	})
}

// tryIDs asks node(id:) and nodes(ids:) for the other account's objects: the answer must
// be that for an object which does not exist, to the byte.
func tryIDs(t *testing.T, s *ast.Schema, mine, theirs client) {
	for name, def := range s.Types {
		for _, f := range def.Fields {
			for _, a := range f.Arguments {
				if def.Kind == ast.Object && a.Type.Name() == "ID" && byIDs[f.Name] == nil {
					t.Errorf("%s.%s takes an id: teach this test what it does", name, f.Name)
				}
			}
		}
		if def.Kind == ast.Object && def.Fields.ForName("id") != nil && !slices.Contains(nodeTypes(s), name) && name != "Session" {
			t.Errorf("%s has an id and is no Node: teach this test how it is asked for", name) // Session: see tryMutations
		}
	}
	found := map[string][]string{}
	for object, id := range nodeIDs(t, theirs, s) {
		found[object] = []string{id}
	}
	for _, l := range connections(s) {
		if !slices.Contains(l.element.Interfaces, "Node") {
			continue
		}
		for _, row := range l.rows(t, theirs, "(first: 20)", "id") {
			found[l.element.Name] = append(found[l.element.Name], row.(map[string]any)["id"].(string))
		}
	}
	for _, object := range nodeTypes(s) {
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
	for _, l := range connections(s) {
		const page = "edges { cursor } pageInfo { startCursor endCursor }"
		a := theirs.do(l.query("(first: 2)", page), nil).ok(t)
		at := func(name string) []any { return a.all(l.path("pageInfo", name)...) }
		cursors := slices.Concat(a.all(l.path("edges", "cursor")...), at("startCursor"), at("endCursor"))
		if len(cursors) != 4 {
			t.Fatalf("%s gives no two cursors: %s", l.Name, a.body)
		}
		query := "query($after: String) " + l.query("(first: 2, after: $after)", page)
		theirs.do(query, vars{"after": cursors[0]}).ok(t)
		forged := mine.do(query, vars{"after": "AAAA"}).refused(t, http.StatusOK, "BAD_USER_INPUT")
		for _, cursor := range cursors {
			alike(t, "a cursor of "+l.Name, mine.do(query, vars{"after": cursor}), forged)
		}
	}
}

// tryFilters filters the caller's lists by the values of the other's rows: all that comes must be the caller's own. By
// the SIDs of the other's objects nothing comes.
func tryFilters(t *testing.T, s *ast.Schema, mine, theirs client) {
	var sids []string
	for _, id := range nodeIDs(t, theirs, s) {
		_, sid, _ := strings.Cut(decodeID(t, id), ":")
		sids = append(sids, sid)
	}
	for _, l := range connections(s) {
		if slices.Contains(catalogues, l.Name) {
			continue
		}
		foreign := foreigners(t, s, mine, theirs, l)
		for _, a := range l.Arguments {
			filters := a.Directives.ForName("filters")
			if filters == nil {
				continue
			}
			_, field, _ := strings.Cut(given(filters, "field"), ".")
			tried := map[string]bool{}
			for _, row := range l.rows(t, theirs, "(first: 100)", field) {
				value := argumentOf(s, a.Type, row.(map[string]any)[field])
				if value == "" || tried[value] || len(tried) == 8 {
					continue
				}
				tried[value] = true
				for _, got := range l.rows(t, mine, "(first: 1000, "+a.Name+": "+value+")", naming(s, l.element)) {
					if foreign(got) {
						t.Errorf("%s(%s: %s) gives the other account's %v", l.Name, a.Name, value, got)
					}
				}
			}
			if len(tried) == 0 {
				t.Errorf("%s(%s:): no value of %s.%s to try", l.Name, a.Name, l.element.Name, field)
			}
			for _, sid := range sids {
				if a.Type.Name() == "String" {
					if got := l.rows(t, mine, fmt.Sprintf("(%s: %q)", a.Name, sid), "__typename"); len(got) > 0 {
						t.Errorf("%s(%s: %q) gives %d rows by another account's SID", l.Name, a.Name, sid, len(got))
					}
				}
			}
		}
	}
}

// foreigners tells the other account's rows of a list from the caller's, by the list
// of the one that has few.
func foreigners(t *testing.T, s *ast.Schema, mine, theirs client, l listing) func(row any) bool {
	t.Helper()
	known := func(c client) (map[string]bool, bool) {
		names := map[string]bool{}
		all := l.rows(t, c, "(first: 1000)", naming(s, l.element))
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
		t.Fatalf("both accounts have a thousand rows of %s: read them by pages", l.Name)
	}
	return func(row any) bool { return !own[fmt.Sprint(row)] }
}

// argumentOf writes a value that was seen as an argument of this type; a list gives its first element.
func argumentOf(s *ast.Schema, of *ast.Type, value any) string {
	if list, is := value.([]any); is && len(list) > 0 {
		value = list[0]
	}
	switch value := value.(type) {
	case string:
		if s.Types[of.Name()].Kind == ast.Enum {
			return value
		}
		return fmt.Sprintf("%q", value)
	case bool, float64:
		return fmt.Sprint(value)
	}
	return ""
}

// tryMutations gives every mutation, as the Owner of one account, input that is good but for one thing: an id of the
// other account, of each type, at each place that takes an id; and an SID of the other's at each place that takes an SID.
func tryMutations(t *testing.T, s *ast.Schema, theirs, mine tenant) {
	theirs.as(developer) // a session to end
	found := nodeIDs(t, theirs.as(owner), s)
	found["User"] = theirs.user(developer) // the Owner's role cannot be changed by anyone
	found["Session"] = ids(snapshot(t, theirs), "session of "+theirs.email(developer))[0]
	who := mine.as(owner)
	// The session's own user is named in its id: another account's session under a user of one's own.
	_, session, _ := strings.Cut(decodeID(t, found["Session"]), "/")
	mixed := encodeID("Session", mine.users[owner]+"/"+session)

	type taking struct {
		name, query string
		places      []placed
		good        vars
	}
	var all []taking
	for _, m := range s.Mutation.Fields {
		input := m.Arguments.ForName("input")
		if input == nil {
			continue
		}
		if places := placesOf(t, s, input.Type, nil); len(places) > 0 {
			good := inputIn(t, lessonOf(t, m.Name).attempt(t, mine, who).input)
			delete(good, "idempotencyKey") // each input is another
			query := "mutation($input: " + input.Type.String() + ") { " + m.Name + "(input: $input) { __typename } }"
			all = append(all, taking{m.Name, query, places, good})
		}
	}
	tried := 0
	sessions, before := snapshot(t, theirs), mine.dump()
	for _, m := range all {
		for _, at := range m.places {
			tried++
			missing := 0
			for object, id := range found {
				if at.sid {
					_, id, _ = strings.Cut(decodeID(t, id), ":")
				}
				foreign := who.do(m.query, vars{"input": with(m.good, at.path, id)})
				unknown := who.do(m.query, vars{"input": with(m.good, at.path, at.unknown(t, id))})
				alike(t, fmt.Sprint(m.name, " of another account's ", object, " at ", at.path), foreign, unknown)
				switch foreign.code() {
				case "NOT_FOUND":
					missing++
				case "BAD_USER_INPUT": // it takes none of this type
				default:
					t.Errorf("%s of another account's %s at %s: %s", m.name, object, at.path, foreign.body)
				}
			}
			if missing != 1 && !at.sid {
				t.Errorf("%s takes ids of %d types at %s, want 1", m.name, missing, at.path)
			}
			if at.path[0] == "sessionId" {
				who.do(m.query, vars{"input": with(m.good, at.path, mixed)}).refused(t, http.StatusOK, "NOT_FOUND")
			}
		}
	}
	for _, c := range before.changesTo(mine.dump()) {
		if !strings.HasPrefix(c.name, "audit_") {
			t.Errorf("a row has changed: %s %c %q", c.name, c.how, c.values)
		}
	}
	if gone, made := difference(sessions, snapshot(t, theirs)); len(gone)+len(made) > 0 {
		t.Errorf("gone %q, made %q", gone, made)
	}
	if tried < 20 {
		t.Errorf("only %d places take an id", tried)
	}
	t.Logf("%d mutations, %d places, %d types of objects", len(all), tried, len(found))
	theirs.as(developer).do(`{ viewer { sid } }`, nil).ok(t)
}

// elsewhere are the SIDs of what the gateway does not keep, of whichever account: it takes whatever looks like one.
var elsewhere = []string{"addressSid", "bundleSid", "policySid", "trunkSid"}

// placed is a place in an input where an id goes, or an SID.
type placed struct {
	path []string // names of fields; "" for an element of a list
	sid  bool
}

// unknown is an id, or an SID, of nothing.
func (at placed) unknown(t *testing.T, real string) string {
	if at.sid {
		return real[:2] + strings.Repeat("0", len(real)-2)
	}
	return unknownID(t, real)
}

// placesOf are the places of an input of this type, nested ones too.
func placesOf(t *testing.T, s *ast.Schema, of *ast.Type, path []string) []placed {
	t.Helper()
	def := s.Types[of.Name()]
	switch {
	case of.Elem != nil:
		return placesOf(t, s, of.Elem, append(slices.Clone(path), ""))
	case def.Kind == ast.InputObject:
		var all []placed
		for _, f := range def.Fields {
			all = append(all, placesOf(t, s, f.Type, append(slices.Clone(path), f.Name))...)
		}
		return all
	case def.Name == "ID":
		return []placed{{path, false}}
	case len(path) > 0 && slices.Contains(elsewhere, path[len(path)-1]):
	case def.Name == "String" && strings.HasSuffix(strings.TrimRight(strings.Join(path, " "), "s "), "Sid"):
		return []placed{{path, true}}
	}
	return nil
}

// with is an input with something else at a place of it. A list has it behind what it has.
func with(value any, path []string, put string) any {
	if len(path) == 0 {
		return put
	}
	if path[0] == "" {
		list, _ := value.([]any)
		if len(path) > 1 && len(list) > 0 {
			return append(slices.Clone(list), with(list[0], path[1:], put))
		}
		return append(slices.Clone(list), with(nil, path[1:], put))
	}
	object, _ := value.(vars)
	changed := vars{}
	maps.Copy(changed, object)
	changed[path[0]] = with(object[path[0]], path[1:], put)
	return changed
}
