package store

import (
	"strconv"
	"strings"

	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/scalar"
)

// newestFirst is the order by a moment, and by the SID where two have the same one.
func newestFirst(column string) []key {
	return []key{{column: column, kind: moment, descending: true}, {column: "sid", kind: text, descending: true}}
}

// orderBy is what follows ORDER BY.
func (t *table[T]) orderBy() string {
	terms := make([]string, len(t.order))
	for i, k := range t.order {
		terms[i] = k.column
		if k.descending {
			terms[i] += " DESC"
		}
	}
	return strings.Join(terms, ", ")
}

// goOn narrows a list to what comes after a position (keyset pagination). For the keys
// a and b it adds a <= x AND (a < x OR b < y), with the signs of their directions: the
// first half is a range of the index in SQLite and Postgres alike, which an OR alone
// would not be.
func (t *table[T]) goOn(st *statement, position []string) error {
	if position == nil {
		return nil
	}
	if len(position) != len(t.order) {
		return malformed()
	}
	marks := make([]string, len(position))
	for i, part := range position {
		value, ok := t.order[i].kind.parse(part)
		if !ok {
			return malformed()
		}
		marks[i] = st.arg(value)
	}
	st.write(" AND ")
	st.beyond(t.order, marks)
	return nil
}

// beyond writes the condition that goOn speaks of.
func (st *statement) beyond(keys []key, marks []string) {
	first, sign := keys[0], " > "
	if first.descending {
		sign = " < "
	}
	if len(keys) == 1 {
		st.write(first.column, sign, marks[0])
		return
	}
	st.write(first.column, strings.TrimRight(sign, " "), "= ", marks[0], " AND (", first.column, sign, marks[0], " OR ")
	st.beyond(keys[1:], marks[1:])
	st.write(")")
}

// maxText bounds a text in a position. SIDs have 34 characters.
const maxText = 64

// parse reads what a position says of a key, which must be as position writes it:
// a position has passed a MAC, and is not trusted all the same.
func (k kind) parse(part string) (value any, ok bool) {
	switch k {
	case moment:
		n, err := strconv.ParseInt(part, 10, 64)
		return n, err == nil && strconv.FormatInt(n, 10) == part
	case day:
		d, err := scalar.ParseDate(part)
		return string(d), err == nil
	case e164:
		return part, check.E164(part) == nil
	default:
		return part, part != "" && len(part) <= maxText && strings.Trim(part, textLetters) == ""
	}
}

// textLetters is what SIDs and enums are made of.
const textLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

// malformed is the error for a position that no list can have given.
func malformed() error {
	return problem.Input("The cursor does not belong to this list.", "after")
}
