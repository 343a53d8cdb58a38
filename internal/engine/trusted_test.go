package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// TestTrusted: the operation of a trusted document is not measured by what only guards against strangers, and by the
// rest as any other.
func TestTrusted(t *testing.T) {
	s := small(t)
	cfg := s.config()
	cfg.Caller, cfg.Limits, cfg.Once = func(context.Context) policy.Set { return s.set }, DefaultLimits(), []string{"Query.hello"}
	cfg.catalog = cfg.newCatalog(nil)
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, row := range []struct {
		name, query, limit string
		exempt             bool
	}{
		{"depth", "{ page {" + strings.Repeat(" child {", 20) + " name" + strings.Repeat(" }", 22), "depth", true},
		{"aliases and root fields", "{" + many(40, " a%d: page { name }") + " }", "aliases", true},
		{"directives", "{ page {" + many(40, " name @skip(if: false) #%d\n") + " } }", "directives", true},
		{"fields", "{" + many(10, " a%d: page { ...F }") + " } fragment F on Page {" + many(120, " a%d: name") + " }", "aliases", true},
		{"introspections", "{" + many(3, " a%d: __schema { queryType { name } }") + " }", "introspections", false},
		{"cost", "{ calls(first: 1000) { page { calls(first: 1000) { name } } } }", "cost", false},
		{"once", "{ a: hello b: hello }", "sign_ins_per_operation", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			doc, err := parse(s.schema, row.query)
			if err != nil {
				t.Fatal(err)
			}
			for _, trusts := range []bool{false, true} {
				op := &graphql.OperationContext{Doc: doc, Operation: doc.Operations[0]}
				_, err := cfg.decide(context.Background(), op, newPlans(cfg.catalog, doc, op.Operation, true), trusts)
				var refused *problem.Error
				errors.As(err, &refused)
				switch {
				case trusts && row.exempt && err != nil:
					t.Errorf("trusted, and refused: %v", err)
				case (!trusts || !row.exempt) && (refused == nil || refused.Limit != row.limit):
					t.Errorf("trusted: %v, got %v, want %s", trusts, err, row.limit)
				}
			}
		})
	}
}
