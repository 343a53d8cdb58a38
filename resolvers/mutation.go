package resolvers

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Mutate runs a root field of a mutation: it refuses texts that a mask has been put on, and
// says by whom and by what right the field changes what it changes (change reads it).
func (r *Root) Mutate(ctx context.Context, f engine.MutationField, run func(context.Context) problem.Code) error {
	// What no permission guards is how people sign in: a password may look like anything.
	if f.Rule.Kind == policy.HasPermission {
		if err := notMasked(f.Arguments, nil); err != nil {
			return err
		}
	}
	p := auth.From(ctx)
	intent := audit.NewIntent(audit.Intent{
		User: p.User, Client: p.Client, Session: p.Session, Agent: clientOf(ctx),
		Coordinate: f.Coordinate, Permission: f.Rule.Permission, Action: f.Rule.Action, RequestID: problem.RequestID(ctx),
	})
	run(audit.With(ctx, intent))
	return nil
}

// notMasked refuses a text that a mask has been put on, anywhere in a mutation's input. Who
// sees a field masked and writes back what they see would lose what the field holds.
func notMasked(value any, path []string) error {
	switch v := value.(type) {
	case string:
		if policy.LooksMasked(v) {
			return problem.Input("This is how a hidden text is shown, and no text of its own.", slices.Clone(path)...)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if err := notMasked(v[name], append(path, name)); err != nil {
				return err
			}
		}
	case []any:
		for i, element := range v {
			if err := notMasked(element, append(path, strconv.Itoa(i))); err != nil {
				return err
			}
		}
	}
	return nil
}
