package scalar

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/shopspring/decimal"
)

func written(m graphql.Marshaler) string {
	var out bytes.Buffer
	m.MarshalGQL(&out)
	return out.String()
}

func TestDateTime(t *testing.T) {
	for _, row := range []struct {
		name string
		in   any
		want string // empty when it is refused
	}{
		{"in UTC", "2026-03-01T12:00:00Z", `"2026-03-01T12:00:00Z"`},
		{"with an offset", "2026-03-01T12:00:00+02:00", `"2026-03-01T10:00:00Z"`},
		{"with the largest offset", "2026-03-01T12:00:00-23:59", `"2026-03-02T11:59:00Z"`},
		{"with a fraction", "2026-03-01T12:00:00.120Z", `"2026-03-01T12:00:00.12Z"`},
		{"to the nanosecond", "2026-03-01T12:00:00.123456789Z", `"2026-03-01T12:00:00.123456789Z"`},
		{"beyond the nanosecond", "2026-03-01T12:00:00.1234567899Z", `"2026-03-01T12:00:00.123456789Z"`},
		{"a leap day", "2028-02-29T00:00:00Z", `"2028-02-29T00:00:00Z"`},
		{"no leap day", "2026-02-29T00:00:00Z", ""},
		{"no offset", "2026-03-01T12:00:00", ""},
		{"a blank for the T", "2026-03-01 12:00:00Z", ""},
		{"an hour of one digit", "2026-03-01T1:00:00Z", ""},
		{"a comma", "2026-03-01T12:00:00,5Z", ""},
		{"an offset of a day", "2026-03-01T12:00:00+24:00", ""},
		{"an offset of sixty minutes", "2026-03-01T12:00:00+01:60", ""},
		{"an offset without its colon", "2026-03-01T12:00:00+0100", ""},
		{"the year zero", "0000-01-01T00:00:00Z", ""},
		{"the year zero in UTC", "0001-01-01T00:00:00+01:00", ""},
		{"the year ten thousand in UTC", "9999-12-31T23:59:59-01:00", ""},
		{"the last second", "9999-12-31T23:59:59Z", `"9999-12-31T23:59:59Z"`},
		{"five digits of a year", "10000-01-01T00:00:00Z", ""},
		{"a date", "2026-03-01", ""},
		{"nothing", "", ""},
		{"a long text", strings.Repeat("9", 500), ""},
		{"a number", json.Number("1772366400"), ""},
		{"null", nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := UnmarshalDateTime(row.in)
			if row.want == "" {
				if err == nil || !got.IsZero() || len(err.Error()) > 200 {
					t.Errorf("%v, %v", got, err)
				}
				return
			}
			if err != nil || got.Location() != time.UTC || written(MarshalDateTime(got)) != row.want {
				t.Errorf("%v, %v, want %s", got, err, row.want)
			}
		})
	}
	if got := written(MarshalDateTime(time.Time{})); got != "null" {
		t.Errorf("the zero time is %s", got)
	}
}

func TestDate(t *testing.T) {
	for _, row := range []struct {
		name string
		in   any
		want Date
	}{
		{"a day", "2026-03-01", "2026-03-01"},
		{"a leap day", "2028-02-29", "2028-02-29"},
		{"no leap day", "2026-02-29", ""},
		{"the month 13", "2026-13-01", ""},
		{"one digit", "2026-3-1", ""},
		{"a time", "2026-03-01T00:00:00Z", ""},
		{"nothing", "", ""},
		{"a number", 20260301, ""},
		{"null", nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got Date
			if err := got.UnmarshalGQL(row.in); got != row.want || (err == nil) != (row.want != "") {
				t.Errorf("%q, %v, want %q", got, err, row.want)
			}
		})
	}
	if got := written(Date("2026-03-01")); got != `"2026-03-01"` {
		t.Errorf("written as %s", got)
	}
	zone := time.FixedZone("", 3600)
	if got := NewDate(time.Date(2026, 3, 1, 0, 30, 0, 0, zone)); got != "2026-03-01" {
		t.Errorf("the day in its own zone is %s", got)
	}
}

func TestDecimal(t *testing.T) {
	for _, row := range []struct {
		name string
		in   any
		want string
	}{
		{"a text", "12.50", `"12.5"`},
		{"negative", "-0.0075", `"-0.0075"`},
		{"a plus", "+1", `"1"`},
		{"exact where a float is not", "0.1", `"0.1"`},
		{"as long as may be", strings.Repeat("9", 40), `"` + strings.Repeat("9", 40) + `"`},
		{"longer", strings.Repeat("9", 41), ""},
		{"a number of a variable", json.Number("1.25"), `"1.25"`},
		{"a whole literal", int64(7), `"7"`},
		{"a whole number", 7, `"7"`},
		{"an exponent", "1e9", ""},
		{"a huge exponent", json.Number("1e999999999"), ""},
		{"a float", 1.5, ""},
		{"only a sign", "-", ""},
		{"two signs", "--1", ""},
		{"only a point", ".", ""},
		{"a point at the start", ".5", ""},
		{"a point after the sign", "-.5", ""},
		{"a point at the end", "5.", ""},
		{"two points", "1.2.3", ""},
		{"a comma", "1,5", ""},
		{"a blank", " 1", ""},
		{"other digits", "١", ""},
		{"hexadecimal", "0x1", ""},
		{"NaN", "NaN", ""},
		{"nothing", "", ""},
		{"true", true, ""},
		{"null", nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := UnmarshalDecimal(row.in)
			if row.want == "" {
				if err == nil || !got.IsZero() {
					t.Errorf("%v, %v", got, err)
				}
				return
			}
			if err != nil || written(MarshalDecimal(got)) != row.want {
				t.Errorf("%v, %v, want %s", got, err, row.want)
			}
		})
	}
}

// FuzzDateTime: what is accepted is in the form of RFC 3339, section 5.6, and is written as something that is accepted.
func FuzzDateTime(f *testing.F) {
	for _, seed := range []string{"2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5+23:59", "2026-03-01T1:00:00Z", "2026-03-01T12:00:00,5Z",
		"0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-03-01T12:00:00+24:00", ""} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := UnmarshalDateTime(s)
		if err != nil {
			return
		}
		if !form.MatchString(s) {
			t.Fatalf("accepted: %q", s)
		}
		out := written(MarshalDateTime(got))
		if out == "null" { // the zero time
			return
		}
		if again, err := UnmarshalDateTime(strings.Trim(out, `"`)); err != nil || !again.Equal(got) {
			t.Fatalf("%q is written as %s, which is %v, %v", s, out, again, err)
		}
	})
}

// FuzzDate: what is accepted is a day of the calendar, as it is written.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{"2026-03-01", "2026-02-30", "2026-3-1", "", "２026-03-01"} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDate(s); err == nil && (string(d) != s || !form.MatchString(s)) {
			t.Fatalf("%q is %q", s, d)
		}
	})
}

// FuzzDecimal: what is accepted is short, plain, and written as the same number.
func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"12.50", "-0.0075", "+1", "1e9", ".5", "5.", "0x1", "--1", "00", strings.Repeat("9", 50)} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)
	f.Fuzz(func(t *testing.T, s string) {
		d, err := UnmarshalDecimal(s)
		if err != nil {
			return
		}
		if len(s) > maxDecimal || !form.MatchString(s) {
			t.Fatalf("accepted: %q", s)
		}
		if want, err := decimal.NewFromString(strings.Trim(written(MarshalDecimal(d)), `"`)); err != nil || !want.Equal(d) {
			t.Fatalf("%q is written as %s", s, written(MarshalDecimal(d)))
		}
	})
}
