package store

import (
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/shopspring/decimal"
)

// columns is what a change writes into a row.
type columns []struct {
	field  string // of the schema; "" for what is no field
	column string
	value  any
}

// add adds a column.
func (c *columns) add(field, column string, value any) {
	*c = append(*c, struct {
		field, column string
		value         any
	}{field, column, value})
}

// fields are the names of the fields that are written, each once.
func (c columns) fields() []string {
	var names []string
	for _, one := range c {
		if one.field != "" && !slices.Contains(names, one.field) {
			names = append(names, one.field)
		}
	}
	return names
}

// input reads a mutation's input into columns. The first thing that cannot be kept is its
// err, a BAD_USER_INPUT with the input's path, and the rest is read for nothing.
type input struct {
	columns
	err error
}

// done is what was read.
func (in *input) done() (columns, error) { return in.columns, in.err }

// must keeps the first error.
func (in *input) must(err error) {
	if in.err == nil {
		in.err = err
	}
}

// text reads a text that must be given.
func (in *input) text(field, column, value string, is check.Func) {
	in.must(is(value, "input", field))
	in.add(field, column, value)
}

// textIf reads a text that may be left out, and then stays as it is, but cannot be emptied.
func (in *input) textIf(field, column string, given graphql.Omittable[*string], is check.Func) {
	if value, ok := given.ValueOK(); ok && in.notNull(field, value == nil) {
		in.text(field, column, *value, is)
	}
}

// textOrNull reads a text that may be left out, and then stays as it is, or be emptied by null.
func (in *input) textOrNull(field, column string, given graphql.Omittable[*string], is check.Func) {
	orNull(in, field, column, given, func(value string) { in.text(field, column, value, is) })
}

// orNull reads what may be left out, and then stays as it is, or be emptied by null.
func orNull[T any](in *input, field, column string, given graphql.Omittable[*T], read func(value T)) {
	switch value, ok := given.ValueOK(); {
	case ok && value == nil:
		in.add(field, column, nil)
	case ok:
		read(*value)
	}
}

// notNull is false for a null, which is refused.
func (in *input) notNull(field string, isNull bool) bool {
	if isNull {
		in.must(problem.Input(field+" may be left out, but is not null.", "input", field))
	}
	return !isNull
}

// enumIf reads a value of an enum that may be left out but not emptied.
func enumIf[E ~string](in *input, field, column string, given graphql.Omittable[*E]) {
	if value, ok := given.ValueOK(); ok && in.notNull(field, value == nil) {
		in.add(field, column, string(*value))
	}
}

// enumOrNull reads a value of an enum that may be left out, or emptied by null.
func enumOrNull[E ~string](in *input, field, column string, given graphql.Omittable[*E]) {
	orNull(in, field, column, given, func(value E) { in.add(field, column, string(value)) })
}

// flagIf reads a boolean that may be left out but not emptied.
func (in *input) flagIf(field, column string, given graphql.Omittable[*bool]) {
	if value, ok := given.ValueOK(); ok && in.notNull(field, value == nil) {
		in.add(field, column, *value)
	}
}

// numberIf reads a whole number that may be left out but not emptied.
func (in *input) numberIf(field, column string, given graphql.Omittable[*int], least, most int) {
	if value, ok := given.ValueOK(); ok && in.notNull(field, value == nil) {
		if *value < least || *value > most {
			in.must(problem.Input(fmt.Sprintf("%s lies between %d and %d.", field, least, most), "input", field))
		}
		in.add(field, column, *value)
	}
}

// amountOrNull reads an amount, kept in millionths, that may be left out or emptied by null.
func (in *input) amountOrNull(field, column string, given graphql.Omittable[*decimal.Decimal], least, most decimal.Decimal) {
	orNull(in, field, column, given, func(value decimal.Decimal) {
		in.must(check.Amount(value, least, most, "input", field))
		in.add(field, column, value.Shift(6).IntPart())
	})
}

// or is what an input says, or what stands for its silence.
func or[T any](given graphql.Omittable[*T], silence T) T {
	if value := given.Value(); value != nil {
		return *value
	}
	return silence
}

// given is an input that says this.
func given[T any](value T) graphql.Omittable[*T] { return graphql.OmittableOf(&value) }
