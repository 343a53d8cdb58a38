package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// Explanation is the plan of an operation as people read it, and what was decided of it for one caller.
type Explanation struct {
	Type ast.Operation `json:"type"`
	Name string        `json:"name,omitempty"`
	// Cost is how many fields the answer may have, as Limits.Cost counts them.
	Cost int `json:"cost"`
	// Refused says that nothing of it runs: a mutation or subscription of which a part is denied.
	Refused bool `json:"refused"`
	// Conditions are those of @skip and @include that depend on variables. The plan is of what they leave.
	Conditions []Condition `json:"conditions,omitempty"`
	Fields     []Explained `json:"fields"`
}

// Condition is a variable by which something is skipped or included.
type Condition struct {
	Variable string `json:"variable"`
	Value    bool   `json:"value"`
}

// Explained is one place of a plan: a response key, an argument or an input's field that is given, or a concrete type
// where an abstract one stands.
type Explained struct {
	// Place is the key with the field's name where that is another, "(to:)", "PartInput.cost" or "... on Call".
	Place      string `json:"place"`
	Coordinate string `json:"coordinate"`
	// Needs are the rules that must all pass.
	Needs []string `json:"needs"`
	// Gets is what the caller gets of it.
	Gets Gets `json:"gets"`
	// Why says why it is denied.
	Why       string      `json:"why,omitempty"`
	Arguments []Explained `json:"arguments,omitempty"`
	Fields    []Explained `json:"fields,omitempty"`
}

// Gets is what a caller gets of one place.
type Gets string

// What there is to get.
const (
	GetsValue   Gets = "allowed"
	GetsMasked  Gets = "masked"
	GetsNothing Gets = "denied"
)

// Explain plans an operation of a document, which may be named by "" when it is the only one, and decides it for a caller. Of
// cfg it needs Table, Views, TypeOf, Limits and, where they are set, Once and Lists. The error is about the document, the
// variables or the limit that the operation goes beyond.
func Explain(schema *ast.Schema, cfg Config, text, name string, vars map[string]any, caller policy.Set) (*Explanation, error) {
	doc, err := parseTrusted(schema, text)
	if err != nil {
		return nil, err
	}
	op := doc.Operations.ForName(name)
	switch {
	case op == nil && name == "":
		return nil, errors.New("the document has several operations: name one of them")
	case op == nil:
		return nil, fmt.Errorf("the document has no operation %s", name)
	}
	if vars, err = validator.VariableValues(schema, op, vars); err != nil {
		fault := gqlerror.WrapIfUnwrapped(err)
		return nil, fmt.Errorf("%s %s", fault.Path, fault.Message) // its own text begins with a file that is none
	}
	if err := checkVariables(schema, op, vars); err != nil {
		return nil, err
	}
	cfg.schema = schema
	cfg.catalog = cfg.newCatalog(nil)
	p := newPlans(cfg.catalog, doc, op, false)
	d, err := cfg.decidePlan(p, vars, cfg.Table.Grants(caller), cfg.Limits, DenialsEach)
	if err != nil {
		return nil, err
	}
	e := &Explanation{
		Type: op.Operation, Name: op.Name, Cost: d.cost, Fields: d.explain(d.plan.root),
		Refused: op.Operation != ast.Query && len(d.refusedAtRoot()) > 0,
	}
	for _, c := range p.conditions {
		value, _ := conditionOf(c, vars)
		e.Conditions = append(e.Conditions, Condition{conditionVariable(c), value})
	}
	return e, nil
}

func (d *Decision) explain(u *Selections) []Explained {
	var all []Explained
	for i := range u.Fields {
		s := &u.Fields[i]
		place := s.Field.Alias
		if place != s.name {
			place += ": " + s.name
		}
		e := d.explained(place, &s.guarded, d.refusal(s.id))
		if s.mask != "" && !d.unmasked && e.Gets == GetsValue {
			e.Gets = GetsMasked
		}
		for _, g := range s.guards {
			if g.guarded != nil && g.check != policy.CheckPublic {
				e.Arguments = append(e.Arguments, d.argument(g.guarded))
			}
		}
		for _, t := range d.below(s) {
			if !s.abstract {
				e.Fields = append(e.Fields, d.explain(t)...)
				continue
			}
			on := d.explained("... on "+t.object, &d.plan.catalog.objects[t.object].guarded, d.refusal(t.id))
			if on.Gets != GetsNothing {
				on.Fields = d.explain(t)
			}
			e.Fields = append(e.Fields, on)
		}
		var denied []*refusal
		for _, r := range d.verdict(s).elements {
			if r != nil && !slices.Contains(denied, r) {
				denied = append(denied, r)
				e.Fields = append(e.Fields, d.explained("... on "+r.coordinate, &d.plan.catalog.objects[r.coordinate].guarded, r))
			}
		}
		all = append(all, e)
	}
	return all
}

func (d *Decision) argument(g *guarded) Explained {
	var r *refusal
	if !d.grants.Allows(g.check) {
		r = g.refusal(d.plan.catalog.table, d.grants)
	}
	place := g.coordinate // PartInput.cost, or Call.parts(of:), of which it is (of:)
	if _, name, is := strings.Cut(place, "("); is {
		place = "(" + name
	}
	return d.explained(place, g, r)
}

func (d *Decision) explained(place string, g *guarded, r *refusal) Explained {
	e := Explained{Place: place, Coordinate: g.coordinate, Gets: GetsValue}
	for _, rule := range d.plan.catalog.table.Rules(g.check) {
		e.Needs = append(e.Needs, rule.String())
	}
	if e.Needs == nil {
		e.Needs = []string{policy.Rule{}.String()}
	}
	if r != nil {
		e.Gets, e.Why = GetsNothing, r.message()
	}
	return e
}
