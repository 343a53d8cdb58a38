package scalar

import (
	"encoding/json"
	"io"

	"github.com/99designs/gqlgen/graphql"
	"github.com/shopspring/decimal"
)

// maxDecimal bounds the text of a Decimal in a request; "1e999999999" would
// otherwise cost memory out of proportion to its length.
const maxDecimal = 40

// MarshalDecimal writes d as a string, exact.
func MarshalDecimal(d decimal.Decimal) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, `"`+d.String()+`"`)
	})
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
