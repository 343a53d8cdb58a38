package engine

import (
	"maps"
	"strings"
	"sync"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// Introspection is how much of the schema a caller is shown, by introspection and as SDL.
type Introspection string

// The ways of showing the schema. The zero value shows nothing.
const (
	// IntrospectionRole shows what the caller may see and use: see policy.Visible.
	IntrospectionRole Introspection = "role"
	// IntrospectionFull shows everything to everyone, guests included.
	IntrospectionFull Introspection = "full"
	// IntrospectionOff shows nothing to anyone.
	IntrospectionOff Introspection = "off"
)

// Views shows each caller the schema. It may be shared.
type Views struct {
	how    Introspection
	schema *ast.Schema
	table  *policy.Table

	mu   sync.Mutex
	kept map[policy.Grants]*view // at most maxViews
}

// maxViews is how many views are kept: far more than there are sets of roles, but a client of OAuth can have any grants.
const maxViews = 128

// view is what callers with the same grants see, in both of its forms.
type view struct {
	schema *ast.Schema
	sdl    func() string // written once, when first asked for
}

// NewViews shows a schema, of which table is the table, in this way. @defer is left out,
// which gqlgen adds to every schema: the engine refuses it.
func NewViews(how Introspection, schema *ast.Schema, table *policy.Table) *Views {
	whole := *schema
	whole.Directives = maps.Clone(schema.Directives)
	delete(whole.Directives, "defer")
	return &Views{how: how, schema: &whole, table: table, kept: map[policy.Grants]*view{}}
}

// For is the schema as a caller with these grants is shown it: valid by itself, and not
// to be changed. It is nil when there is nothing to show.
func (v *Views) For(g policy.Grants) *ast.Schema {
	if view := v.view(g); view != nil {
		return view.schema
	}
	return nil
}

// SDL is For in the schema definition language, with the directives that say which
// permission a field needs; "" when there is nothing to show.
func (v *Views) SDL(g policy.Grants) string {
	if view := v.view(g); view != nil {
		return view.sdl()
	}
	return ""
}

// introspectionOff refuses an operation that asks for a schema that is not shown.
func introspectionOff() error { return problem.New(problem.Forbidden, "Introspection is off.") }

func (v *Views) view(g policy.Grants) *view {
	switch v.how {
	case IntrospectionRole:
	case IntrospectionFull:
		g = policy.Grants{} // all see the same
	default:
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	found, known := v.kept[g]
	if known {
		return found
	}
	visible := v.schema
	if v.how == IntrospectionRole {
		visible = policy.Visible(v.schema, v.table, g)
	}
	if visible != nil {
		found = &view{visible, sync.OnceValue(func() string { return format(visible) })}
	}
	if len(v.kept) >= maxViews {
		clear(v.kept)
	}
	v.kept[g] = found
	return found
}

// format writes a schema down.
func format(s *ast.Schema) string {
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithIndent("  ")).FormatSchema(s)
	return strings.TrimSpace(strings.ReplaceAll(text.String(), "\n}\n", "\n}\n\n")) + "\n"
}
