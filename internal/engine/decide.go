package engine

import (
	"fmt"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// walk makes the decision on one operation: a pass over its plan, which does not go into what is denied. Its work is
// bounded by Limits.Selections, times the length of the document where the plan is for a single request.
type walk struct {
	*Decision
	typeOf func(id string) string
	vars   map[string]any
	limits Limits

	selections int
	aliases    int
	costs      costs
}

// operation decides the whole operation. The error is a *problem.Error that refuses it.
func (w *walk) operation() error {
	root := w.plan.root
	if root == nil {
		return problem.New(problem.ValidationFailed, fmt.Sprintf("The schema has no %s.", w.plan.kind))
	}
	if w.plan.directives > w.limits.Directives {
		return problem.Exceeded(limitDirectives, w.limits.Directives, "directives")
	}
	w.costs.most = w.limits.Cost
	if err := w.object(root, 1, 1); err != nil {
		return err
	}
	w.cost = w.costs.sum
	fields := root.Fields
	if w.refusal(root.id) != nil {
		fields = nil
	}
	if len(fields) > w.limits.RootFields {
		return problem.Exceeded(limitRootFields, w.limits.RootFields, "root fields")
	}
	introspections, once := 0, 0
	for i := range fields {
		if f := &fields[i]; f.name == "__schema" || f.name == "__type" {
			introspections++
		} else if f.once {
			once++
		}
	}
	if introspections > w.limits.Introspections {
		return problem.Exceeded(limitIntrospections, w.limits.Introspections, "fields __schema and __type")
	}
	if w.plan.kind == ast.Subscription && len(fields) != 1 { // GraphQL, section 5.2.3.1
		return problem.New(problem.ValidationFailed, "A subscription selects one root field.")
	}
	if once > 1 {
		return &problem.Error{
			Code: problem.LimitExceeded, Limit: limitOnce, Most: 1,
			Message: "An operation signs in, refreshes or accepts an invitation once.",
		}
	}
	return nil
}

// object decides what is selected of one concrete type, so deep in the operation, where the answer may have so many of it.
func (w *walk) object(u *Selections, depth, objects int) error {
	if !w.grants.Allows(u.check) {
		w.refuse(u.id, w.plan.catalog.objects[u.object].refusal(w.plan.catalog.table, w.grants))
		return nil
	}
	if u.fault != nil {
		return u.fault
	}
	for i := range u.Fields {
		if err := w.field(&u.Fields[i], depth, objects); err != nil {
			return err
		}
	}
	return nil
}

// field decides one response key.
func (w *walk) field(s *Selection, depth, objects int) error {
	if err := w.charge(s, depth, objects); err != nil {
		return err
	}
	if s.name == typename {
		return nil
	}
	if s.introspects() && w.views.For(w.grants) == nil {
		return introspectionOff()
	}
	if s.definition == nil {
		return problem.New(problem.ValidationFailed, "The operation selects a field that its type does not have.")
	}
	if !w.grants.Allows(s.check) {
		w.refuse(s.id, w.deny(&s.guarded))
		return w.spend(objects * denialCost)
	}
	w.counts.allow(s.check)
	denied := w.arguments(s.guards)
	if s.argued {
		w.verdictOf(s).decided, w.verdictOf(s).denied = true, denied
	}
	if denied != nil {
		w.refuse(s.id, denied)
		return w.spend(objects * denialCost)
	}
	if s.unvalued {
		if err := w.evaluate(s.Field.Field); err != nil {
			return err
		}
	}
	if s.mask != "" {
		w.counts.mask(w.plan.catalog.table.Unmasked(), !w.unmasked)
		w.masks = w.masks || !w.unmasked
	}
	if s.types == nil {
		return nil
	}
	return w.value(s, depth, objects)
}

// value decides what is selected of a field's value, for each concrete type that it may have.
func (w *walk) value(s *Selection, depth, objects int) error {
	size := w.size(s)
	below := w.costs.times(objects, size)
	if s.node != nil {
		v := w.verdictOf(s)
		if err := w.byID(s, v, objects); v.denied != nil || err != nil {
			return err
		}
		for _, u := range v.types {
			if err := w.object(u, depth+1, below); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range s.types {
		if err := w.object(w.below(s, i), depth+1, below); err != nil {
			return err
		}
	}
	return nil
}

// below is what is selected of the value when it is of its i-th possible type. In a plan for a single request it is compiled
// when it is come to.
func (w *walk) below(s *Selection, i int) *Selections {
	if s.types[i] == nil {
		return w.plan.compiler.value(s, i)
	}
	return s.types[i]
}

// refuse notes that a place is denied.
func (w *walk) refuse(id int, r *refusal) {
	if id >= len(w.refused) {
		grown := make([]*refusal, max(w.plan.ids, id+1))
		copy(grown, w.refused)
		w.refused = grown
	}
	w.refused[id] = r
}

// verdictOf is what is decided of a selection's arguments, to be filled in.
func (w *walk) verdictOf(s *Selection) *verdict {
	if s.nth >= len(w.verdicts) {
		grown := make([]verdict, max(w.plan.argued, s.nth+1))
		copy(grown, w.verdicts)
		w.verdicts = grown
	}
	return &w.verdicts[s.nth]
}

// deny is why a check that the grants do not pass is not passed, which is counted.
func (w *walk) deny(g *guarded) *refusal {
	r := g.refusal(w.plan.catalog.table, w.grants)
	w.counts.deny(r.rule)
	w.refusals = true
	return r
}

// charge counts one selection against the limits.
func (w *walk) charge(s *Selection, depth, objects int) error {
	w.selections++
	if w.selections > w.limits.Selections {
		return problem.Exceeded(limitSelections, w.limits.Selections, "fields")
	}
	alias := s.Field.Alias
	if len(alias) > w.limits.AliasLength { // an answer has it once for each object, and each denial below it again
		return problem.Exceeded(limitAliasLength, w.limits.AliasLength, "letters in an alias")
	}
	if alias != s.name {
		w.aliases++
	}
	if w.aliases > w.limits.Aliases {
		return problem.Exceeded(limitAliases, w.limits.Aliases, "aliases")
	}
	limit, most := limitDepth, w.limits.Depth
	if s.ofIntrospection() {
		limit, most = limitIntrospection, w.limits.Introspection
	}
	if depth > most {
		return problem.Exceeded(limit, most, "levels")
	}
	return w.spend(objects)
}

// spend adds to the operation's cost.
func (w *walk) spend(cost int) error {
	if w.costs.add(cost) {
		return nil
	}
	return &problem.Error{
		Code: problem.LimitExceeded, Limit: limitCost, Most: w.limits.Cost,
		Message: fmt.Sprintf("The answer could have more than %d fields. Ask for smaller pages or fewer fields.", w.limits.Cost),
	}
}
