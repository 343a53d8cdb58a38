package engine

import (
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// decisionKey is where an operation's decision is kept on its OperationContext.
// It is bound to the operation, not to a context, so no way of running an
// operation can lose it or take up another's.
const decisionKey = "FieldgateDecision"

// Decision is everything that was decided of one operation before it ran, and the
// denials that were met while it ran.
type Decision struct {
	table    *policy.Table
	grants   policy.Grants
	unmasked bool
	denials  Denials
	root     *selections
	inputs   map[input]verdict
	views    *Views
	counts   *counts
	cost     int                  // how many fields the answer may have, as Limits.Cost counts them
	failed   map[problem.Code]int // the errors of what ran, but for denials

	mu  sync.Mutex
	met []denial
	end error // why a stream ends, until it is told

	refusals bool          // whether anything at all was denied, met or not
	told     map[spot]bool // what Denied has been told of
	register string        // the hash by which the operation's text is to be kept, or ""
}

// spot is a denied selection or, below an abstract type, what is denied there.
type spot struct {
	at     *selection
	object string
}

// denial is a denied position that execution came to.
type denial struct {
	refusal *refusal
	at      *selection // nil for what no selection explains
	object  string     // set when it is the object that is denied, not a field of it
	path    ast.Path
	order   []int
}

// decisionOf is the decision recorded for an operation, or nil.
func decisionOf(op *graphql.OperationContext) *Decision {
	if op == nil {
		return nil
	}
	d, _ := op.Stats.GetExtension(decisionKey).(*Decision)
	return d
}

// refusedAtRoot lists why root fields are denied, in the operation's order. For a
// mutation one is enough to refuse the whole.
func (d *Decision) refusedAtRoot() []denial {
	if d.root.refuse != nil {
		return []denial{{refusal: d.root.refuse}}
	}
	var refused []denial
	for _, s := range d.root.fields {
		if s.refuse != nil {
			refused = append(refused, denial{refusal: s.refuse, at: s, path: ast.Path{ast.PathName(s.key)}})
		}
	}
	return refused
}

// meet notes a denied position.
func (d *Decision) meet(n denial) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.met = append(d.met, n)
}

// order is a path's place in the answer: for each step the place of its key among
// its object's keys, or the index in a list. Comparing two orders compares the
// places where the answer has them.
func (d *Decision) order(path ast.Path, objects []string) []int {
	order := make([]int, 0, len(path))
	var steps []step
	for _, p := range path {
		switch p := p.(type) {
		case ast.PathIndex:
			order = append(order, int(p))
		case ast.PathName:
			st := step{key: string(p)}
			if len(steps) < len(objects) {
				st.object = objects[len(steps)]
			}
			steps = append(steps, st)
			s := d.root.find(steps)
			if s == nil {
				return order
			}
			order = append(order, s.order)
		}
	}
	return order
}
