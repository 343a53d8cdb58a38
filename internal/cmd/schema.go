package cmd

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// schemaCmd is the command schema.
type schemaCmd struct {
	matrixFlag
	Role *string `help:"Print what a caller with these roles may see and use: support, or developer,support for both; guest for one who has not signed in. Without it, everything is printed." placeholder:"ROLE"`
}

// Run prints the schema, with the directives that say which permission a field needs.
func (c schemaCmd) Run(o output) error {
	schema := ownSchema()
	matrix, table, err := c.rules(schema)
	if err != nil {
		return err
	}
	how, set := engine.IntrospectionFull, policy.Set{}
	if c.Role != nil {
		how = engine.IntrospectionRole
		if set, err = setOf(matrix, *c.Role); err != nil {
			return err
		}
	}
	_, err = io.WriteString(o.out, engine.NewViews(how, schema, table).SDL(table.Grants(set)))
	return err
}

// setOf is what roles come to that are named on the command line: in any case, with - for _.
func setOf(matrix *policy.Matrix, names string) (policy.Set, error) {
	if strings.EqualFold(names, "guest") {
		return policy.Set{}, nil
	}
	var roles []policy.Role
	for name := range strings.SplitSeq(names, ",") {
		roles = append(roles, policy.Role(strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(name)), "-", "_")))
	}
	if err := policy.ValidRoles(roles); err != nil {
		return policy.Set{}, fmt.Errorf("--role: %w; the roles are owner, administrator, developer, billing-manager and support, or guest alone", err)
	}
	return matrix.Set(roles...)
}

// noSchema refuses who asks for a schema that is not shown.
func noSchema(w http.ResponseWriter, _ *http.Request) {
	problem.Write(w, http.StatusNotFound, problem.NotFound, "The schema is not shown here.")
}

// serveSchema answers with the schema as views show it to the caller, and with none where
// there is nothing to show.
func serveSchema(views *engine.Views, table *policy.Table, none http.HandlerFunc, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sdl := views.SDL(table.Grants(auth.From(r.Context()).Set))
		header := w.Header()
		header.Set("Cache-Control", "private, no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		if sdl == "" {
			none(w, r)
			return
		}
		header.Set("Content-Type", "text/plain; charset=utf-8")
		if _, err := io.WriteString(w, sdl); err != nil {
			log.Debug("the client went away", "error", err)
		}
	})
}
