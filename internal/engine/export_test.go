package engine

import (
	"context"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// IsDecided says whether the resolver of ctx is known to be one of a decided operation.
func IsDecided(ctx context.Context) bool {
	d, s := current(ctx)
	return d != nil && s != nil
}

// Events subscribes as the transports do: next gives one answer after the other, and nil when there are no more.
func (h *Handler) Events(ctx context.Context, query string) (next func() *graphql.Response) {
	op, d, faults := h.exec.prepare(ctx, &graphql.RawParams{Query: query})
	events := once(h.exec.reject(ctx, faults))
	if faults == nil {
		events = h.exec.events(ctx, op, d)
	}
	return func() *graphql.Response {
		event := events()
		if event == nil {
			return nil
		}
		return &graphql.Response{Data: event.Data, Errors: append(event.Errors, errorsOfEach(event.denied)...), Extensions: event.Extensions}
	}
}

// errorsOfEach are denials as an answer lists each of them, which appendErrors writes.
func errorsOfEach(met []denial) gqlerror.List {
	list := make(gqlerror.List, len(met))
	for i := range met {
		list[i] = met[i].error()
	}
	return list
}

// Plain has every operation run by gqlgen's own executor and its inline checks, for tests that compare.
func Plain(cfg Config) Config {
	cfg.plain = true
	return cfg
}

// Around has each field resolved by way of around, for tests that answer in the place of resolvers.
func Around(cfg Config, around graphql.FieldMiddleware) Config {
	cfg.around = around
	return cfg
}

// Kept is how many views are kept.
func (v *Views) Kept() int { return len(v.kept) }

// MaxViews is how many may be.
const MaxViews = maxViews

// SetTimes says how often streams say something, and how long one write may take.
func (h *Handler) SetTimes(keepAlive, patience time.Duration) {
	h.streams.keepAlive, h.streams.patience = keepAlive, patience
}

// Planned is an operation that was planned, for tests that decide it for several callers.
type Planned struct {
	cfg   Config
	plans *plans
}

// Plan plans the first operation of a document: once, or passing, for each decision anew.
func Plan(cfg Config, schema *ast.Schema, doc *ast.QueryDocument, passing bool) *Planned {
	cfg.schema, cfg.rules, cfg.Observer = schema, rulesOf(cfg.Table), struct{ Observer }{}
	cfg.catalog = cfg.newCatalog(nil)
	return &Planned{cfg, newPlans(cfg.catalog, doc, doc.Operations[0], passing)}
}

// Kept is how many plans are kept of the operation.
func (p *Planned) Kept() int {
	if all := p.plans.kept.Load(); all != nil {
		return len(*all)
	}
	return 0
}

// Decide is what is denied to a caller, with the place of each, and masked, and what the operation costs.
func (p *Planned) Decide(vars map[string]any, grants policy.Grants, limits Limits) (denied, masked []string, cost int, counted []Decided, err error) {
	d, err := p.cfg.decidePlan(p.plans, vars, grants, limits, DenialsEach)
	if err != nil {
		return nil, nil, 0, nil, err
	}
	note := func(way []string, r *refusal) {
		if r != nil {
			denied = append(denied, strings.Join(way, ".")+" "+r.coordinate)
		}
	}
	d.each(func(s *Selection, _ bool) {
		note(s.pattern(), d.refusal(s.id))
		value := s.pattern()
		for range s.lists {
			value = append(value, "@")
		}
		for _, u := range d.below(s) {
			note(value, d.refusal(u.id))
		}
		for _, r := range d.verdict(s).elements {
			note(value, r)
		}
		if s.mask != "" && !d.unmasked && d.refusal(s.id) == nil {
			masked = append(masked, strings.Join(s.pattern(), "."))
		}
	})
	return denied, masked, d.cost, d.counts.sum(), nil
}
