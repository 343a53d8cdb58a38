package engine

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Stamp is what the generator step says of the code it guarded.
type Stamp struct {
	// Fingerprint is that of the rules whose numbers stand in the generated checks.
	Fingerprint string
	// Fields and Objects are how many functions begin with a check.
	Fields, Objects int
	// Numbers are those of the fields of each object type, as its generated code tells them apart.
	Numbers map[string]map[string]int
}

// Sealed is a generated schema whose every field function begins with its check.
// The generated constructor makes it and nothing else does.
type Sealed struct {
	graphql.ExecutableSchema
	stamp Stamp
}

// Seal wraps the generated schema: an operation for which no decision was recorded is refused.
func Seal(es graphql.ExecutableSchema, s Stamp) *Sealed { return &Sealed{es, s} }

// Exec runs the operation of ctx if it was decided.
func (s *Sealed) Exec(ctx context.Context) graphql.ResponseHandler {
	if decisionOf(graphql.GetOperationContext(ctx)) == nil {
		return graphql.OneShot(undecided(ctx))
	}
	return s.ExecutableSchema.Exec(ctx)
}

func undecided(ctx context.Context) *graphql.Response {
	resp := graphql.ErrorResponse(ctx, "The operation was not authorized.")
	resp.Errors[0].Extensions = map[string]any{"code": problem.Internal}
	return resp
}

// matches says whether the checks in the generated code are those of a table.
func (s *Sealed) matches(fingerprint string) error {
	if s.stamp.Fingerprint != fingerprint {
		return fmt.Errorf("the generated checks are of other rules (%s) than the schema's (%s): run go generate ./graph",
			s.stamp.Fingerprint, fingerprint)
	}
	return nil
}
