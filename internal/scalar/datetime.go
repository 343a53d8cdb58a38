// Package scalar holds the API's own scalars: how they are read from a request
// and written to an answer. It imports nothing else of this project.
package scalar

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalDateTime writes t as an RFC 3339 date-time in UTC, with fractions of a
// second only where t has them. The zero time is null.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = w.Write(AppendDateTime(make([]byte, 0, len(time.RFC3339Nano)+2), t))
	})
}

// AppendDateTime appends what MarshalDateTime writes, and for null nothing.
func AppendDateTime(buf []byte, t time.Time) []byte {
	if t.IsZero() {
		return buf
	}
	buf = append(buf, '"')
	buf = t.UTC().AppendFormat(buf, time.RFC3339Nano)
	return append(buf, '"')
}

// UnmarshalDateTime reads an RFC 3339 date-time with its offset. What it returns is in UTC.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, errorf("DateTime is a string in RFC 3339 form, such as 2026-03-01T12:00:00Z")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	t = t.UTC()
	if err != nil || !strictDateTime(s) || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errorf("%s is no DateTime: write it in RFC 3339 form, such as 2026-03-01T12:00:00Z", quoted(s))
	}
	return t, nil
}

// strictDateTime refuses what time.Parse takes beside RFC 3339: an hour of one digit, a
// comma before the fraction, and an offset of a day or more (https://go.dev/issue/54580).
func strictDateTime(s string) bool {
	if len(s) < len("2006-01-02T15:04:05Z") || s[13] != ':' || strings.Contains(s, ",") {
		return false
	}
	if strings.HasSuffix(s, "Z") {
		return true
	}
	offset := s[len(s)-len("+00:00"):]
	return offset[1:3] < "24" && offset[4:] < "60"
}

// quoted is s in quotes for an error message, cut where it is long.
func quoted(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strconv.QuoteToASCII(s)
}
