package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExamples runs the operations that GraphiQL begins with, as who finds them there.
func TestExamples(t *testing.T) {
	found, err := filepath.Glob("../../web/src/examples/*/*.graphql")
	if err != nil || len(found) == 0 {
		t.Fatal("no examples", err)
	}
	p := startDemo(t, "--demo-events", "20ms")
	callers := map[string][]client{
		"guest": {p.guest()}, "owner": {p.as(owner), p.as(administrator)}, "developer": {p.as(developer)},
		"billing_manager": {p.as(billing)}, "support": {p.as(support)},
	}
	denied := map[string][]string{ // what else is answered in full
		"developer/4-sims.graphql": {"Sim.dataTotalBilled", "Sim.dataTotalBilled", "Sim.dataTotalBilled"},
		"guest/2-viewer.graphql":   {"Query.viewer"},
		"support/1-calls.graphql":  {"Call.price", "Call.price", "Call.price"},
		"support/4-logs.graphql":   {"Call.price"},
	}
	someone := ids(snapshot(t, p), "user "+billing)[0]
	for _, path := range found {
		name := filepath.ToSlash(path[len("../../web/src/examples/"):])
		folder, _, _ := strings.Cut(name, "/")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(callers[folder]) == 0 {
			t.Errorf("%s: nobody finds it", name)
		}
		for i, who := range callers[folder] {
			t.Run(fmt.Sprint(name, "/", i), func(t *testing.T) {
				a := answerTo(who, strings.ReplaceAll(string(text), "an id from Users", someone))
				var got []string
				for _, e := range a.errors {
					got = append(got, e.Extensions.Coordinate)
				}
				if !a.hasData || !slices.Equal(got, denied[name]) {
					t.Errorf("denied %v: %s", got, a.body)
				}
			})
		}
	}
}

// answerTo is the answer to an operation, or the first of a subscription's that is about a call.
func answerTo(who client, operation string) answer {
	if !strings.Contains(operation, "subscription ") {
		return who.do(operation, nil)
	}
	s := who.subscribe(operation)
	defer s.cancel()
	for {
		if a := s.next(); strings.Contains(a.body, `"Call"`) {
			return a
		}
	}
}

// TestGoldenLocks writes down, for the tests of GraphiQL's documentation, what each caller
// holds and to whom each coordinate is closed. The page reads both off the schema by code
// of its own, in another language, and must come to the same.
func TestGoldenLocks(t *testing.T) {
	s, m := load(t, sdl(t)), published(t)
	var text strings.Builder
	for _, caller := range columns {
		name, _, _ := strings.Cut(caller, "@")
		fmt.Fprintf(&text, "%s holds", name)
		for _, permission := range m.permissions() {
			if m.holds(caller, permission) {
				fmt.Fprint(&text, " ", permission)
			}
		}
		fmt.Fprintln(&text)
	}
	for _, coordinate := range coordinates(t, s) {
		fmt.Fprintf(&text, "%s closed to", coordinate)
		for _, caller := range callers() {
			if slices.ContainsFunc(demands(s, parseStep(coordinate)), func(d demand) bool { return !met(m, caller, d) }) {
				name, _, _ := strings.Cut(caller, "@")
				fmt.Fprint(&text, " ", name)
			}
		}
		fmt.Fprintln(&text)
	}
	golden(t, "../../../web/src/testdata/locks.txt", text.String())
}

// parseStep reads a coordinate, of a field or of an argument.
func parseStep(coordinate string) step {
	at, argument, _ := strings.Cut(strings.TrimSuffix(coordinate, ":)"), "(")
	object, field, _ := strings.Cut(at, ".")
	return step{object, field, argument}
}
