package resolvers

import (
	"context"
	"maps"
	"reflect"
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
	i := intent(ctx)
	i.Coordinate, i.Permission, i.Action = f.Coordinate, f.Rule.Permission, f.Rule.Action
	account := auth.From(ctx).Account
	i = audit.NewIntent(i)
	i.OnIntend(func(ctx context.Context, c audit.Change) {
		r.Audit.IntendAnyway(ctx, audit.Event{Intent: i, Account: account, Change: c})
	})
	// What an outsider holds is reading alone; this is for what asks for a session and for no permission.
	if auth.From(ctx).Issuer != "" && f.Rule.Kind != policy.Public {
		err := problem.New(problem.Forbidden, "With a token of your identity provider's own you may read, and change nothing.")
		r.mutated(ctx, i, problem.Forbidden)
		return err
	}
	// What no permission guards is how people sign in: a password may look like anything.
	if f.Rule.Kind == policy.HasPermission {
		if err := notMasked(f.Arguments, nil); err != nil {
			r.mutated(ctx, i, problem.CodeOf(err))
			return err
		}
	}
	return r.mutated(ctx, i, run(audit.With(ctx, i)))
}

// mutated sees to the event of a mutation's field that has ended with this code, if whoever changed something has not. The
// error says that it could not be written.
func (r *Root) mutated(ctx context.Context, i audit.Intent, code problem.Code) error {
	if i.Written() {
		return nil
	}
	e := audit.Event{Intent: i, Account: auth.From(ctx).Account}
	if account, user := i.Concerned(); account != "" {
		e.Account, e.User = account, user
	}
	e.Ended(code)
	if code == "" { // it has changed nothing
		return r.Audit.Write(ctx, e)
	}
	r.Audit.Note(e)
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
	default: // of a variable, one element given for a list is a slice of its own type
		list := reflect.ValueOf(v)
		if list.Kind() != reflect.Slice {
			return nil
		}
		for i := range list.Len() {
			if err := notMasked(list.Index(i).Interface(), append(path, strconv.Itoa(i))); err != nil {
				return err
			}
		}
	}
	return nil
}
