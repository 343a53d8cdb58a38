package engine

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// NewAuthorizer is the extension that decides, for tests that put it on a server of their own.
func NewAuthorizer(cfg Config, schema *ast.Schema) graphql.HandlerExtension {
	cfg.schema, cfg.sizes = schema, introspectionSizes(schema)
	cfg.catalog = cfg.newCatalog(nil)
	return authorizer{cfg}
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

// Running is an operation without variables that is decided, to be run again and again: by the writers, or by gqlgen's own
// executor. It gives the data.
func Running(es *Sealed, cfg Config, text string) (func(plain bool, use func([]byte)), error) {
	cfg.schema = es.Schema()
	cfg.sizes = introspectionSizes(cfg.schema)
	doc, errs := gqlparser.LoadQuery(cfg.schema, text)
	if errs != nil {
		return nil, errs
	}
	grants := cfg.Table.Grants(cfg.Caller(context.Background()))
	kept := newPlans(cfg.newCatalog(es.stamp.Numbers), doc, doc.Operations[0], false)
	return func(plain bool, use func([]byte)) {
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
			use(es.ExecutableSchema.Exec(ctx)(ctx).Data)
			return
		}
		w := es.write(ctx, d, op, "")
		use(w.Bytes())
		w.release()
	}, nil
}
