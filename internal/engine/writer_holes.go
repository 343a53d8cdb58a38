package engine

import (
	"bytes"
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// hole is a field of which gqlgen's own function gives the value. It is the context in which that runs, and what the
// function returns when a Writer has written the value.
type hole struct {
	context.Context
	w     *Writer
	at    *Selection
	from  before
	taken bool   // whether its value was written by the Writer
	value []byte // what was, when that is not where it belongs
}

type holeKey struct{}

// Value is the hole itself, or what the context above has.
func (h *hole) Value(key any) any {
	if key == (holeKey{}) {
		return h
	}
	return h.Context.Value(key)
}

// MarshalGQL writes what was written of the value, for those who look into what a field function gives.
func (h *hole) MarshalGQL(to io.Writer) { _, _ = to.Write(h.value) }

// selectionOf is the selection whose field a Writer has resolved where ctx is from, or nil.
func selectionOf(ctx context.Context) *Selection {
	if h, _ := ctx.Value(holeKey{}).(*hole); h != nil {
		return h.at
	}
	return nil
}

// Take is the Writer that takes over the value of a field, and the field's selection. It is nil when gqlgen is to
// marshal the value itself: in what it answers without a Writer, and below a hole that it marshals.
func Take(ctx context.Context, field graphql.CollectedField) (*Writer, *Selection) {
	h, _ := ctx.Value(holeKey{}).(*hole)
	if h == nil || h.taken || h.at.Field.Field != field.Field {
		return nil, nil
	}
	h.taken = true
	h.w.taken = taken{ctx, h.at, len(h.w.indexes), h}
	return h.w, h.at
}

// Taken ends what Take has begun, with whether the value is null as far as it is known, and is what the field function
// returns.
func (w *Writer) Taken(ok bool) graphql.Marshaler {
	h := w.hole
	if !w.flush(h.from, ok) {
		return graphql.Null
	}
	return h
}

// Hole writes the field's value, which call gives: it calls gqlgen's own function of the field. Concurrent says, by their
// numbers, which fields of the object are resolved at once when there are several, or when it stands in a list.
func (w *Writer) Hole(o *Object, s *Selections, f *Selection, concurrent []bool, call func(context.Context) graphql.Marshaler) {
	if o.ctx == nil {
		o.ctx = w.context(s.parent)
	}
	if among(concurrent, f) && (len(w.indexes) > w.base || o.several(s, concurrent)) {
		w.postpone(o.ctx, f, call)
	} else if w.run(o.ctx, f, call) {
		w.invalid++
	}
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

// run has the field resolved and writes its value. It is true for a null that spreads.
func (w *Writer) run(ctx context.Context, f *Selection, call func(context.Context) graphql.Marshaler) bool {
	outer, from, indexes := w.taken, w.before(), len(w.indexes)
	h := &hole{Context: ctx, w: w, at: f, from: from}
	m := h.resolve(call)
	// Whatever became of it, the Writer stands where it stood, and keeps nothing of what a panic has left.
	clear(w.waiting[from.waiting:])
	w.taken, w.indexes, w.invalid = outer, w.indexes[:indexes], from.invalid
	w.late, w.open, w.waiting = w.late[:from.late], w.open[:from.open], w.waiting[:from.waiting]
	if m == graphql.Marshaler(h) {
		return false
	}
	if h.taken {
		h.value = bytes.Clone(w.buf[from.at:])
	}
	w.buf = w.buf[:from.at]
	if m == nil || m == graphql.Null || m == graphql.RequiredNull {
		w.Null()
		return f.nonNull || m == graphql.RequiredNull
	}
	return !w.Marshal(f, "", func() graphql.Marshaler { return m }) && f.nonNull
}

// resolve calls the field's function in the ways in which gqlgen's own code does.
func (h *hole) resolve(call func(context.Context) graphql.Marshaler) graphql.Marshaler {
	if h.at.parent != nil {
		return h.recovering(h, call)
	}
	h.Context = graphql.WithRootFieldContext(h.Context, &graphql.RootFieldContext{Object: h.at.name, Field: h.at.Field})
	return h.recovering(h, func(ctx context.Context) graphql.Marshaler {
		return h.w.op.RootResolverMiddleware(ctx, func(ctx context.Context) graphql.Marshaler { return h.recovering(ctx, call) })
	})
}

func (h *hole) recovering(ctx context.Context, call func(context.Context) graphql.Marshaler) (m graphql.Marshaler) {
	op := h.w.op
	defer func() {
		if cause := recover(); cause != nil {
			op.Error(ctx, op.Recover(ctx, cause))
			m = graphql.Null
		}
	}()
	return call(ctx)
}
