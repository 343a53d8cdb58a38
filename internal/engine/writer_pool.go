package engine

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// writers are kept, with their buffers, for the next to come.
var writers = sync.Pool{New: func() any { return new(Writer) }}

const (
	// mostKeptBuffer is the largest buffer that is kept.
	mostKeptBuffer = 4 << 20
	// mostKeptDenials is the longest list of denials that is kept.
	mostKeptDenials = 16 << 10
	// mostKeptTasks is for how many tasks there is room in a Writer that is kept.
	mostKeptTasks = 4 << 10
)

// newWriter is a Writer for an operation that was decided.
func newWriter(d *Decision, op *graphql.OperationContext, c *crew) *Writer {
	w := writers.Get().(*Writer)
	w.decision, w.op, w.crew = d, op, c
	return w
}

// release gives the Writer back. Nothing of it may be used any more, nor of what was denied.
func (w *Writer) release() {
	if cap(w.buf) > mostKeptBuffer || cap(w.met) > mostKeptDenials || cap(w.waiting) > mostKeptTasks {
		return
	}
	clear(w.met)
	clear(w.raw)
	*w = Writer{
		buf: w.buf[:0], met: w.met[:0], indexes: w.indexes[:0], places: w.places[:0],
		late: w.late[:0], open: w.open[:0], waiting: w.waiting[:0], raw: w.raw,
	}
	writers.Put(w)
}

// answerer is what is generated for a schema to write the data of an operation.
type answerer interface {
	Answer(context.Context, *Writer) bool
}

// write has the data of an operation resolved and written, after the head. The Writer is to be released.
func (s *Sealed) write(ctx context.Context, d *Decision, op *graphql.OperationContext, head string) *Writer {
	w := newWriter(d, op, new(crew))
	w.buf = append(w.buf, head...)
	from := w.before()
	if !w.flush(from, w.answer(ctx, s.ExecutableSchema.(answerer))) {
		w.buf = w.buf[:from.at]
		w.Null()
	}
	d.join(w.met)
	return w
}

// answer is false when the data is null. A panic is an error of the operation.
func (w *Writer) answer(ctx context.Context, es answerer) (ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			w.op.Error(ctx, w.op.Recover(ctx, cause))
			ok, w.late, w.open, w.waiting = false, nil, nil, nil
		}
	}()
	root := w.Root()
	if root == nil {
		return false
	}
	w.ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: root.object})
	return es.Answer(ctx, w)
}

// Root is what the operation selects of its root.
func (w *Writer) Root() *Selections {
	if w.decision == nil {
		return nil
	}
	return w.decision.plan.root
}

// Bytes are what was written.
func (w *Writer) Bytes() []byte { return w.buf }
