package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

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
	doc, errs := gqlparser.LoadQueryWithRules(cfg.schema, text, rules.NewDefaultRules())
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
		d.straight = true // as where nobody traces
		op := &graphql.OperationContext{
			RawQuery: text, Doc: doc, Operation: doc.Operations[0],
			RecoverFunc:            func(_ context.Context, p any) error { return cfg.panicked(p) },
			ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
			RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
		}
		ctx := graphql.WithResponseContext(graphql.WithOperationContext(context.Background(), op), cfg.Present, op.RecoverFunc)
		if plain {
			d.bind(op)
			data := es.ExecutableSchema.Exec(ctx)(ctx).Data
			use(Ran{data, graphql.GetErrors(ctx), d.take()})
			return
		}
		w := es.write(ctx, d, op, "")
		use(Ran{w.Bytes(), graphql.GetErrors(ctx), d.take()})
		w.release()
	}, nil
}
