package store

import (
	"strings"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/relay"
)

// table says how the objects of one type of the schema are kept: in which table, and
// from which columns each field is read.
type table[T any] struct {
	name string
	// typeName is the type's name in the schema, which global ids hold.
	typeName string
	// account is the column that holds the account's SID; "" for what belongs to no account.
	account string
	// identity is where an object keeps its global id and its SID; nil for a type
	// that has none.
	identity func(*T) (id, sid *string)
	// order is what lists are ordered by, and what is always read. Together its
	// columns are unique. The last one is the SID where the type has one.
	order []key
	// columns has an entry for each column of each field. A field that is not here
	// is not kept, or is the object's identity.
	columns []column[T]
}

// column is a column that a field is read from, and where in the object its value goes.
type column[T any] struct {
	field string
	name  string
	place func(*T) any
}

// key is a column that lists are ordered by.
type key struct {
	column     string
	kind       kind
	descending bool
}

// kind is what a position holds for a key.
type kind int

const (
	text   kind = iota
	moment      // microseconds since 1970
	day
	e164 // a phone number
)

// permitted are the columns of the fields that may be read.
func (t *table[T]) permitted(fields policy.Fields) []column[T] {
	columns := make([]column[T], 0, len(t.columns))
	for _, c := range t.columns {
		if fields.Has(c.field) {
			columns = append(columns, c)
		}
	}
	return columns
}

// identify gives an object its SID, and its global id if that may be read.
func (t *table[T]) identify(object *T, sid string, fields policy.Fields) {
	if t.identity == nil {
		return
	}
	id, place := t.identity(object)
	*place = sid
	if fields.Has("id") {
		*id = relay.GlobalID(t.typeName, sid)
	}
}

// names lists columns for a SELECT or RETURNING, after what comes first.
func names[T any](first []string, columns []column[T]) string {
	all := make([]string, 0, len(first)+len(columns))
	all = append(all, first...)
	for _, c := range columns {
		all = append(all, c.name)
	}
	return strings.Join(all, ", ")
}
