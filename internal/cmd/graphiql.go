package cmd

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/vektah/gqlparser/v2/ast"
)

// The values of --graphiql.
const (
	graphiqlOn  = "on"  // the documentation has a lock on what the caller may not see
	graphiqlOff = "off" // no such page
)

// documentation is the schema for GraphiQL: for who has signed in, the whole of it, so that
// what they may not see has a lock; for a guest, and with --graphiql=role for all, what
// introspection shows them too, by these views, which is nothing when that is off.
func (s serve) documentation(views *engine.Views, schema *ast.Schema, table *policy.Table, log *slog.Logger) http.Handler {
	own := serveSchema(views, table, noDocumentation, log)
	if s.GraphiQL != graphiqlOn || s.Introspection == string(engine.IntrospectionOff) {
		return own
	}
	whole := serveSchema(engine.NewViews(engine.IntrospectionFull, schema, table), table, noDocumentation, log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if auth.From(r.Context()).SignedIn() {
			whole.ServeHTTP(w, r)
			return
		}
		own.ServeHTTP(w, r)
	})
}

// noDocumentation tells GraphiQL that it has no schema to show, which is no fault.
func noDocumentation(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// pages adds the pages that people open in a browser: where invitations are accepted,
// and GraphiQL, as --graphiql says.
func (g *gateway) pages(mux *http.ServeMux, log *slog.Logger) {
	mux.Handle("GET /accept", g.site.Page("accept.html"))
	mux.Handle("GET /assets/{name}", g.site.Assets())
	mux.Handle("GET /licenses.md", g.site.Page("licenses.md"))
	if g.graphiql == graphiqlOff {
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "Fieldgate answers GraphQL at /graphql.\n")
		})
		return
	}
	mux.Handle("GET /{$}", g.site.Page("index.html"))
	g.signIn.Register(mux)
	mux.Handle("GET /graphiql/schema.graphqls", g.auth.Middleware(g.documentation))
	mux.HandleFunc("GET /graphiql/config.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err := json.NewEncoder(w).Encode(g.graphiqlSettings()); err != nil {
			log.Debug("the client went away", "error", err)
		}
	})
}

// graphiqlSettings is what GraphiQL is told of the gateway.
type graphiqlSettings struct {
	// Users are the addresses of the demo's users, which are no secret.
	Users []string `json:"users"`
	// Providers are the names of the identity providers at which people sign in.
	Providers []string `json:"providers"`
	// Passwords says whether people sign in with one.
	Passwords bool `json:"passwords"`
}

func (g *gateway) graphiqlSettings() graphiqlSettings {
	settings := graphiqlSettings{Users: []string{}, Providers: g.admission.Names(), Passwords: g.passwords}
	if g.demo && g.passwords {
		for _, user := range demo.Main().Users {
			settings.Users = append(settings.Users, user.Email)
		}
	}
	return settings
}
