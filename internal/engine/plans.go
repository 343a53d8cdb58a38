package engine

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// mostPlans is how many plans are kept of one operation: one for each way in which its conditions turn out.
	mostPlans = 16
	// mostKept is how many steps the plans of all operations have taken together that are kept, each some 250 bytes: see plan.steps.
	mostKept = 1 << 18
)

// plans are those of one operation of a document. They live as long as the document is kept.
type plans struct {
	catalog    *catalog
	doc        *ast.QueryDocument
	definition *ast.OperationDefinition
	passing    bool // whether it is for one request, so that no plan is worth keeping

	once       sync.Once        // for what is read off the document when the operation is first asked for
	directives int              // of the whole document
	conditions []*ast.Directive // those @skip and @include that depend on a variable

	mu   sync.Mutex
	kept atomic.Pointer[[]kept]
}

// kept is a plan for one way in which the conditions turn out; nil when it is too large to be kept.
type kept struct {
	conditions uint64
	plan       *plan
}

// newPlans prepares an operation of a valid document. Passing says that the document is not kept.
func newPlans(k *catalog, doc *ast.QueryDocument, def *ast.OperationDefinition, passing bool) *plans {
	return &plans{catalog: k, doc: doc, definition: def, passing: passing}
}

func (o *plans) read() {
	o.directives = countDirectives(o.doc)
	o.conditionsIn(o.definition.SelectionSet)
	for _, f := range o.doc.Fragments {
		o.conditionsIn(f.SelectionSet)
	}
}

func (o *plans) conditionsIn(set ast.SelectionSet) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			o.conditionsOf(sel.Directives)
			o.conditionsIn(sel.SelectionSet)
		case *ast.InlineFragment:
			o.conditionsOf(sel.Directives)
			o.conditionsIn(sel.SelectionSet)
		case *ast.FragmentSpread:
			o.conditionsOf(sel.Directives)
		}
	}
}

// conditionsOf notes the conditions of one place, each variable's once.
func (o *plans) conditionsOf(directives ast.DirectiveList) {
	for _, d := range directives {
		variable := conditionVariable(d)
		if variable != "" && !slices.ContainsFunc(o.conditions, func(known *ast.Directive) bool { return conditionVariable(known) == variable }) {
			o.conditions = append(o.conditions, d)
		}
	}
}

// conditionVariable is the variable that a condition depends on, or "".
func conditionVariable(d *ast.Directive) string {
	if d.Name == "skip" || d.Name == "include" {
		if arg := d.Arguments.ForName("if"); arg != nil && arg.Value.Kind == ast.Variable {
			return arg.Value.Raw
		}
	}
	return ""
}

// conditionOf is the value of a condition. Validation lets a nullable variable with a
// default through, and it may still be null; gqlgen would panic on it.
func conditionOf(d *ast.Directive, vars map[string]any) (value, ok bool) {
	if arg := d.Arguments.ForName("if"); arg != nil {
		if v, err := arg.Value.Value(vars); err == nil {
			value, ok = v.(bool)
		}
	}
	return value, ok
}

func errCondition(name string) error {
	return problem.Input(fmt.Sprintf("The condition of @%s is neither true nor false.", name), "if")
}

// errDefer refuses what gqlgen would lose data by.
var errDefer = problem.New(problem.ValidationFailed, "@defer is not supported: ask for the fields without it.")

// plan is the operation's plan for these variables: a kept one, or one for the single request where keeping is not worth it.
func (o *plans) plan(vars map[string]any) *plan {
	o.once.Do(o.read)
	conditions, keep := o.vector(vars)
	if keep && !o.passing {
		if p, known := o.known(conditions); p != nil {
			return p
		} else if !known {
			if p := o.keep(conditions, vars); p != nil {
				return p
			}
		}
	}
	p, _ := newPlan(o, vars, false)
	return p
}

// vector is how the conditions turn out, a bit for each. It is false when they cannot be told apart so.
func (o *plans) vector(vars map[string]any) (bits uint64, ok bool) {
	if len(o.conditions) > 64 {
		return 0, false
	}
	for i, d := range o.conditions {
		value, ok := conditionOf(d, vars)
		if !ok {
			return 0, false
		}
		if value {
			bits |= 1 << i
		}
	}
	return bits, true
}

// known finds a plan among those that are kept. It is nil and true for one that is too large, or one too many.
func (o *plans) known(conditions uint64) (p *plan, known bool) {
	plans := o.kept.Load()
	if plans == nil {
		return nil, false
	}
	for _, k := range *plans {
		if k.conditions == conditions {
			return k.plan, true
		}
	}
	return nil, len(*plans) >= mostPlans
}

// keep compiles a plan and keeps it. It is nil where that is too large.
func (o *plans) keep(conditions uint64, vars map[string]any) *plan {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p, known := o.known(conditions); known {
		return p // another request was faster
	}
	p, _ := newPlan(o, vars, true)
	steps := 1
	if p != nil {
		steps += p.steps
	}
	o.catalog.kept.take(o, steps)
	var plans []kept
	before := o.kept.Load()
	if before != nil {
		plans = slices.Clone(*before)
	}
	plans = append(plans, kept{conditions, p})
	o.kept.CompareAndSwap(before, &plans) // unless the keeper has just let them go
	return p
}

// keeper bounds what the plans of all operations hold: when they would hold too much, all are let go, and those that
// are still asked for are soon there again.
type keeper struct {
	mu         sync.Mutex
	steps      int
	operations map[weak.Pointer[plans]]bool
}

// take notes that an operation is about to keep a plan of so many steps.
func (k *keeper) take(o *plans, steps int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.steps+steps > mostKept {
		for w := range k.operations {
			if o := w.Value(); o != nil {
				o.kept.Store(nil)
			}
		}
		clear(k.operations)
		k.steps = 0
	}
	if k.operations == nil {
		k.operations = map[weak.Pointer[plans]]bool{}
	}
	k.operations[weak.Make(o)] = true
	k.steps += steps
}
