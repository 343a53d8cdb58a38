package store

import (
	"database/sql"
	"slices"
	"strconv"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// row is where the rows of a statement are read into, one after another.
type row[T any] struct {
	table  *table[T]
	keys   []keyValue // what the row has of the keys that lists are ordered by
	object T
	// places are those of the keys, then those of the permitted columns. They are the same for all rows.
	places []any
	withID bool
}

// selecting is a SELECT up to its WHERE, which names what orders a list and the columns of the fields that may be read,
// and what its rows are read into.
func (t *table[T]) selecting(fields policy.Fields) (*statement, *row[T]) {
	r := &row[T]{table: t, keys: make([]keyValue, len(t.order)), withID: fields.Has("id")}
	r.places = make([]any, 0, len(t.order)+fields.Len())
	st := &statement{args: make([]any, 0, 4)}
	st.sql.Grow(256)
	st.write("SELECT ")
	for i, k := range t.order {
		st.write(separator(i), k.column)
		r.places = append(r.places, &r.keys[i])
	}
	for _, c := range t.columns {
		if fields.Has(c.field) {
			st.write(", ", c.name)
			r.places = append(r.places, c.place(&r.object))
		}
	}
	st.write(" FROM ", t.name, " WHERE ")
	return st, r
}

// identify gives the object its SID, and its global id if that may be read.
func (r *row[T]) identify() {
	if r.table.identity == nil {
		return
	}
	id, sid := r.table.identity(&r.object)
	*sid = r.keys[len(r.keys)-1].text()
	if r.withID {
		*id = relay.GlobalID(r.table.typeName, *sid)
	}
}

// usualPage is how many objects a page has room for at first: one that turns out to be short takes no more.
const usualPage = 50

// page reads at most first objects and whether there is one more.
func (r *row[T]) page(rows *sql.Rows, first int) (upstream.List[T], error) {
	var found upstream.List[T]
	var keys []keyValue
	for rows.Next() {
		n := len(found.Items)
		if n == first {
			found.HasNext = true
			break
		}
		if n == cap(found.Items) {
			room := first
			if n == 0 {
				room = min(first, usualPage)
			}
			found.Items = slices.Grow(found.Items, room-n)
			keys = slices.Grow(keys, (room-n)*len(r.keys))
		}
		r.object = *new(T) // a row is nothing of the one before
		if err := rows.Scan(r.places...); err != nil {
			return upstream.List[T]{}, err
		}
		r.identify()
		found.Items = append(found.Items, r.object)
		keys = append(keys, r.keys...)
	}
	found.Position = func(i int) []string { return position(keys[i*len(r.keys):][:len(r.keys)]) }
	return found, rows.Err()
}

// keyValue is what a row has of a key: a text, or a number.
type keyValue struct{ value any }

func (k *keyValue) Scan(src any) error {
	switch src.(type) {
	case int64, string:
		k.value = src
		return nil
	default:
		return unexpected(src, "a key")
	}
}

// text is what a position says of it.
func (k keyValue) text() string {
	if n, is := k.value.(int64); is {
		return strconv.FormatInt(n, 10)
	}
	return k.value.(string)
}

// position is the place of a row in its list.
func position(keys []keyValue) []string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k.text()
	}
	return parts
}
