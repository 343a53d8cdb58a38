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

// TestRelayTypes holds every type of the schema to Relay's specifications: Global Object Identification and GraphQL
// Cursor Connections.
func TestRelayTypes(t *testing.T) {
	s := load(t, sdl(t))
	is := func(coordinate string, got *ast.Type, want string) {
		if got == nil || got.String() != want {
			t.Errorf("%s is of the type %v, want %s", coordinate, got, want)
		}
	}
	typeOf := func(object, field string) *ast.Type {
		if f := s.Types[object].Fields.ForName(field); f != nil {
			return f.Type
		}
		return nil
	}
	is("Node.id", typeOf("Node", "id"), "ID!")
	is("Query.node", typeOf("Query", "node"), "Node")
	is("Query.node(id:)", s.Query.Fields.ForName("node").Arguments.ForName("id").Type, "ID!")
	is("Query.nodes", typeOf("Query", "nodes"), "[Node]") // nullable, so that a guest keeps what is public
	is("Query.nodes(ids:)", s.Query.Fields.ForName("nodes").Arguments.ForName("ids").Type, "[ID!]!")
	for field, want := range map[string]string{
		"hasNextPage": "Boolean!", "hasPreviousPage": "Boolean!", "startCursor": "String", "endCursor": "String",
	} {
		is("PageInfo."+field, typeOf("PageInfo", field), want)
	}
	found := map[string]bool{}
	for name, def := range s.Types {
		for _, f := range def.Fields {
			if strings.HasSuffix(f.Type.Name(), "Connection") {
				found[f.Type.Name()] = true
				is(name+"."+f.Name, f.Type, f.Type.Name())
				for argument, want := range map[string]string{"first": "Int", "after": "String"} {
					if a := f.Arguments.ForName(argument); a == nil || a.Type.String() != want {
						t.Errorf("%s.%s takes no %s of the type %s", name, f.Name, argument, want)
					}
				}
				for _, argument := range []string{"last", "before"} {
					if f.Arguments.ForName(argument) != nil {
						t.Errorf("%s.%s takes %s: lists are read forward only", name, f.Name, argument)
					}
				}
			}
		}
		element, isConnection := strings.CutSuffix(name, "Connection")
		if !isConnection {
			continue
		}
		is(name+".pageInfo", typeOf(name, "pageInfo"), "PageInfo!")
		is(name+".edges", typeOf(name, "edges"), "["+element+"Edge!]!")
		is(element+"Edge.node", typeOf(element+"Edge", "node"), element+"!")
		is(element+"Edge.cursor", typeOf(element+"Edge", "cursor"), "String!")
		if s.Types[element].Fields.ForName("id") != nil && !slices.Contains(s.Types[element].Interfaces, "Node") {
			t.Errorf("%s has an id and is no Node", element)
		}
	}
	if len(found) == 0 || len(found) != len(connections(s)) {
		t.Errorf("%d types of connections, and %d lists that TestPages finds a way to", len(found), len(connections(s)))
	}
}

// TestRelayIDs: each type of Node is found again by the id that it gives, by both fields, as the same object.
func TestRelayIDs(t *testing.T) {
	s := load(t, sdl(t))
	c := startDemo(t).as(owner)
	seen := map[string]string{}
	for object, id := range nodeIDs(t, c, s) {
		if other := seen[id]; other != "" {
			t.Errorf("%s and %s have the same id", object, other)
		}
		seen[id] = object
		a := c.do(`query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id, $id]) { __typename id } }`, vars{"id": id}).ok(t)
		want := vars{"__typename": object, "id": id}
		for _, got := range []any{a.at("node"), a.at("nodes", 0), a.at("nodes", 1)} {
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v, want %v", got, want)
			}
		}
	}
}

// TestNodes: nodes(ids:) answers for each id at its place, as node(id:) does.
func TestNodes(t *testing.T) {
	s := load(t, sdl(t))
	p := startDemo(t)
	c := p.as(support)
	ours, theirs := nodeIDs(t, p.as(owner), s), nodeIDs(t, p.as(secondOwner), s)
	list := []string{
		ours["Call"], theirs["Call"], unknownID(t, ours["Call"]), ours["ApiKey"], unknownID(t, ours["ApiKey"]),
		theirs["ApiKey"], "x", ours["Call"], encodeID("Nothing", "1"), ours["Account"],
	}
	const denied, missing = "FORBIDDEN ApiKey", "NOT_FOUND "
	want := map[int]string{1: missing, 2: missing, 3: denied, 4: denied, 5: denied, 6: "BAD_USER_INPUT ", 8: missing}
	const query = `query($ids: [ID!]!) { all: nodes(ids: $ids) { __typename id ... on Call { price { amount } } } }`
	a := c.do(query, vars{"ids": list})
	words := map[string]bool{}
	got := map[int]string{}
	for _, e := range a.errors {
		if len(e.Path) == 3 && e.Extensions.Coordinate == "Call.price" {
			continue
		}
		if len(e.Path) != 2 || e.Path[0] != "all" {
			t.Fatalf("%+v", e)
		}
		i := int(e.Path[1].(float64))
		got[i] = e.Extensions.Code + " " + e.Extensions.Coordinate
		if e.Extensions.Code == "NOT_FOUND" {
			words[e.Message] = true
		}
		if e.Extensions.Code == "BAD_USER_INPUT" && !slices.Equal(e.Extensions.InputPath, []string{"ids", fmt.Sprint(i)}) {
			t.Errorf("the input path %v", e.Extensions.InputPath)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(words) != 1 {
		t.Errorf("got %v, want %v, in the words %v", got, want, words)
	}
	for i, id := range list {
		object, _ := a.at("all", i).(map[string]any)
		if (object == nil) != (want[i] != "") || object != nil && object["id"] != id {
			t.Errorf("at %d there is %v", i, object)
		}
	}
	for i, id := range list {
		one := c.do(`query($id: ID!) { node(id: $id) { __typename } }`, vars{"id": id})
		if code, _, _ := strings.Cut(want[i], " "); one.code() != code {
			t.Errorf("node(id:) of %d: %s, want %s", i, one.body, code)
		}
	}

	t.Run("as many as there may be", func(t *testing.T) {
		c.do(query, vars{"ids": slices.Repeat([]string{ours["Account"]}, 100)}).ok(t)
		a := c.do(query, vars{"ids": slices.Repeat([]string{ours["Account"]}, 101)}).refused(t, http.StatusOK, "BAD_USER_INPUT")
		if len(a.errors) != 1 || a.at("all") != nil || !slices.Equal(a.errors[0].Extensions.InputPath, []string{"ids"}) {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("their number is part of the cost", func(t *testing.T) {
		const costly = `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Account { calls(first: 1000) { edges { node { id } } } } } }`
		c.do(costly, vars{"ids": slices.Repeat([]string{ours["Account"]}, 100)}).refused(t, http.StatusBadRequest, "LIMIT_EXCEEDED")
		c.do(costly, vars{"ids": []string{ours["Account"]}}).ok(t)
	})
	t.Run("denials listed otherwise", func(t *testing.T) {
		for denials, places := range map[string]int{"selection": 1, "extensions": 0} {
			body, _ := json.Marshal(vars{"query": query, "variables": vars{"ids": list}, "extensions": vars{"denials": denials}})
			a := c.send(c.request(http.MethodPost, p.url, string(body)))
			n := 0
			for _, e := range a.errors {
				if e.Extensions.Coordinate == "ApiKey" {
					n++
				}
			}
			if n != places || strings.Count(a.body, `"ApiKey needs`) != 1 || !strings.Contains(a.body, `"count":3`) {
				t.Errorf("%s: %s", denials, a.body)
			}
		}
	})
	t.Run("a guest", func(t *testing.T) {
		a := p.guest().do(query, vars{"ids": list})
		if a.code() != "UNAUTHENTICATED" || len(a.errors) != 1 || a.at("all") != nil {
			t.Errorf("%s", a.body)
		}
	})
}

// listPage is a page of a connection as a client reads it.
type listPage struct {
	nodes, cursors   []string
	next, previous   bool
	start, end       string
	hasStart, hasEnd bool
}

func readPage(t *testing.T, s *ast.Schema, c client, l listing, first int, after string) listPage {
	t.Helper()
	query := "query($first: Int, $after: String) " + l.query("(first: $first, after: $after)", "edges { cursor node { "+
		naming(s, l.element)+" } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }")
	variables := vars{"first": first}
	if after != "" {
		variables["after"] = after
	}
	a := c.do(query, variables).ok(t)
	list := a.all(l.path()...)[0].(map[string]any)
	at := func(name string) any { return list["pageInfo"].(map[string]any)[name] }
	var p listPage
	p.next, p.previous = at("hasNextPage").(bool), at("hasPreviousPage").(bool)
	p.start, p.hasStart = at("startCursor").(string)
	p.end, p.hasEnd = at("endCursor").(string)
	for _, edge := range list["edges"].([]any) {
		edge := edge.(map[string]any)
		p.nodes, p.cursors = append(p.nodes, fmt.Sprint(edge["node"])), append(p.cursors, edge["cursor"].(string))
	}
	return p
}

// TestPages reads every list by pages of several sizes: together they are the whole list, once, in its order, and what
// pageInfo says is so.
func TestPages(t *testing.T) {
	s := load(t, sdl(t))
	c := startDemo(t).as(owner)
	for _, l := range connections(s) {
		t.Run(l.Name, func(t *testing.T) {
			var whole, cursors []string
			for after, more := "", true; more; {
				p := readPage(t, s, c, l, 1000, after)
				whole, cursors = append(whole, p.nodes...), append(cursors, p.cursors...)
				after, more = p.end, p.next
			}
			n := len(whole)
			if len(slices.Compact(slices.Sorted(slices.Values(cursors)))) != n || n == 0 {
				t.Fatalf("%d nodes, and two of them have one cursor", n)
			}
			before := func(at int) string { // the cursor after which the row at this place comes first
				if at == 0 {
					return ""
				}
				return cursors[at-1]
			}
			check := func(at, size int, after string) listPage {
				t.Helper()
				p := readPage(t, s, c, l, size, after)
				to := min(at+size, n)
				if !slices.Equal(p.nodes, whole[at:to]) {
					t.Fatalf("%d after %d are not what the whole list has there", size, at)
				}
				if p.next != (to < n) || p.previous != (at > 0) {
					t.Errorf("%d after %d of %d: next %v, previous %v", size, at, n, p.next, p.previous)
				}
				if len(p.nodes) == 0 && (p.hasStart || p.hasEnd) ||
					len(p.nodes) > 0 && (p.start != p.cursors[0] || p.end != p.cursors[len(p.cursors)-1]) {
					t.Errorf("%d after %d: from %q to %q, and the edges' cursors are %q", size, at, p.start, p.end, p.cursors)
				}
				return p
			}
			for _, size := range []int{1, 2, 3, 7, n, n + 1} {
				for at := 0; at < min(n, 3*size) && size <= 1000; at += size {
					if end := check(at, size, before(at)).end; end != cursors[min(at+size, n)-1] {
						t.Errorf("%d after %d: the last cursor differs from the one in a longer page", size, at)
					}
				}
			}
			// The last pages, one that ends with the list among them, and what is after it.
			for back := 1; back <= min(n, 3); back++ {
				for _, size := range []int{1, back, 1000} {
					check(n-back, size, before(n-back))
				}
			}
			check(n, 1, cursors[n-1])
		})
	}
}

// TestPagesRefuse: what is no size of a page and no cursor is refused, with the argument's name.
func TestPagesRefuse(t *testing.T) {
	s := load(t, sdl(t))
	c := startDemo(t).as(owner)
	for _, l := range connections(s) {
		for _, row := range []struct {
			arguments, code, input string
		}{
			{"first: 0", "BAD_USER_INPUT", "first"},
			{"first: -1", "BAD_USER_INPUT", "first"},
			{"first: 1001", "BAD_USER_INPUT", "first"},
			{"first: 2147483647", "BAD_USER_INPUT", "first"},
			{`after: ""`, "BAD_USER_INPUT", "after"},
			{`after: "x"`, "BAD_USER_INPUT", "after"},
			{"last: 1", "GRAPHQL_VALIDATION_FAILED", ""},
			{`before: "x"`, "GRAPHQL_VALIDATION_FAILED", ""},
		} {
			a := c.do(l.query("("+row.arguments+")", "pageInfo { endCursor }"), nil)
			if a.code() != row.code || len(a.errors) != 1 || row.input != "" && !slices.Equal(a.errors[0].Extensions.InputPath, []string{row.input}) {
				t.Errorf("%s(%s): %s", l.Name, row.arguments, a.body)
			}
		}
	}
}
