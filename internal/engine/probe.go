package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// probing marks the context of the probe, which is no trusted document.
type probing struct{}

// probe asks the finished handler, as a guest, for a guarded field. If it is
// answered, something between the request and the checks does not work, and the
// gateway must not start.
func probe(h http.Handler, cfg *Config) error {
	if cfg.Caller(context.Background()).SignedIn() {
		return errors.New("a request without a principal is not a guest's")
	}
	query, err := probeQuery(cfg)
	if query == "" || err != nil {
		return err
	}
	address := url.URL{Path: "/graphql", RawQuery: url.Values{
		"query":      {query},
		"extensions": {fmt.Sprintf(`{"denials":%q}`, DenialsEach)}, // whatever the setting is
	}.Encode()}
	r, err := http.NewRequest(http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("GraphQL-Require-Preflight", "true")
	w := &recorder{header: http.Header{}}
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), probing{}, true)))
	var answer struct {
		Data   map[string]any
		Errors []struct{ Extensions struct{ Code problem.Code } }
	}
	if err := json.Unmarshal(w.body.Bytes(), &answer); err != nil {
		return fmt.Errorf("the probe's answer cannot be read: %w", err)
	}
	if answer.Data["probe"] != nil || len(answer.Errors) != 1 || answer.Errors[0].Extensions.Code != problem.Unauthenticated {
		return errors.New("a guest who asked for a guarded field was not refused")
	}
	return nil
}

// probeQuery asks for a field of the schema that is guarded and needs no argument. It is
// empty where every field is public, and an error where it would take an argument.
func probeQuery(cfg *Config) (string, error) {
	guarded := false
	for _, f := range cfg.schema.Query.Fields {
		if cfg.Table.Field(cfg.schema.Query.Name, f.Name) == policy.CheckPublic {
			continue
		}
		guarded = true
		if required(f.Arguments) {
			continue
		}
		if t := cfg.schema.Types[f.Type.Name()]; t.IsCompositeType() {
			return fmt.Sprintf("{ probe: %s { __typename } }", f.Name), nil
		}
		return fmt.Sprintf("{ probe: %s }", f.Name), nil
	}
	if guarded {
		return "", errors.New("every guarded field of Query needs an argument, so none can be asked for to see that a guest is refused")
	}
	return "", nil
}

func required(args ast.ArgumentDefinitionList) bool {
	for _, a := range args {
		if a.Type.NonNull && a.DefaultValue == nil {
			return true
		}
	}
	return false
}

// recorder keeps the answer to the probe.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
