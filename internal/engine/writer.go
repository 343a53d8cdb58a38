package engine

import (
	"context"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
)

// Writer writes the data of an answer as JSON while it is read. Generated code drives it: see package gen. It is of one
// goroutine; what is resolved at once has a Writer each. The zero Writer writes nothing, for nothing was decided.
//
// A value that is null counts as invalid where it must not be null, and what it is in is null then: as with gqlgen, all
// else in that is still read and resolved.
type Writer struct {
	decision *Decision
	op       *graphql.OperationContext
	crew     *crew
	buf      []byte
	met      []denial       // what was denied, in the answer's order
	indexes  []int32        // where it stands in each list that is open
	invalid  int            // how many values of the object or list that is open must not be null, and are
	places   []int32        // of which met and waiting have parts
	taken                   // the value that is being written
	late     []late         // what is to be put in at the end: see flush
	open     []int          // those of late whose object or list is not over
	waiting  []task         // what is resolved at the end
	raw      map[string]any // the arguments of the field that is being resolved
}

// taken is the place of a value that was resolved, in which everything else is found.
type taken struct {
	ctx  context.Context // of gqlgen: its field context is that of the value
	at   *Selection      // nil for the root
	base int             // how many of the indexes are in ctx
}

// Object is an object that is being written, and List a list.
type Object struct {
	grants policy.Grants
	ctx    context.Context // for the functions of its fields, once there is one
	mark
}

// List is a list that is being written.
type List struct {
	mark
	indexed bool
}

// mark is where a value begins, in what the Writer has by then.
type mark struct{ at, invalid, open int }

// Begin begins an object if the caller may know of it, and writes null if not.
func (w *Writer) Begin(o *Object, s *Selections, check policy.Check) bool {
	if w.decision == nil {
		return false
	}
	o.grants = w.decision.grantsOf(s)
	if !o.grants.Allows(check) {
		w.denied(s.parent, s)
		return w.Null()
	}
	o.mark = w.mark()
	w.buf = append(w.buf, '{')
	return true
}

// May says whether the caller passes the check in this object.
func (o *Object) May(check policy.Check) bool { return o.grants.Allows(check) }

// Key begins a field of an object.
func (w *Writer) Key(f *Selection) { w.buf = append(w.buf, f.begin...) }

// Deny writes null for a field that the caller may not read.
func (w *Writer) Deny(f *Selection) {
	w.denied(f, nil)
	w.Null()
	if f.nonNull {
		w.invalid++
	}
}

// Decided says whether the arguments of the field were decided and are permitted.
func (w *Writer) Decided(f *Selection) bool {
	v := w.decision.verdict(f)
	return v.decided && v.denied == nil
}

// End ends an object. It is false when the object is null.
func (w *Writer) End(o *Object) bool {
	w.buf = append(w.buf, '}')
	return w.invalid == o.invalid && len(w.open) == o.open || w.end(o.mark)
}

// BeginList begins a list.
func (w *Writer) BeginList(l *List) {
	l.indexed = true
	w.indexes = append(w.indexes, 0)
	w.BeginScalars(l)
}

// BeginScalars begins a list of scalars, which have no places of their own in the paths of errors.
func (w *Writer) BeginScalars(l *List) {
	l.mark = w.mark()
	w.buf = append(w.buf, '[')
}

// Element begins the i-th element of a list.
func (w *Writer) Element(l *List, i int) {
	if i > 0 {
		w.buf = append(w.buf, ',')
	}
	if l.indexed {
		w.indexes[len(w.indexes)-1] = int32(i)
	}
}

// EndList ends a list. It is false when the list is null.
func (w *Writer) EndList(l *List) bool {
	if l.indexed {
		w.indexes = w.indexes[:len(w.indexes)-1]
	}
	w.buf = append(w.buf, ']')
	return w.invalid == l.invalid && len(w.open) == l.open || w.end(l.mark)
}

func (w *Writer) mark() mark { return mark{len(w.buf), w.invalid, len(w.open)} }

// end nulls an object or list of which something is null that must not be, and keeps its place when something of it is
// still to come.
func (w *Writer) end(m mark) bool {
	valid := w.invalid == m.invalid
	if !valid {
		w.invalid = m.invalid
		w.buf = append(w.buf[:m.at], null...)
	}
	if len(w.open) > m.open {
		w.enclose(m, !valid)
	}
	return valid
}

// Require has a null spread to what the value is in: ok says that it is not null, as far as is known.
func (w *Writer) Require(ok bool) {
	if !ok {
		w.invalid++
	} else if n := len(w.late); n > 0 && w.late[n-1].to == len(w.buf) {
		w.late[n-1].required = true
	}
}

const null = "null"

// Null writes null. It is false.
func (w *Writer) Null() bool {
	w.buf = append(w.buf, null...)
	return false
}

// Absent writes null for a value of a type that must not be null, with its error. It is false.
func (w *Writer) Absent(f *Selection, declared string) bool {
	graphql.AddInvalidNullError(w.context(f), declared)
	return w.Null()
}

// Fault writes null where something went wrong, with the error of a panic. It is false.
func (w *Writer) Fault(f *Selection, cause any) bool {
	ctx := w.context(f)
	w.op.Error(ctx, w.op.Recover(ctx, cause))
	return w.Null()
}

// Raw writes JSON.
func (w *Writer) Raw(json string) { w.buf = append(w.buf, json...) }

// String writes a text.
func (w *Writer) String(s string) { w.buf = appendString(w.buf, s) }

// Mask hides personal data from a caller who may not see it.
func (w *Writer) Mask(m policy.Mask, s string) string { return Gate{w.decision}.MaskString(m, s) }

// Bool writes a truth value.
func (w *Writer) Bool(b bool) { w.buf = strconv.AppendBool(w.buf, b) }

// Int writes an integer.
func (w *Writer) Int(i int64) { w.buf = strconv.AppendInt(w.buf, i, 10) }

// Float writes a number, or null for one that JSON does not have.
func (w *Writer) Float(f *Selection, v float64) {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		graphql.AddError(w.context(f), errors.New("cannot marshal infinite no NaN float values")) // gqlgen's words
		w.Null()
		return
	}
	w.buf = strconv.AppendFloat(w.buf, v, 'g', -1, 64)
}

// Enum writes the value of an enum, whatever it is.
func (w *Writer) Enum(s string) { w.buf = appendEnum(w.buf, s) }

// Buffer is what a scalar appends itself to.
func (w *Writer) Buffer() []byte { return w.buf }

// Append takes the Buffer with a scalar appended. It is false, and null written, when nothing was: then declared, when it
// is not empty, is the type that must not be null.
func (w *Writer) Append(f *Selection, declared string, buf []byte) bool {
	if len(buf) > len(w.buf) {
		w.buf = buf
		return true
	}
	if declared != "" {
		graphql.AddInvalidNullFromMarshaler(w.context(f), declared)
	}
	return w.Null()
}

// Marshal writes what a scalar's marshaler does. It is false for null, as Append is, and when the marshaler panics.
func (w *Writer) Marshal(f *Selection, declared string, marshaler func() graphql.Marshaler) (ok bool) {
	from := len(w.buf)
	defer func() {
		if cause := recover(); cause != nil {
			w.buf = w.buf[:from]
			ok = w.Fault(f, cause)
		}
	}()
	m := marshaler()
	if m == graphql.Null {
		return w.Append(f, declared, w.buf)
	}
	m.MarshalGQL((*sink)(w))
	return true
}

// sink appends what is written to it to the Writer.
type sink Writer

func (s *sink) Write(p []byte) (int, error) {
	s.buf = append(s.buf, p...)
	return len(p), nil
}

func (s *sink) WriteString(p string) (int, error) {
	s.buf = append(s.buf, p...)
	return len(p), nil
}

var _ io.StringWriter = (*sink)(nil)

// Under is what is selected of the value of a field that is of one concrete type.
func (s *Selection) Under() *Selections { return s.under }

// Of is what is selected of the value when it is of a concrete type.
func (s *Selection) Of(object string) *Selections { return s.of(object) }

// place is where it stands in each open list, to be kept.
func (w *Writer) place() []int32 { return w.keep(w.indexes) }

// keep has a copy of indexes that lasts as long as the Writer is not released.
func (w *Writer) keep(indexes []int32) []int32 {
	if len(indexes) == 0 {
		return nil
	}
	from := len(w.places)
	w.places = append(w.places, indexes...)
	return w.places[from:len(w.places):len(w.places)]
}

// grantsOf is what the caller holds when it comes to one object.
func (d *Decision) grantsOf(*Selections) policy.Grants { return d.grants }

// denied notes that a field, or an object that is its value, was denied.
func (w *Writer) denied(f *Selection, object *Selections) {
	n := denial{at: f, object: object != nil, indexes: w.place()}
	if object != nil {
		if n.refusal = w.decision.refusal(object.id); n.refusal == nil {
			n.refusal = w.decision.because(object.object, "", object.check)
		}
	} else if n.refusal = w.decision.refusal(f.id); n.refusal == nil {
		n.refusal = w.decision.because(f.object, f.name, f.check)
	}
	w.met = append(w.met, n)
}

// context is where gqlgen's function of the field would stand while it marshals the value, in as many of its lists as are open.
func (w *Writer) context(f *Selection) context.Context {
	ctx, _ := w.within(f)
	return ctx
}

// within is context, with the indexes that are left for what lies below.
func (w *Writer) within(f *Selection) (ctx context.Context, left []int32) {
	if f == w.at {
		ctx, left = w.ctx, w.indexes[w.base:]
	} else {
		ctx, left = w.within(f.parent)
		ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: f.object, Field: f.Field})
	}
	if f == nil {
		return ctx, left
	}
	lists := min(f.lists, len(left))
	for _, i := range left[:lists] {
		ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: new(int(i))})
	}
	return ctx, left[lists:]
}
