package engine_test

import (
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/internal/engine"
)

// TestViewsAreBounded: clients of OAuth with ever other grants, of which there are more than anyone could keep views for.
func TestViewsAreBounded(t *testing.T) {
	schema, m := graph.NewGuardedSchema(graph.Config{}).Schema(), policy.Published()
	table, faults := policy.Compile(schema, m)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	views, rows := engine.NewViews(engine.IntrospectionRole, schema, table), m.Rows()
	different := map[policy.Grants]bool{}
	for bits := 0; len(different) < 2*engine.MaxViews; bits++ {
		var grants []policy.Grant
		for i, row := range rows {
			if bits>>i&1 != 0 {
				grants = append(grants, policy.Grant{Permission: row.Permission, Actions: []policy.Action{policy.Read}})
			}
		}
		g := table.Grants(m.Granted(grants))
		if views.For(g) == nil {
			t.Fatalf("a client with %v is shown nothing", grants)
		}
		if different[g] = true; views.Kept() > engine.MaxViews {
			t.Fatalf("%d views are kept", views.Kept())
		}
		if bits>>len(rows) != 0 {
			t.Fatalf("only %d sets of grants differ", len(different))
		}
	}
}
