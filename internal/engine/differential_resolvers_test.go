package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// call is a call of a resolver.
type call struct {
	Coordinate, Path string
	Way              string // the field contexts that lead to it, and the root's
	Args             map[string]any
	Object           any      // which it is asked of, where a resolver of ours is told
	Fields           []string // what engine.Fields and engine.FieldsOf say is read of its value
	Selected         []string // what gqlgen says
}

// happening is what became of one request, as far as anyone outside of the executor can tell.
type happening struct {
	mu sync.Mutex

	Status  int
	Header  map[string][]string
	Body    string
	Calls   []call
	Changes []string // the root fields of a mutation, in the order in which they ran
	Charged []int
	Told    []engine.Denial
	Outcome engine.Outcome

	nulled, panicked int
}

// note writes down what happens; hooks and resolvers run at the same time.
func (h *happening) note(what func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	what()
}

// trial is one request while an executor answers it.
type trial struct {
	*happening
	set    policy.Set
	values uint64  // the seed of what the resolvers answer
	faults float64 // how many of them fail
	nulls  float64 // how much is null that must not be
	stray  bool    // whether objects found by id are of other types than the ids say, which no resolver should do
}

type trialKey struct{}

// trialOf is the trial of a request; one of a guest, that nobody looks at, for the question that NewHandler asks itself.
func trialOf(ctx context.Context) *trial {
	if t, ok := ctx.Value(trialKey{}).(*trial); ok {
		return t
	}
	return &trial{happening: &happening{}}
}

// source is random by the seed and the place alone: what is answered there does not depend on what ran before.
func (t *trial) source(place string) *rand.Rand {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(place))
	return rand.New(rand.NewPCG(t.values, sum.Sum64()))
}

// around answers in the place of the resolvers. Those that are told of an object are called, and answer by way of resolve.
func (w *world) around(ctx context.Context, next graphql.Resolver) (any, error) {
	fc := graphql.GetFieldContext(ctx)
	if !fc.IsResolver || told[fc.Object+"."+fc.Field.Name] {
		return next(ctx)
	}
	return w.resolve(ctx, nil)
}

// resolve answers the field being resolved, and notes the call.
func (w *world) resolve(ctx context.Context, object any) (any, error) {
	t, fc := trialOf(ctx), graphql.GetFieldContext(ctx)
	coordinate, path := fc.Object+"."+fc.Field.Name, fc.Path().String()
	c := call{coordinate, path, way(ctx), fc.Args, object, w.fields(ctx, fc), nil}
	for _, f := range graphql.CollectFieldsCtx(ctx, nil) {
		c.Selected = append(c.Selected, fmt.Sprintf("%s: %s %d", f.Alias, f.Name, len(f.Selections)))
	}
	t.note(func() { t.Calls = append(t.Calls, c) })
	v, err := w.random(ctx, t, fc, t.source(path))
	if w.disturb != nil {
		return w.disturb(t, fc, v, err)
	}
	return v, err
}

// way is how a resolver sees where it stands.
func way(ctx context.Context) string {
	text := ""
	if root := graphql.GetRootFieldContext(ctx); root != nil { // a subscription's field has none
		text = root.Object + " " + root.Field.Alias
	}
	for at := graphql.GetFieldContext(ctx); at != nil; at = at.Parent {
		text += " < " + at.Object
		if at.Field.Field != nil {
			text += "." + at.Field.Name + " " + at.Field.Alias
		}
		if at.Index != nil {
			text += fmt.Sprint(" ", *at.Index)
		}
	}
	return text
}

// random is what the resolver comes to.
func (w *world) random(ctx context.Context, t *trial, fc *graphql.FieldContext, r *rand.Rand) (any, error) {
	coordinate := fc.Object + "." + fc.Field.Name
	switch chance := r.Float64(); {
	case chance < t.faults*0.5:
		return nil, fault(r)
	case chance < t.faults*0.7:
		t.note(func() { t.panicked++ })
		panic(pick[any](r, "a secret", errors.New("a secret"), 7, fmt.Errorf("wrapped: %w", problem.Missing())))
	case chance < t.faults*0.8 && w.returns[coordinate].Kind() == reflect.Interface:
		return nil, nil
	case chance < t.faults*0.9 && w.returns[coordinate].Kind() != reflect.Chan:
		return reflect.Zero(w.returns[coordinate]).Interface(), nil
	case chance < t.faults:
		graphql.AddError(ctx, fault(r))
	}
	return w.answer(ctx, t, r, fc), nil
}

// answer makes what the resolver returns.
func (w *world) answer(ctx context.Context, t *trial, r *rand.Rand, fc *graphql.FieldContext) any {
	switch coordinate := fc.Object + "." + fc.Field.Name; coordinate {
	case "Query.node":
		name := w.found(t, r, fc.Args["id"].(string))
		if w.objects[name] == nil {
			return nil
		}
		return w.object(r, name, t.nulls).Interface()
	case "Query.nodes":
		ids := fc.Args["ids"].([]string)
		nodes := make([]model.Node, len(ids))
		for i, id := range ids {
			if engine.Withheld(ctx, i) {
				continue
			}
			if name := w.found(t, r, id); w.objects[name] == nil || r.Float64() < t.faults {
				graphql.AddError(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), fault(r))
			} else {
				nodes[i] = w.object(r, name, t.nulls).Interface().(model.Node)
			}
		}
		return nodes
	case "Subscription.productLogs":
		events := make(chan model.ProductLog, 3)
		for range r.IntN(cap(events)) {
			log, _ := w.value(r, fc.Field.Definition.Type, reflect.TypeFor[model.ProductLog](), t.nulls).Interface().(model.ProductLog)
			events <- log
		}
		if r.IntN(4) == 0 {
			engine.EndStream(ctx, problem.New(problem.Unavailable, "Events could have been missed."))
		}
		close(events)
		return (<-chan model.ProductLog)(events)
	default:
		return w.value(r, fc.Field.Definition.Type, w.returns[coordinate], t.nulls).Interface()
	}
}

// found is the type of the object that is found by an id.
func (w *world) found(t *trial, r *rand.Rand, id string) string {
	if t.stray {
		return pick(r, w.schema.PossibleTypes["Node"]...).Name
	}
	return typeOf(id)
}

// fault is an error as a resolver may have it.
func fault(r *rand.Rand) error {
	return pick[error](r,
		errors.New("a secret"), problem.Missing(), fmt.Errorf("wrapped: %w", problem.Input("That is no name.", "input", "name")),
		&problem.Error{Code: problem.RateLimited, Message: "Too often.", Limit: "calls", Most: 3, RetryAfter: 1500},
		&problem.Error{Code: problem.Unavailable, Message: "Later.", Cause: errors.New("a secret")}, context.DeadlineExceeded,
		&gqlerror.Error{Message: "of its own", Extensions: map[string]any{"code": "CONFLICT", "more": []int{1}}},
		gqlerror.List{{Message: "one"}, {Message: "two"}}, errors.Join(errors.New("a secret"), problem.Missing()),
	)
}

// fields is what the resolver is told that is selected below its value and may be read.
func (w *world) fields(ctx context.Context, fc *graphql.FieldContext) []string {
	var all []string
	var below func(path string, depth int)
	below = func(path string, depth int) {
		for _, name := range engine.Fields(ctx, path).Names() {
			if path != "" {
				name = path + "." + name
			}
			if all = append(all, name); depth > 0 {
				below(name, depth-1)
			}
		}
	}
	below("", 3)
	for _, def := range w.schema.PossibleTypes[fc.Field.Definition.Type.Name()] {
		for _, name := range engine.FieldsOf(ctx, def.Name, "").Names() {
			all = append(all, def.Name+":"+name)
		}
	}
	return all
}

// sorted brings into one order what happens in any. Of objects that were not asked for nothing was decided, and so there is no
// order of what is wrong with them, and no selection to which it belongs.
func (h *happening) sorted(stray bool) {
	var answer struct {
		Errors     []json.RawMessage `json:"errors,omitempty"`
		Data       json.RawMessage   `json:"data,omitempty"`
		Extensions json.RawMessage   `json:"extensions,omitempty"`
	}
	if stray && json.Unmarshal([]byte(h.Body), &answer) == nil {
		slices.SortFunc(answer.Errors, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
		body, _ := json.Marshal(answer) // what was JSON
		h.Body = string(body)
		h.Told = nil
	}

	slices.SortFunc(h.Calls, func(a, b call) int {
		return slices.Compare([]string{a.Path, a.Coordinate}, []string{b.Path, b.Coordinate})
	})
	slices.SortFunc(h.Outcome.Decided, func(a, b engine.Decided) int {
		key := func(d engine.Decided) []string {
			return []string{string(d.Rule.Permission), string(d.Rule.Action), fmt.Sprint(d)}
		}
		return slices.Compare(key(a), key(b))
	})
}

// Observer: what became of the request is part of what is compared.
type onlooker struct{}

func (onlooker) Operation(ctx context.Context) (context.Context, func(engine.Outcome)) {
	t := trialOf(ctx)
	return ctx, func(out engine.Outcome) { t.note(func() { t.Outcome = out }) }
}

func (onlooker) Authorize(ctx context.Context) (context.Context, func()) { return ctx, func() {} }

// change is run around each root field of a mutation.
func (w *world) change(ctx context.Context, f engine.MutationField, run func(context.Context) problem.Code) error {
	t := trialOf(ctx)
	r := t.source("change " + graphql.GetRootFieldContext(ctx).Field.Alias)
	said := fmt.Sprint(f.Coordinate, f.Rule, slices.Sorted(maps.Keys(f.Arguments)))
	defer func() { t.note(func() { t.Changes = append(t.Changes, said) }) }()
	if r.Float64() < t.faults {
		return fault(r)
	}
	said += fmt.Sprint(" ", run(ctx))
	return nil
}

// stubs are the resolvers. Those that are not written here are not called: around answers in their place.
type stubs struct{ *world }

// told are the resolvers that are called, so that it is seen of which object they are asked.
var told = map[string]bool{
	"Account.sessions": true, "Account.balance": true, "User.sessions": true, "FunctionService.functions": true, "Flex.taskQueues": true,
}

type (
	accountStub struct {
		graph.AccountResolver
		*world
	}
	flexStub struct {
		graph.FlexResolver
		*world
	}
)

func (stubs) Query() graph.QueryResolver                       { return nil }
func (stubs) Mutation() graph.MutationResolver                 { return nil }
func (stubs) Subscription() graph.SubscriptionResolver         { return nil }
func (s stubs) Account() graph.AccountResolver                 { return accountStub{nil, s.world} }
func (s stubs) Flex() graph.FlexResolver                       { return flexStub{nil, s.world} }
func (s stubs) FunctionService() graph.FunctionServiceResolver { return s }
func (s stubs) User() graph.UserResolver                       { return s }

func (s accountStub) Sessions(ctx context.Context, a *model.Account) ([]*model.Session, error) {
	return as[[]*model.Session](s.resolve(ctx, a))
}

func (s accountStub) Balance(ctx context.Context, a *model.Account) (*model.Money, error) {
	return as[*model.Money](s.resolve(ctx, a))
}

func (s stubs) Sessions(ctx context.Context, u *model.User) ([]*model.Session, error) {
	return as[[]*model.Session](s.resolve(ctx, u))
}

func (s stubs) Functions(ctx context.Context, f *model.FunctionService, _ *int, _ *string) (*model.FunctionConnection, error) {
	return as[*model.FunctionConnection](s.resolve(ctx, f))
}

func (s flexStub) TaskQueues(ctx context.Context, f *model.Flex, _ *int, _ *string) (*model.TaskQueueConnection, error) {
	return as[*model.TaskQueueConnection](s.resolve(ctx, f))
}

func as[T any](v any, err error) (T, error) {
	it, _ := v.(T)
	return it, err
}

var _ graph.ResolverRoot = stubs{}
