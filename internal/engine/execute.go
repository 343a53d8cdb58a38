package engine

import (
	"context"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// executor runs operations. Every transport has it do so, so that there is one way for all: the text of a request is found,
// parsed and validated or known already, its variables are coerced, it is decided and paid for, and it runs when its turn has come.
type executor struct {
	*Config
	sealed    *Sealed
	documents *documents
	rules     *rules.Rules
	roots     graphql.RootFieldMiddleware
	present   graphql.ErrorPresenterFunc
	recover   graphql.RecoverFunc
}

// answer is what a request is answered with, or one event of a subscription.
type answer struct {
	Data       json.RawMessage // nil when nothing ran
	Errors     gqlerror.List
	Extensions map[string]any
	denied     []denial // which are listed as its only errors
	writer     *Writer  // which has the data, after opening; nil when it is of gqlgen's own executor
}

// failed says whether the answer lists errors.
func (a *answer) failed() bool { return len(a.Errors) > 0 || len(a.denied) > 0 }

// opening is how an answer begins that has no errors.
const opening = `{"data":`

// release gives back what the answer is kept in, once it is sent.
func (a *answer) release() {
	if a.writer != nil {
		a.writer.release()
		a.writer, a.Data = nil, nil
	}
}

// answered is an answer of what the schema gives, and the errors of its resolvers.
func answered(resp *graphql.Response, failed gqlerror.List) *answer {
	return &answer{Data: resp.Data, Errors: append(resp.Errors, failed...)}
}

func newExecutor(es *Sealed, cfg *Config) *executor {
	return &executor{
		Config: cfg, sealed: es, documents: newDocuments(cfg), rules: quietRules(), roots: cfg.aroundMutations, present: cfg.presented,
		recover: func(_ context.Context, p any) error { return cfg.panicked(p) },
	}
}

// prepare makes an operation of a request, decided and paid for. It always gives one, of which as much is known as
// could be read, and errors when nothing of it is to run; then there is no decision.
func (e *executor) prepare(ctx context.Context, params *graphql.RawParams) (op *graphql.OperationContext, d *Decision, faults gqlerror.List) {
	around := e.resolvers(ctx)
	op = &graphql.OperationContext{
		OperationName: params.OperationName, Headers: params.Headers,
		RecoverFunc: e.recover, ResolverMiddleware: around, RootResolverMiddleware: e.roots,
	}
	if around == nil {
		op.ResolverMiddleware = straight
	}
	named, refused := e.find(ctx, params)
	if refused != nil {
		return op, nil, gqlerror.List{refused}
	}
	op.RawQuery, op.Extensions = params.Query, params.Extensions
	doc, faults := e.read(ctx, params.Query)
	if faults != nil {
		return op, nil, faults
	}
	op.Doc = doc.QueryDocument
	plans := doc.operation(params.OperationName)
	if plans == nil {
		return op, nil, invalid(gqlerror.Errorf("operation %s not found", params.OperationName))
	}
	op.Operation = plans.definition
	if plainVariables(op.Operation, params.Variables) {
		op.Variables = params.Variables
	} else {
		var err error
		if op.Variables, err = validator.VariableValues(e.schema, op.Operation, params.Variables); err != nil {
			return op, nil, invalid(gqlerror.WrapIfUnwrapped(err))
		}
	}
	d, err := e.observed(ctx, op, plans, named.trusted)
	if err == nil {
		err = e.charge(ctx, d)
	}
	if err != nil {
		return op, nil, gqlerror.List{e.shown(ctx, err)}
	}
	d.register, d.straight = named.register, around == nil
	return op, d, nil
}

// read finds a document by its text, or parses and validates it.
func (e *executor) read(ctx context.Context, text string) (*document, gqlerror.List) {
	if doc := e.documents.get(text); doc != nil {
		return doc, nil
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, e.Limits.Tokens)
	if err != nil {
		fault := gqlerror.WrapIfUnwrapped(err)
		errcode.Set(fault, errcode.ParseFailed)
		return nil, gqlerror.List{fault}
	}
	if len(parsed.Operations) == 0 {
		return nil, invalid(gqlerror.Errorf("no operation provided"))
	}
	if faults := validator.ValidateWithRules(e.schema, parsed, e.rules); len(faults) > 0 {
		return nil, invalid(faults...)
	}
	doc := newDocument(e.catalog, parsed, len(text) > cachedSize)
	e.documents.add(text, doc)
	return doc, nil
}

// invalid are errors of a request that is no valid one.
func invalid(faults ...*gqlerror.Error) gqlerror.List {
	for _, fault := range faults {
		errcode.Set(fault, errcode.ValidationFailed)
	}
	return faults
}

// reject answers a request of which nothing runs.
func (e *executor) reject(ctx context.Context, faults gqlerror.List) *answer {
	resp := &answer{Errors: make(gqlerror.List, len(faults))}
	for i, fault := range faults {
		resp.Errors[i] = e.present(ctx, fault)
	}
	return resp
}

// respond runs a query or mutation. The answer is to be released. It is nil when the time is over before it has begun.
func (e *executor) respond(ctx context.Context, op *graphql.OperationContext, d *Decision) *answer {
	ctx = graphql.WithOperationContext(ctx, op)
	if d == nil {
		return answered(undecided(ctx), nil)
	}
	if refused := e.refused(ctx, op, d); refused != nil {
		return refused
	}
	e.register(ctx, op, d)
	if ctx.Err() != nil {
		return nil
	}
	ctx = graphql.WithResponseContext(ctx, e.present, e.recover)
	resp := e.inTurn(ctx, op, d)
	e.told(ctx, d, resp)
	return resp
}

// run is what an operation that is no subscription gives.
func (e *executor) run(ctx context.Context, op *graphql.OperationContext, d *Decision) *answer {
	if e.plain {
		d.bind(op)
		return answered(e.sealed.Exec(ctx)(ctx), graphql.GetErrors(ctx))
	}
	w := e.sealed.write(ctx, d, op, opening)
	return &answer{Data: w.Bytes()[len(opening):], Errors: graphql.GetErrors(ctx), writer: w}
}

// events runs a subscription. Each call of next gives the next answer, and nil when there are no more.
func (e *executor) events(ctx context.Context, op *graphql.OperationContext, d *Decision) (next func() *answer) {
	ctx = graphql.WithOperationContext(ctx, op)
	if d == nil {
		return once(answered(undecided(ctx), nil))
	}
	if refused := e.refused(ctx, op, d); refused != nil {
		return once(refused)
	}
	d.bind(op)
	e.tell(ctx, d, nil) // it may end before it has answered anything
	e.register(ctx, op, d)
	begun := graphql.WithResponseContext(ctx, e.present, e.recover)
	events := e.sealed.Exec(begun)
	if faults := graphql.GetErrors(begun); faults != nil {
		return once(&answer{Errors: faults})
	}
	return func() *answer {
		if ctx.Err() != nil {
			return nil
		}
		ctx := ofStream(graphql.WithResponseContext(ctx, e.present, e.recover), op, d)
		var resp *answer
		if event := events(ctx); event != nil {
			resp = e.chargeEvent(ctx, d, answered(event, graphql.GetErrors(ctx)))
		}
		resp = e.ofEvent(ctx, d, resp)
		if resp != nil {
			e.told(ctx, d, resp)
		}
		return resp
	}
}

// once gives one answer.
func once(resp *answer) func() *answer {
	return func() *answer {
		one := resp
		resp = nil
		return one
	}
}

// told puts what was denied into an answer, and tells of it.
func (e *executor) told(ctx context.Context, d *Decision, resp *answer) {
	d.failed = codes(resp.Errors)
	met := d.take()
	e.tell(ctx, d, met)
	resp.denied = d.report(resp, met)
}

// resolvers is what the resolvers of an operation run through, if anything.
func (e *executor) resolvers(ctx context.Context) graphql.FieldMiddleware {
	if e.around != nil {
		return e.around
	}
	o, ok := e.Observer.(ResolverObserver)
	if !ok {
		return nil
	}
	watch := o.Resolvers(ctx)
	if watch == nil {
		return nil
	}
	return func(ctx context.Context, next graphql.Resolver) (any, error) {
		field := graphql.GetFieldContext(ctx)
		if !field.IsResolver {
			return next(ctx)
		}
		ctx, done := watch(ctx, field.Object+"."+field.Field.Name)
		failed := true // unless it returns at all
		defer func() { done(failed) }()
		value, err := next(ctx)
		failed = err != nil
		return value, err
	}
}

// straight runs a resolver.
func straight(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) }
