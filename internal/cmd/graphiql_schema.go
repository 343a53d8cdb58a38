package cmd

import (
	"io"
	"net/http"
	"strings"

	"github.com/fieldgate/fieldgate/graph"
	"github.com/vektah/gqlparser/v2/formatter"
)

// graphiqlSchema serves the schema for GraphiQL's documentation, in the schema definition
// language with its directives.
func (g *gateway) graphiqlSchema() http.Handler {
	var text strings.Builder
	formatter.NewFormatter(&text).FormatSchema(graph.NewGuardedSchema(graph.Config{}).Schema())
	return g.auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "private, no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = io.WriteString(w, text.String())
	}))
}
