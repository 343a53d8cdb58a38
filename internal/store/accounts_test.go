package store_test

import (
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// testSingles reads what an account has one of, field by field.
func testSingles(t *testing.T, s *store.Store) {
	var statements []string
	s.Trace(func(query string, _ []any) { statements = append(statements, query) })
	for _, g := range singles(s) {
		for _, field := range fieldsOf(g.object) {
			t.Run(g.name+"/"+field, func(t *testing.T) {
				statements = nil
				object, err := g.get(t.Context(), upstream.NewScope(demo.Main().SID, policy.NewFields(field)), "")
				if err != nil {
					t.Fatal(err)
				}
				allowed := map[string]bool{}
				for _, c := range append(columnsOf(g.table, field), orderOf(g.table)...) {
					allowed[c] = true
				}
				for _, c := range selected(statements[0]) {
					if !allowed[c] {
						t.Errorf("column %s is read for the field %s", c, field)
					}
				}
				for name := range fieldValues(object) {
					if name != field && name != "sid" && !isZero(object, name) {
						t.Errorf("%s is set though only %s may be read", name, field)
					}
				}
			})
		}
		t.Run(g.name+" of no account", func(t *testing.T) {
			for _, account := range []string{"", "AC1"} {
				_, err := g.get(t.Context(), everything(account, g.object), "")
				wantProblem(t, err, problem.NotFound)
			}
		})
		t.Run(g.name+" of two accounts", func(t *testing.T) {
			main, err := g.get(t.Context(), everything(demo.Main().SID, g.object), "")
			if err != nil {
				t.Fatal(err)
			}
			second, err := g.get(t.Context(), everything(demo.Second().SID, g.object), "")
			if err != nil {
				t.Fatal(err)
			}
			if g.name != "Money" && main == second {
				t.Error("both accounts have the same")
			}
		})
	}
}
