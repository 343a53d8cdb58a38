package scalar

import (
	"encoding/json"
	"io"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/shopspring/decimal"
)

// maxDecimal bounds the text of a Decimal in a request; "1e999999999" would
// otherwise cost memory out of proportion to its length.
const maxDecimal = 40

// MarshalDecimal writes d as a string, exact.
func MarshalDecimal(d decimal.Decimal) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = w.Write(AppendDecimal(nil, d))
	})
}

// AppendDecimal appends what MarshalDecimal writes.
func AppendDecimal(buf []byte, d decimal.Decimal) []byte {
	buf = append(buf, '"')
	const most = 18 // digits of which an int64 holds any number
	if places := -int(d.Exponent()); places >= 0 && places <= most && d.NumDigits() <= most {
		buf = appendPoint(buf, d.CoefficientInt64(), places)
	} else {
		buf = append(buf, d.String()...)
	}
	return append(buf, '"')
}

// appendPoint appends a number with the point so many places from its end, and no zeros at the end after it.
func appendPoint(buf []byte, n int64, places int) []byte {
	for places > 0 && n%10 == 0 {
		n, places = n/10, places-1
	}
	if n < 0 {
		buf, n = append(buf, '-'), -n
	}
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], n, 10)
	if places == 0 {
		return append(buf, text...)
	}
	whole := len(text) - places
	if whole <= 0 {
		buf = append(buf, '0', '.')
		for range -whole {
			buf = append(buf, '0')
		}
		return append(buf, text...)
	}
	buf = append(buf, text[:whole]...)
	buf = append(buf, '.')
	return append(buf, text[whole:]...)
}

// UnmarshalDecimal reads a decimal number from a string ("12.50") or from a
// number of the request. Exponents are refused: they say nothing that digits do not.
func UnmarshalDecimal(v any) (decimal.Decimal, error) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	case int64:
		return decimal.NewFromInt(v), nil
	case int:
		return decimal.NewFromInt(int64(v)), nil
	default:
		return decimal.Decimal{}, errorf(`Decimal is a string such as "12.50"`)
	}
	if !plainDecimal(s) {
		return decimal.Decimal{}, errorf(`%s is no Decimal: write it as a string of digits, such as "12.50"`, quoted(s))
	}
	return decimal.NewFromString(s)
}

// plainDecimal says whether s is an optional sign, digits, and at most one point between digits.
func plainDecimal(s string) bool {
	if len(s) > maxDecimal {
		return false
	}
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	digits, points := 0, 0
	for i, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && i > 0 && i < len(s)-1:
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}
