package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/shopspring/decimal"
)

// The types here are places that a column can be scanned into (sql.Scanner) and that
// cost nothing but a conversion of a pointer. Their errors name types, never values.

// errColumn says that a column holds what does not belong there.
var errColumn = errors.New("store: a column holds a value of another type")

// unexpected is the error for a value that is of no type that its column has.
func unexpected(src any, want string) error {
	return fmt.Errorf("%w: %T where %s belongs", errColumn, src, want)
}

// micros is a moment as it is kept.
func micros(t time.Time) int64 { return t.UnixMicro() }

// number is an int.
type number int

func (n *number) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "a number")
	}
	*n = number(v)
	return nil
}

// numberOrNull is a *int.
type numberOrNull struct{ place **int }

func (n numberOrNull) Scan(src any) error {
	if src == nil {
		*n.place = nil
		return nil
	}
	v := new(int)
	*n.place = v
	return (*number)(v).Scan(src)
}

// flag is a bool. SQLite keeps it as 0 or 1.
type flag bool

func (f *flag) Scan(src any) error {
	switch v := src.(type) {
	case bool:
		*f = flag(v)
	case int64:
		*f = v != 0
	default:
		return unexpected(src, "a boolean")
	}
	return nil
}

// textOrNull is a *string, or a pointer to an enum.
type textOrNull[S ~string] struct{ place **S }

func (t textOrNull[S]) Scan(src any) error {
	if src == nil {
		*t.place = nil
		return nil
	}
	v, ok := src.(string)
	if !ok {
		return unexpected(src, "text")
	}
	s := S(v)
	*t.place = &s
	return nil
}

// textOrEmpty is a *string, or a pointer to an enum, that is nil for a text that is empty.
type textOrEmpty[S ~string] struct{ place **S }

func (t textOrEmpty[S]) Scan(src any) error {
	if src == "" {
		src = nil
	}
	return textOrNull[S](t).Scan(src)
}

// wordList is texts, such as roles, that are kept with commas between them.
type wordList[S ~string] struct{ place *[]S }

func (w wordList[S]) Scan(src any) error {
	v, ok := src.(string)
	if !ok {
		return unexpected(src, "text")
	}
	words := []S{}
	for word := range strings.SplitSeq(v, ",") {
		if word != "" {
			words = append(words, S(word))
		}
	}
	*w.place = words
	return nil
}

// instant is a time.Time, in UTC.
type instant time.Time

func (i *instant) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "a moment")
	}
	*i = instant(time.UnixMicro(v).UTC())
	return nil
}

// instantOrNull is a *time.Time.
type instantOrNull struct{ place **time.Time }

func (i instantOrNull) Scan(src any) error {
	if src == nil {
		*i.place = nil
		return nil
	}
	v := new(time.Time)
	*i.place = v
	return (*instant)(v).Scan(src)
}

// instantOrZero is a time.Time, in UTC, that is zero where there is none.
type instantOrZero time.Time

func (i *instantOrZero) Scan(src any) error {
	if src == nil {
		*i = instantOrZero{}
		return nil
	}
	return (*instant)(i).Scan(src)
}

// amount is an exact number that is kept in millionths.
type amount decimal.Decimal

func (a *amount) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "an amount")
	}
	*a = amount(decimal.New(v, -6))
	return nil
}

// whole is an exact number without a fraction.
type whole decimal.Decimal

func (w *whole) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return unexpected(src, "a number")
	}
	*w = whole(decimal.NewFromInt(v))
	return nil
}

// amountOrNull is the amount of a *model.Money. It stands before its currency among
// the columns.
type amountOrNull struct{ place **model.Money }

func (a amountOrNull) Scan(src any) error {
	if src == nil {
		*a.place = nil
		return nil
	}
	v := new(model.Money)
	*a.place = v
	return (*amount)(&v.Amount).Scan(src)
}

// currencyOf is the currency of a *model.Money, if there is an amount.
type currencyOf struct{ place **model.Money }

func (c currencyOf) Scan(src any) error {
	if *c.place == nil {
		return nil
	}
	v, ok := src.(string)
	if !ok {
		return unexpected(src, "a currency")
	}
	(*c.place).Currency = v
	return nil
}

// noneSince takes the roles of a user away again who holds none since a moment. It stands after them among the columns.
type noneSince[R ~string] struct{ place *[]R }

func (n noneSince[R]) Scan(src any) error {
	if src != nil {
		*n.place = []R{}
	}
	return nil
}
