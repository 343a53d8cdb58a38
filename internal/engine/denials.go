package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Denials is how an answer lists what was denied.
type Denials string

// The ways of listing denials.
const (
	// DenialsEach has one error for each null position, with its path.
	DenialsEach Denials = "each"
	// DenialsSelection has one error for each denied selection, with a count.
	DenialsSelection Denials = "selection"
	// DenialsExtensions has the same outside of errors, as extensions.denied, so
	// that clients which drop the data of an answer with errors keep it.
	DenialsExtensions Denials = "extensions"
)

// ParseDenials reads the setting, or the extension "denials" of a request.
func ParseDenials(s string) (Denials, error) {
	switch d := Denials(s); d {
	case DenialsEach, DenialsSelection, DenialsExtensions:
		return d, nil
	}
	return "", problem.New(problem.BadRequest, "Denials are listed as each, selection or extensions.")
}

// take is the denials that were met since it was last called.
func (d *Decision) take() []denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	met := d.met
	d.met = nil
	return met
}

// report writes the denials that were met into the answer. The order is that of
// the answer, whatever the order of execution.
func (d *Decision) report(resp *graphql.Response, met []denial) {
	for _, n := range met {
		d.counts.denial(n.refusal.rule)
	}
	slices.SortStableFunc(met, func(a, b denial) int { return slices.Compare(a.order, b.order) })

	if masked := d.masked(); len(masked) > 0 {
		extend(resp, "masked", masked)
	}
	switch d.denials {
	case DenialsSelection:
		d.merge(resp, errorsOf(d.bySelection(met)))
	case DenialsExtensions:
		d.merge(resp, nil)
		if all := d.bySelection(met); len(all) > 0 {
			denied := make([]map[string]any, len(all))
			for i, one := range all {
				denied[i] = one.extension()
			}
			extend(resp, "denied", denied)
		}
	default:
		list := make([]placed, len(met))
		for i, n := range met {
			list[i] = placed{n.error(), n.order}
		}
		d.merge(resp, list)
	}
}

// Denial is what an operation was denied: a field, an argument, an input field or, by its id, an object.
type Denial struct {
	Coordinate string // Call.price, Account.calls(to:), ApiKey
	// Rule is the one that the caller does not pass.
	Rule policy.Rule
	// Code is UNAUTHENTICATED for a guest who may sign in, and otherwise FORBIDDEN.
	Code problem.Code
	// Count is how many places of the answer it left empty, 1 at least.
	Count int
}

// tell tells Denied what was denied and not told of before: what was met, and what was selected in vain.
func (c *Config) tell(ctx context.Context, d *Decision, met []denial) {
	if c.Denied == nil || len(met) == 0 && !d.refusals {
		return
	}
	var denials []Denial
	index := map[Denial]int{}
	for _, n := range d.bySelection(met) {
		key := spot{n.at, n.object}
		if d.told[key] {
			continue
		}
		if d.told == nil {
			d.told = map[spot]bool{}
		}
		d.told[key] = true
		one := Denial{Coordinate: n.refusal.coordinate, Rule: n.refusal.rule, Code: n.refusal.code()}
		if _, known := index[one]; !known {
			index[one] = len(denials)
			denials = append(denials, one)
		}
		denials[index[one]].Count += max(n.count, 1)
	}
	if len(denials) > 0 {
		c.Denied(ctx, denials)
	}
}

// placed is an error and its place in the answer.
type placed struct {
	err   *gqlerror.Error
	order []int
}

// merge puts the denials among the errors that resolvers gave, all in the answer's order.
func (d *Decision) merge(resp *graphql.Response, all []placed) {
	for _, err := range resp.Errors {
		all = append(all, placed{err, d.order(err.Path, nil)})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return slices.Compare(a.order, b.order) })
	resp.Errors = resp.Errors[:0]
	for _, p := range all {
		resp.Errors = append(resp.Errors, p.err)
	}
}

// firstPlace is the first path that fits a pattern.
func firstPlace(pattern []string) ast.Path {
	path := make(ast.Path, len(pattern))
	for i, p := range pattern {
		if p == "@" {
			path[i] = ast.PathIndex(0)
		} else {
			path[i] = ast.PathName(p)
		}
	}
	return path
}

// tally is a denied selection and how often it was met.
type tally struct {
	denial
	count int
}

// bySelection counts the denials of each denied selection, in the answer's order.
// One that was decided but not met, as below an empty list, counts zero; one below
// an abstract type is listed only when it was met.
func (d *Decision) bySelection(met []denial) []*tally {
	counted := map[spot]*tally{}
	var all []*tally
	for _, n := range met {
		key := spot{n.at, n.object}
		if counted[key] == nil {
			counted[key] = &tally{denial: n}
			all = append(all, counted[key])
		}
		counted[key].count++
	}
	d.root.each(func(s *selection) {
		if s.refuse != nil && !s.abstract && counted[spot{at: s}] == nil {
			path := firstPlace(s.pattern())
			all = append(all, &tally{denial: denial{refusal: s.refuse, at: s, path: path, order: d.order(path, nil)}})
		}
	})
	slices.SortStableFunc(all, func(a, b *tally) int { return slices.Compare(a.order, b.order) })
	return all
}

// masked lists the selections that the caller sees masked.
func (d *Decision) masked() []map[string]any {
	var masked []map[string]any
	d.root.each(func(s *selection) {
		if s.mask != "" {
			masked = append(masked, map[string]any{"selection": s.pattern(), "coordinate": s.object + "." + s.name})
		}
	})
	return masked
}

// each visits every selection, in the operation's order and by type name.
func (s *selections) each(visit func(*selection)) {
	for _, f := range s.fields {
		visit(f)
		for _, u := range f.types() {
			u.each(visit)
		}
	}
}

func errorsOf(all []*tally) []placed {
	list := make([]placed, len(all))
	for i, t := range all {
		err := t.error()
		if t.inList() {
			err.Path = nil
			err.Extensions["selection"] = t.pattern()
		}
		err.Extensions["count"] = t.count
		list[i] = placed{err, t.order}
	}
	return list
}

// inList says whether one path does not say it all.
func (t *tally) inList() bool {
	return t.at != nil && (t.at.crossesList() || t.object != "" && t.at.lists > 0)
}

func (t *tally) pattern() []string {
	p := t.at.pattern()
	if t.object != "" {
		for range t.at.lists {
			p = append(p, "@")
		}
	}
	return p
}

func (t *tally) extension() map[string]any {
	err := t.error()
	entry := map[string]any{"message": err.Message, "count": t.count}
	for k, v := range err.Extensions {
		entry[k] = v
	}
	if t.at != nil {
		entry["selection"] = t.pattern()
	}
	return entry
}

// error is the denial as a client sees it.
func (n denial) error() *gqlerror.Error {
	return &gqlerror.Error{Message: n.refusal.message(), Path: n.path, Extensions: n.refusal.extensions()}
}

// code tells a guest, who may sign in, from a caller who lacks a permission.
func (r *refusal) code() problem.Code {
	if r.guest && r.rule.Kind != policy.Deny {
		return problem.Unauthenticated
	}
	return problem.Forbidden
}

func (r *refusal) message() string {
	switch {
	case r.code() == problem.Unauthenticated:
		return fmt.Sprintf("Sign in to use %s.", r.coordinate)
	case r.rule.Kind == policy.HasPermission:
		return fmt.Sprintf("%s needs the permission %s (%s).", r.coordinate, r.rule.Permission, r.rule.Action)
	}
	return fmt.Sprintf("%s is open to nobody.", r.coordinate)
}

func (r *refusal) extensions() map[string]any {
	ext := map[string]any{"code": r.code(), "coordinate": r.coordinate}
	if r.rule.Kind == policy.HasPermission {
		ext["permission"] = r.rule.Permission
		ext["action"] = r.rule.Action
	}
	return ext
}

func extend(resp *graphql.Response, key string, value any) {
	if resp.Extensions == nil {
		resp.Extensions = map[string]any{}
	}
	resp.Extensions[key] = value
}
