package store

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
