package engine

import (
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// decisionKey is where an operation's decision is kept on its OperationContext, for gqlgen's own executor.
// It is bound to the operation, not to a context, so no way of running one
// can lose it. Writers are handed it, and hand it on to whom they call.
const decisionKey = "FieldgateDecision"

// Decision is everything that was decided of one operation before it ran, and the
// denials that were met while it ran.
type Decision struct {
	plan     *plan
	grants   policy.Grants
	unmasked bool
	denials  Denials
	views    *Views
	counts   *counts // nil when nobody is told, or counted
	counted  counts
	cost     int                  // how many fields the answer may have, as Limits.Cost counts them
	failed   map[problem.Code]int // the errors of what ran, but for denials

	refused  []*refusal // by id, why places are denied; none are where it is too short
	verdicts []verdict  // by nth, what was decided of arguments
	refusals bool       // whether anything at all was denied, met or not
	masks    bool       // whether anything is shown masked

	mu    sync.Mutex
	met   []denial
	apart bool  // whether met is in no order
	end   error // why a stream ends, until it is told

	told     map[spot]bool // what Denied has been told of
	straight bool          // whether nothing runs around resolvers
	register string        // the hash by which the operation's text is to be kept, or ""
}

// spot is a denied selection or, below an abstract type, what is denied there.
type spot struct {
	at     *Selection
	object *refusal
}

// denial is a denied position that execution came to.
type denial struct {
	refusal *refusal
	at      *Selection // nil for what no selection explains
	object  bool       // whether it is an object, which is the selection's value, that is denied, and not the field
	// indexes are the places in the lists that are crossed on the way. What is missing is in the first place.
	indexes []int32
}

// spot is where the denial belongs to.
func (n *denial) spot() spot {
	if n.object {
		return spot{n.at, n.refusal}
	}
	return spot{at: n.at}
}

// decisionOf is the decision recorded for an operation, or nil.
func decisionOf(op *graphql.OperationContext) *Decision {
	if op == nil {
		return nil
	}
	d, _ := op.Stats.GetExtension(decisionKey).(*Decision)
	return d
}

// bind records the decision for gqlgen's own executor.
func (d *Decision) bind(op *graphql.OperationContext) { op.Stats.SetExtension(decisionKey, d) }

// decidePlan decides an operation for who has the grants, or refuses it: by a *problem.Error.
func (c *Config) decidePlan(o *plans, vars map[string]any, grants policy.Grants, limits Limits, denials Denials) (*Decision, error) {
	d := &Decision{
		plan:     o.plan(vars),
		grants:   grants,
		unmasked: grants.Allows(c.Table.Unmasked()),
		denials:  denials,
		views:    c.Views,
	}
	c.count(d)
	w := walk{Decision: d, typeOf: c.TypeOf, vars: vars, limits: limits}
	if err := w.operation(); err != nil {
		return nil, err
	}
	return d, nil
}

// refusal is why a place of the plan is denied, or nil.
func (d *Decision) refusal(id int) *refusal {
	if id < len(d.refused) {
		return d.refused[id]
	}
	return nil
}

// verdict is what was decided of the arguments of a selection.
func (d *Decision) verdict(s *Selection) verdict {
	switch {
	case !s.argued:
		return verdict{decided: true}
	case s.nth < len(d.verdicts):
		return d.verdicts[s.nth]
	}
	return verdict{}
}

// refusedAtRoot lists why root fields are denied, in the operation's order. For a
// mutation one is enough to refuse the whole.
func (d *Decision) refusedAtRoot() []denial {
	if r := d.refusal(d.plan.root.id); r != nil {
		return []denial{{refusal: r}}
	}
	var refused []denial
	for i := range d.plan.root.Fields {
		s := &d.plan.root.Fields[i]
		if r := d.refusal(s.id); r != nil {
			refused = append(refused, denial{refusal: r, at: s})
		}
	}
	return refused
}

// meet notes a denied position, whenever it is come to.
func (d *Decision) meet(n denial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.met, d.apart = append(d.met, n), true
}

// take is the denials that were met since it was last called, in the order of the answer, whatever the order of
// execution.
func (d *Decision) take() []denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	met := d.met
	if d.apart {
		inOrder(met, (*denial).order)
	}
	d.met, d.apart = nil, false
	return met
}

// inOrder sorts things by their places in the answer.
func inOrder[T any](all []T, order func(*T) []int) {
	type placed struct {
		thing T
		order []int
	}
	list := make([]placed, len(all))
	for i := range all {
		list[i] = placed{all[i], order(&all[i])}
	}
	slices.SortStableFunc(list, func(a, b placed) int { return slices.Compare(a.order, b.order) })
	for i := range list {
		all[i] = list[i].thing
	}
}

// index is the denied position's place in the i-th list on the way.
func (n *denial) index(i int) int32 {
	if i < len(n.indexes) {
		return n.indexes[i]
	}
	return 0
}

// way is the way from the root to a denied position: each key's selection, and each index.
func (n *denial) way(key func(*Selection), index func(int32)) {
	crossed := 0
	cross := func(lists int) {
		for range lists {
			index(n.index(crossed))
			crossed++
		}
	}
	var down func(s *Selection)
	down = func(s *Selection) {
		if s.parent != nil {
			down(s.parent)
			cross(s.parent.lists)
		}
		key(s)
	}
	if n.at != nil {
		down(n.at)
		if n.object {
			cross(n.at.lists)
		}
	}
}

// path is the denied position's, as errors have it.
func (n *denial) path() (path ast.Path) {
	n.way(
		func(s *Selection) { path = append(path, ast.PathName(s.Field.Alias)) },
		func(i int32) { path = append(path, ast.PathIndex(i)) },
	)
	return path
}

// order is the position's place in the answer: for each step the place of its key among
// its object's keys, or the index in a list. Comparing two orders compares the
// places where the answer has them.
func (n *denial) order() (order []int) {
	n.way(
		func(s *Selection) { order = append(order, s.order) },
		func(i int32) { order = append(order, int(i)) },
	)
	return order
}

// order is that of a path. Where an abstract type stands, it is by the first type by name that selects the key.
func (d *Decision) order(path ast.Path) []int {
	order := make([]int, 0, len(path))
	types := []*Selections{d.plan.root}
	for _, p := range path {
		switch p := p.(type) {
		case ast.PathIndex:
			order = append(order, int(p))
		case ast.PathName:
			var s *Selection
			for _, u := range byName(types) {
				if s = u.byKey(string(p)); s != nil && d.refusal(u.id) == nil {
					break
				}
				s = nil
			}
			if s == nil {
				return order
			}
			order, types = append(order, s.order), d.below(s)
		}
	}
	return order
}

// join puts denials to those that were met, which are in the order of the answer.
func (d *Decision) join(met []denial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.met) == 0 {
		d.met = met
		return
	}
	d.met, d.apart = append(d.met, met...), true
}
