package engine

import (
	"context"
	"slices"
	"strconv"

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

// report writes the denials that were met, in their order, into the answer, among the errors that resolvers gave. Those
// that are an answer's only errors, one for each, it gives back instead: appendErrors writes them.
func (d *Decision) report(resp *answer, met []denial) (each []denial) {
	if d.counts != nil {
		for _, t := range tallied(met) {
			d.counts.denials(t.refusal.rule, t.count)
		}
	}
	if d.masks {
		extend(resp, "masked", d.masked())
	}
	switch {
	case d.denials == DenialsSelection:
		d.merge(resp, errorsOf(d.bySelection(met)))
	case d.denials == DenialsExtensions:
		d.merge(resp, nil)
		if all := d.bySelection(met); len(all) > 0 {
			denied := make([]map[string]any, len(all))
			for i, one := range all {
				denied[i] = one.extension()
			}
			extend(resp, "denied", denied)
		}
	case len(resp.Errors) == 0:
		return met
	default:
		list := make([]placed, len(met))
		for i := range met {
			list[i] = placed{met[i].error(), met[i].order()}
		}
		d.merge(resp, list)
	}
	return nil
}

// appendErrors writes denials as JSON, as an answer lists each of them.
func appendErrors(out []byte, met []denial) []byte {
	var t tallies
	out = append(out, '[')
	for i := range met {
		if i > 0 {
			out = append(out, ',')
		}
		out = met[i].append(out, t.of(&met[i]))
	}
	return append(out, ']')
}

// append writes the denial's error as JSON. What it has in common with others of the same tally is put together once.
func (n *denial) append(out []byte, t *tally) []byte {
	if t.texts == nil {
		t.texts = n.texts()
	}
	for i, text := range t.texts {
		if i > 0 {
			out = strconv.AppendInt(out, int64(n.index(i-1)), 10)
		}
		out = append(out, text...)
	}
	return out
}

// texts are what stands around each index in the denial's error as JSON.
func (n *denial) texts() []string {
	if n.at == nil {
		return []string{n.refusal.head + n.refusal.tail}
	}
	var texts []string
	text, comma := append(make([]byte, 0, 512), n.refusal.head+`,"path":[`...), ""
	n.way(
		func(s *Selection) { text, comma = append(append(text, comma...), s.key[:len(s.key)-1]...), "," },
		func(int32) { texts, text = append(texts, string(append(text, ','))), text[:0] },
	)
	return append(texts, string(append(append(text, ']'), n.refusal.tail...)))
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
		if d.plan.kind == ast.Subscription { // of which there is more than one answer
			if d.told[n.spot()] {
				continue
			}
			if d.told == nil {
				d.told = map[spot]bool{}
			}
			d.told[n.spot()] = true
		}
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

// merge puts the denials, which are in order, among the errors that resolvers gave, all in the answer's order.
func (d *Decision) merge(resp *answer, all []placed) {
	if len(resp.Errors) > 0 {
		for _, err := range resp.Errors {
			all = append(all, placed{err, d.order(err.Path)})
		}
		slices.SortStableFunc(all, func(a, b placed) int { return slices.Compare(a.order, b.order) })
	}
	resp.Errors = resp.Errors[:0]
	for _, p := range all {
		resp.Errors = append(resp.Errors, p.err)
	}
}

// tally is a denied selection and how often it was met, first at the denial's place.
type tally struct {
	denial
	count int
	texts []string // see denial.append
	next  *tally   // of the same selection
}

// tallies counts denials by what is denied.
type tallies struct {
	all  []*tally
	byID []*tally // by the selection's id, after those that no selection explains
}

// tallied counts denials.
func tallied(met []denial) []*tally {
	var t tallies
	for i := range met {
		t.of(&met[i]).count++
	}
	return t.all
}

// of is the tally that a denial belongs to.
func (t *tallies) of(n *denial) *tally {
	i := 0
	if n.at != nil {
		i = n.at.id + 1
	}
	if i >= len(t.byID) {
		t.byID = append(t.byID, make([]*tally, i+1-len(t.byID))...)
	}
	for known := t.byID[i]; known != nil; known = known.next {
		if known.object == n.object && known.refusal == n.refusal {
			return known
		}
	}
	one := &tally{denial: *n, next: t.byID[i]}
	t.byID[i] = one
	t.all = append(t.all, one)
	return one
}

// bySelection counts the denials of each denied selection, in the answer's order.
// One that was decided but not met, as below an empty list, counts zero; one below
// an abstract type is listed only when it was met.
func (d *Decision) bySelection(met []denial) []*tally {
	all := tallied(met)
	if d.refusals {
		known := map[*Selection]bool{}
		for _, t := range all {
			if !t.object {
				known[t.at] = true
			}
		}
		d.each(func(s *Selection, abstract bool) {
			if r := d.refusal(s.id); r != nil && !abstract && !known[s] {
				all = append(all, &tally{denial: denial{refusal: r, at: s}})
			}
		})
	}
	inOrder(all, func(t **tally) []int { return (*t).order() })
	return all
}

// masked lists the selections that the caller sees masked.
func (d *Decision) masked() []map[string]any {
	var masked []map[string]any
	d.each(func(s *Selection, _ bool) {
		if s.mask != "" && d.refusal(s.id) == nil {
			masked = append(masked, map[string]any{"selection": s.pattern(), "coordinate": s.coordinate})
		}
	})
	return masked
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
		list[i] = placed{err, t.order()}
	}
	return list
}

// inList says whether one path does not say it all.
func (t *tally) inList() bool {
	return t.at != nil && (t.at.crossesList() || t.object && t.at.lists > 0)
}

func (t *tally) pattern() []string {
	p := t.at.pattern()
	if t.object {
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
func (n *denial) error() *gqlerror.Error {
	return &gqlerror.Error{Message: n.refusal.message(), Path: n.path(), Extensions: n.refusal.extensions()}
}

func extend(resp *answer, key string, value any) {
	if resp.Extensions == nil {
		resp.Extensions = map[string]any{}
	}
	resp.Extensions[key] = value
}
