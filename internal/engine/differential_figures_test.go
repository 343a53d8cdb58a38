package engine_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// figures counts what the cases had, so that the generator cannot silently stop to make any kind of them.
type figures map[string]int

// count takes a case into the figures.
func (f figures) count(a asking, h *happening) {
	f["cases"]++
	for name, is := range map[string]bool{
		"guests":                        !a.who.signedIn,
		"queries":                       a.op.kind() == ast.Query,
		"mutations":                     a.op.kind() == ast.Mutation,
		"mutations refused":             a.op.kind() == ast.Mutation && !strings.Contains(h.Body, `"data"`) && len(h.Told) > 0,
		"mutations run":                 len(h.Changes) > 0,
		"subscriptions":                 a.op.kind() == ast.Subscription && strings.Contains(h.Body, `"data"`),
		"denials":                       strings.Contains(h.Body, `"coordinate"`),
		"denials each":                  strings.Contains(h.Body, `"coordinate"`) && a.each(),
		"denials selection":             strings.Contains(h.Body, `"count"`) && a.denials == "selection",
		"denials extensions":            strings.Contains(h.Body, `"denied"`),
		"masked":                        strings.Contains(h.Body, `"masked"`),
		"errors of resolvers":           len(h.Outcome.Failed) > 0,
		"panics":                        h.panicked > 0,
		"nulls propagated":              h.nulled > 0,
		"named fragments":               len(a.op.doc.Fragments) > 0,
		"inline fragments":              strings.Contains(a.op.text, "... "),
		"conditions":                    strings.Contains(a.op.text, "(if: $"),
		"aliases":                       regexp.MustCompile(`[0-9]: `).MatchString(a.op.text),
		"objects by id":                 strings.Contains(a.op.text, " node(") || strings.Contains(a.op.text, " nodes("),
		"variables":                     len(a.vars) > 0,
		"introspection":                 strings.Contains(a.op.text, "__type(") || strings.Contains(a.op.text, "__schema"),
		"refused":                       !strings.Contains(h.Body, `"data"`) && len(h.Told) == 0,
		"calls of resolvers":            len(h.Calls) > 0,
		"second operations":             len(a.op.doc.Operations) > 1,
		"documents too long to be kept": a.long(),
	} {
		if is {
			f[name]++
		}
	}
	f["calls"] += len(h.Calls)
	f["bytes"] += len(h.Body)
}

// report logs the figures.
func (f figures) report(t *testing.T) {
	t.Helper()
	var lines []string
	for name, n := range f {
		lines = append(lines, fmt.Sprintf("%7d %s", n, name))
	}
	slices.Sort(lines)
	t.Logf("\n%s", strings.Join(lines, "\n"))
}
