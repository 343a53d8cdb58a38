package engine

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Events subscribes as the transports do: next gives one answer after the other, and nil when there are no more.
func (h *Handler) Events(ctx context.Context, query string) (next func() *graphql.Response) {
	op, faults := h.exec.prepare(ctx, &graphql.RawParams{Query: query})
	events := once(h.exec.reject(ctx, faults))
	if faults == nil {
		events = h.exec.events(ctx, op)
	}
	return func() *graphql.Response {
		event := events()
		if event == nil {
			return nil
		}
		return &graphql.Response{Data: event.Data, Errors: append(event.Errors, errorsOfEach(event.denied)...), Extensions: event.Extensions}
	}
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

// Ran is what came of an operation.
type Ran struct {
	Data   []byte
	Errors gqlerror.List
	denied []denial
}

// Denied are the places that were denied, each with its coordinate.
func (r Ran) Denied() []string {
	var all []string
	for i := range r.denied {
		all = append(all, r.denied[i].path().String()+" "+r.denied[i].refusal.coordinate)
	}
	return all
}

// Running is an operation without variables that is decided and run again and again: by the writers, or plainly by
// gqlgen's own executor. What came of it is good while it is used.
func Running(es *Sealed, cfg Config, text string) (func(plain bool, use func(Ran)), error) {
	cfg.schema = es.Schema()
	cfg.sizes = introspectionSizes(cfg.schema)
	doc, errs := gqlparser.LoadQuery(cfg.schema, text)
	if errs != nil {
		return nil, errs
	}
	grants := cfg.Table.Grants(cfg.Caller(context.Background()))
	kept := newPlans(cfg.newCatalog(es.stamp.Numbers), doc, doc.Operations[0], false)
	return func(plain bool, use func(Ran)) {
		d, err := cfg.decidePlan(kept, nil, grants, cfg.Limits, cfg.Denials)
		if err != nil {
			panic(err)
		}
		op := &graphql.OperationContext{
			RawQuery: text, Doc: doc, Operation: doc.Operations[0],
			RecoverFunc:            func(_ context.Context, p any) error { return cfg.panicked(p) },
			ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
			RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
		}
		op.Stats.SetExtension(decisionKey, d)
		ctx := graphql.WithResponseContext(graphql.WithOperationContext(context.Background(), op), cfg.Present, op.RecoverFunc)
		if plain {
			data := es.ExecutableSchema.Exec(ctx)(ctx).Data
			use(Ran{data, graphql.GetErrors(ctx), d.take()})
			return
		}
		w := es.write(ctx, d, op, "")
		use(Ran{w.Bytes(), graphql.GetErrors(ctx), d.take()})
		w.release()
	}, nil
}
