package scalar

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// Date is a day of the calendar, with no time and no zone, as RFC 3339 writes a
// full-date (2026-03-01). Dates in this form sort as text.
type Date string

// NewDate is the day on which t falls, in t's own zone.
func NewDate(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// ParseDate reads a full-date and refuses days that the calendar does not have.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", errorf("%s is no Date: write it as 2026-03-01", quoted(s))
	}
	return Date(s), nil
}

// MarshalGQL writes the date as a string.
func (d Date) MarshalGQL(w io.Writer) { graphql.MarshalString(string(d)).MarshalGQL(w) }

// AppendGQL appends what MarshalGQL writes.
func (d Date) AppendGQL(buf []byte) []byte {
	if strings.Trim(string(d), "0123456789-") != "" { // no day, and what needs escapes
		var out bytes.Buffer
		d.MarshalGQL(&out)
		return append(buf, out.Bytes()...)
	}
	buf = append(buf, '"')
	buf = append(buf, d...)
	return append(buf, '"')
}

// UnmarshalGQL reads a full-date.
func (d *Date) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return errorf("Date is a string such as 2026-03-01")
	}
	parsed, err := ParseDate(s)
	*d = parsed
	return err
}
