package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// TestWorstDocuments: no document of as many tokens as are allowed takes long to read, to validate and to decide. What
// validation does with pairs of fields grows with their square: the longest of these takes a twentieth of a second, and
// what is not bounded would take minutes.
func TestWorstDocuments(t *testing.T) {
	s := published(t)
	most := DefaultLimits().Tokens
	rep := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.NewReplacer("#+1", fmt.Sprint(i+1), "#", fmt.Sprint(i)).Replace(format))
		}
		return b.String()
	}
	for _, row := range []struct {
		name string
		make func(n int) string // grows with n
	}{
		{"one field over and over", func(n int) string { return "{" + rep(n, " __typename") + " }" }},
		{"one object over and over", func(n int) string { return "{" + rep(n, " account { sid }") + " }" }},
		{"fields that are none", func(n int) string { return "{" + rep(n, " a#") + " }" }},
		{"fragments that are none", func(n int) string { return "{" + rep(n, " ...F#") + " }" }},
		{"directives that are none", func(n int) string { return "{ __typename" + rep(n, " @x") + " }" }},
		{"variables that are none", func(n int) string { return "{" + rep(n, " a#: node(id: $v#) { id }") + " }" }},
		{"the schema under many names", func(n int) string { return "{" + rep(n, " a#: __schema { types { name } }") + " }" }},
		{"inline fragments in each other", func(n int) string { return "{" + rep(n, " ... {") + " __typename" + rep(n, " }") + " }" }},
		{"lists in lists", func(n int) string { return "{ node(id: " + rep(n, "[") + rep(n, "]") + ") { id } }" }},
		{"objects in objects", func(n int) string { return "{ node(id: " + rep(n, "{ a: ") + "1" + rep(n, " }") + ") { id } }" }},
		{"fragments that double", func(n int) string {
			return "{ account { ...F0 } }" + rep(n, " fragment F# on Account { ...F#+1 ...F#+1 }") + fmt.Sprintf(" fragment F%d on Account { sid }", n)
		}},
		{"fragments that double, a level each", func(n int) string {
			return "{ __schema { types { ...F0 } } }" + rep(n, " fragment F# on __Type { a: ofType { ...F#+1 } b: ofType { ...F#+1 } }") +
				fmt.Sprintf(" fragment F%d on __Type { name }", n)
		}},
		{"fragments that double, into one field", func(n int) string {
			return "{ __schema { types { ...F0 } } }" + rep(n, " fragment F# on __Type { ofType { ...F#+1 } ofType { ...F#+1 } }") +
				fmt.Sprintf(" fragment F%d on __Type { name }", n)
		}},
		{"fragments that double, for many operations", func(n int) string {
			return rep(2*n, " query A# { ...F0 }") + rep(n, " fragment F# on Query { ...F#+1 ...F#+1 }") + fmt.Sprintf(" fragment F%d on Query { __typename }", n)
		}},
		{"fragments that spread all others", func(n int) string {
			all := rep(n, " ...F#")
			return "{ account { ...F0 } }" + strings.ReplaceAll(rep(n, " fragment F# on Account { * }"), "*", all)
		}},
		{"fragments in a circle", func(n int) string {
			return "{ account { ...F0 } }" + rep(n, " fragment F# on Account { ...F#+1 ...F#+1 }") + fmt.Sprintf(" fragment F%d on Account { ...F0 }", n)
		}},
		{"one fragment in each of many objects", func(n int) string {
			return "{" + rep(n, " account { ...A }") + " } fragment A on Account {" + rep(n, " sid") + " }"
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			query := ""
			for n := 1; ; n++ {
				next := row.make(n)
				if _, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: next}, most); err != nil {
					break
				}
				query = next
			}
			began := time.Now()
			doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, most)
			if err != nil {
				t.Fatal(err)
			}
			outcome := ""
			if faults := validator.ValidateWithRules(s.schema, doc, quietRules()); len(faults) > 0 {
				outcome = fmt.Sprintf("%d faults", len(faults))
			} else {
				w := s.walker(DefaultLimits(), doc)
				err := w.operation()
				if outcome = fmt.Sprint(err); w.selections > DefaultLimits().Selections+1 {
					t.Errorf("%d fields were walked", w.selections)
				}
			}
			took := time.Since(began)
			t.Logf("%d bytes in %s: %s", len(query), took, outcome)
			if took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}
