package engine

import (
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// TestNothingIsKept: a Writer that waits for its next operation has nothing of the last, whatever became of that.
func TestNothingIsKept(t *testing.T) {
	d := small(t).decision(t, `{ page { name } }`, small(t).grants)
	op := &graphql.OperationContext{RecoverFunc: func(context.Context, any) error { return gqlerror.Errorf("no") }}
	ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter, op.RecoverFunc)
	name := d.plan.root.byKey("page").under.byKey("name")
	for _, row := range []struct {
		name string
		call func(*Writer)
	}{
		{"nothing", func(*Writer) {}},
		{"a panic while something was postponed", func(w *Writer) {
			for range 3 {
				w.postpone(ctx, name, func(*Writer) bool { return true })
			}
			panic("no")
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &Writer{decision: d, op: op, crew: new(crew)}
			Resolver[struct{}, struct{}, *int]{
				Call:  func(struct{}, context.Context, *graphql.FieldContext, struct{}) (*int, error) { return new(int), nil },
				Write: func(struct{}, *Writer, *Selection, *int) bool { row.call(w); return false },
			}.fill(w, ctx, name, struct{}{}, struct{}{})
			if len(w.waiting) > 0 || len(w.late) > 0 || string(w.buf) != null {
				t.Errorf("%d wait, %d are late: %s", len(w.waiting), len(w.late), w.buf)
			}
			for i, left := range w.waiting[:cap(w.waiting)] {
				if left.ctx != nil || left.field != nil || left.fill != nil {
					t.Errorf("task %d is kept", i)
				}
			}
		})
	}
}
