package engine

import (
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Resolver is how a field is resolved of an object O, in an execution E, and its value T written. It does what gqlgen's own
// function of the field does, with one allocation instead of a dozen.
type Resolver[E, O, T any] struct {
	// Arguments coerces the field's arguments. It is nil when there are none.
	Arguments func(E, context.Context, map[string]any) (map[string]any, error)
	Call      func(E, context.Context, *graphql.FieldContext, O) (T, error)
	Write     func(E, *Writer, *Selection, T) bool
	Method    bool // whether it is a method of the object, and not one of the resolvers
}

// Resolve has a field resolved and writes its value. Concurrent says, by their numbers, which fields of the object are resolved
// at once when there are several, or when it stands in a list. Generated code has asked for the field's check by then; before
// something is called it is asked for again, as it stands in the catalog.
func (r Resolver[E, O, T]) Resolve(w *Writer, o *Object, s *Selections, f *Selection, concurrent []bool, ec E, obj O) {
	if !o.May(f.check) || !w.Decided(f) {
		w.Deny(f)
		return
	}
	ctx := w.outside(o, s)
	if w.atOnce(o, s, f, concurrent) {
		w.postpone(ctx, f, func(w *Writer) bool { return r.fill(w, ctx, f, ec, obj) })
	} else if !r.fill(w, ctx, f, ec, obj) {
		w.invalid++
	}
}

// fill is false for a null that spreads.
func (r Resolver[E, O, T]) fill(w *Writer, ctx context.Context, f *Selection, ec E, obj O) bool {
	from := w.leave()
	var ok bool
	if f.parent == nil && w.op.Operation.Operation == ast.Mutation {
		ok = w.root(ctx, f, func(ctx context.Context) graphql.Marshaler {
			if r.write(w, ctx, f, ec, obj, from.before) {
				return inPlace
			}
			return graphql.Null
		}) == inPlace
	} else {
		ok = r.write(w, ctx, f, ec, obj, from.before)
	}
	return w.back(from, ok) || !f.nonNull
}

// write is false for null.
func (r Resolver[E, O, T]) write(w *Writer, ctx context.Context, f *Selection, ec E, obj O, from before) (ok bool) {
	above := graphql.GetFieldContext(ctx)
	w.decision.withhold(f, above, w.decision.verdict(f).elements)
	h := &hole{Context: ctx, at: f, decision: w.decision}
	h.field = graphql.FieldContext{Parent: above, Object: f.object, Field: f.Field, IsMethod: true, IsResolver: !r.Method}
	h.inside = h
	defer func() {
		if cause := recover(); cause != nil {
			w.op.Error(h.inside, w.op.Recover(h.inside, cause))
			ok = false
		}
	}()
	if r.Arguments != nil {
		var err error
		if h.field.Args, err = r.Arguments(ec, h, w.arguments(f.Field.Field)); err != nil {
			w.op.Error(h, err)
			return false
		}
	}
	value, there, err := r.value(w, h, ec, obj)
	if err != nil {
		w.op.Error(h.inside, graphql.AddFieldLocationToError(h.inside, err))
		return false
	}
	if !there {
		if f.nonNull {
			graphql.AddInvalidNullError(h.inside, "")
		}
		return false
	}
	w.taken = taken{h.inside, f, len(w.indexes)}
	return w.flush(from, r.Write(ec, w, f, value))
}

// arguments are what ast.Field.ArgumentMap gives, in a map that is used again: it is good until they are asked for the next time. All
// have values, or the operation was refused.
func (w *Writer) arguments(f *ast.Field) map[string]any {
	if w.raw == nil {
		w.raw = map[string]any{}
	}
	clear(w.raw)
	for _, d := range f.Definition.Arguments {
		value := d.DefaultValue
		if a := f.Arguments.ForName(d.Name); a != nil {
			if a.Value.Kind != ast.Variable {
				value = a.Value
			} else if v, given := w.op.Variables[a.Value.Raw]; given {
				w.raw[d.Name] = v
				continue
			}
		}
		if value != nil {
			v, err := value.Value(w.op.Variables)
			if err != nil {
				panic(err)
			}
			w.raw[d.Name] = v
		}
	}
	return w.raw
}

// value calls the resolver, by way of what runs around it. There is no value where an interface is nil.
func (r Resolver[E, O, T]) value(w *Writer, h *hole, ec E, obj O) (value T, there bool, err error) {
	if w.decision.straight {
		value, err = r.Call(ec, h, &h.field, obj)
		return value, any(value) != nil, err
	}
	got, err := w.op.ResolverMiddleware(h, func(ctx context.Context) (any, error) {
		h.inside = ctx
		return r.Call(ec, ctx, &h.field, obj)
	})
	if err != nil || got == nil {
		return value, false, err
	}
	return got.(T), true, nil
}

// hole is the context in which a field is resolved. It has where the field stands for gqlgen, and for what asks gqlgen for that.
type hole struct {
	context.Context // of the object
	at              *Selection
	decision        *Decision
	field           graphql.FieldContext
	inside          context.Context // of the field's value: what runs around the resolver may add to it
}

type holeKey struct{}

// decidedKey is that of the decision, where a Writer has called a resolver or gqlgen's own function.
type decidedKey struct{}

// The keys under which gqlgen keeps where it stands, which it does not export.
var (
	fieldKey = keyAsked(func(ctx context.Context) { graphql.GetFieldContext(ctx) })
	rootKey  = keyAsked(func(ctx context.Context) { graphql.GetRootFieldContext(ctx) })
)

// keyAsked is the key of the value that get asks a context for.
func keyAsked(get func(context.Context)) any {
	a := &asked{Context: context.Background()}
	get(a)
	return a.key
}

type asked struct {
	context.Context
	key any
}

// Value notes the key.
func (a *asked) Value(key any) any {
	a.key = key
	return nil
}

// Value is what is known of the field, or what the context of the object has.
func (h *hole) Value(key any) any {
	switch {
	case key == fieldKey:
		return &h.field
	case key == holeKey{}:
		return h
	case key == decidedKey{}:
		return h.decision
	case key == rootKey && h.at.parent == nil:
		return &graphql.RootFieldContext{Object: h.at.name, Field: h.at.Field}
	}
	return h.Context.Value(key)
}

// Hole writes the field's value as call gives it: gqlgen's own function of the field, all of it. Concurrent is as with Resolve.
func (w *Writer) Hole(o *Object, s *Selections, f *Selection, concurrent []bool, call func(context.Context) graphql.Marshaler) {
	ctx := context.WithValue(w.outside(o, s), decidedKey{}, w.decision)
	if w.atOnce(o, s, f, concurrent) {
		w.postpone(ctx, f, func(w *Writer) bool { return w.fill(ctx, f, call) })
	} else if !w.fill(ctx, f, call) {
		w.invalid++
	}
}

// fill is false for a null that spreads.
func (w *Writer) fill(ctx context.Context, f *Selection, call func(context.Context) graphql.Marshaler) bool {
	var m graphql.Marshaler
	if f.parent == nil {
		m = w.root(ctx, f, call)
	} else {
		m = w.recovering(ctx, call)
	}
	if m == nil || m == graphql.Null || m == graphql.RequiredNull {
		w.Null()
		return !f.nonNull && m != graphql.RequiredNull
	}
	return w.Marshal(f, "", func() graphql.Marshaler { return m }) || !f.nonNull
}

// root calls the function of a field of the root by way of what runs around those.
func (w *Writer) root(ctx context.Context, f *Selection, call func(context.Context) graphql.Marshaler) graphql.Marshaler {
	ctx = graphql.WithRootFieldContext(ctx, &graphql.RootFieldContext{Object: f.name, Field: f.Field})
	return w.recovering(ctx, func(ctx context.Context) graphql.Marshaler {
		return w.op.RootResolverMiddleware(ctx, func(ctx context.Context) graphql.Marshaler { return w.recovering(ctx, call) })
	})
}

func (w *Writer) recovering(ctx context.Context, call func(context.Context) graphql.Marshaler) (m graphql.Marshaler) {
	defer func() {
		if cause := recover(); cause != nil {
			w.op.Error(ctx, w.op.Recover(ctx, cause))
			m = graphql.Null
		}
	}()
	return call(ctx)
}

// inPlace stands for a value that a Writer has written.
var inPlace graphql.Marshaler = done{}

type done struct{}

// MarshalGQL writes nothing: it is written.
func (done) MarshalGQL(io.Writer) {}

// outside is the context of the object, for the functions of its fields.
func (w *Writer) outside(o *Object, s *Selections) context.Context {
	if o.ctx == nil {
		o.ctx = w.context(s.parent)
	}
	return o.ctx
}

// atOnce says whether the field is to be resolved at once with others.
func (w *Writer) atOnce(o *Object, s *Selections, f *Selection, concurrent []bool) bool {
	return among(concurrent, f) && (len(w.indexes) > w.base || o.several(s, concurrent))
}

func among(concurrent []bool, f *Selection) bool {
	return f.Number >= 0 && f.Number < len(concurrent) && concurrent[f.Number]
}

// several says whether more than one of the object's fields are resolved at once.
func (o *Object) several(s *Selections, concurrent []bool) bool {
	n := 0
	for i := range s.Fields {
		if f := &s.Fields[i]; among(concurrent, f) && o.May(f.check) {
			n++
		}
	}
	return n > 1
}

// left is how a Writer stood before a hole.
type left struct {
	before  before
	taken   taken
	indexes int
}

// leave goes into a hole.
func (w *Writer) leave() left { return left{w.before(), w.taken, len(w.indexes)} }

// back comes out of a hole. Whatever became of it, the Writer stands where it stood, and keeps nothing of what a panic has left.
// It gives ok, and writes null if it is false.
func (w *Writer) back(from left, ok bool) bool {
	before := from.before
	clear(w.waiting[before.waiting:])
	w.taken, w.indexes, w.invalid = from.taken, w.indexes[:from.indexes], before.invalid
	w.late, w.open, w.waiting = w.late[:before.late], w.open[:before.open], w.waiting[:before.waiting]
	if !ok {
		w.buf = w.buf[:before.at]
		w.Null()
	}
	return ok
}
