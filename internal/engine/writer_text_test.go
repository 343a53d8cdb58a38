package engine

import (
	"bytes"
	"math"
	"strconv"
	"testing"

	"github.com/99designs/gqlgen/graphql"
)

// FuzzText: what is appended is what gqlgen's marshalers write, whatever the text is.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", `"`, `\`, "\x00\x1f \x7f\x80\xff", "seven77\n", "eight888\t", "é<>&\u2028\u2029", "\ufffd", "0123456789abcde\"", "\xc3", "12345678\x1f", "1234567\\8"} {
		f.Add(s, 1.5)
	}
	for _, v := range []float64{0, math.Copysign(0, -1), 1e6, 999999, 1e20, 1e21, 1e-5, 123456789.125, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f.Add("", v)
	}
	f.Fuzz(func(t *testing.T, s string, v float64) {
		var w Writer
		same := func(m graphql.Marshaler) {
			t.Helper()
			var want bytes.Buffer
			m.MarshalGQL(&want)
			if string(w.buf) != want.String() {
				t.Errorf("%q, want %q", w.buf, want.String())
			}
			w.buf = w.buf[:0]
		}
		w.String(s)
		same(graphql.MarshalString(s))
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			w.Float(nil, v)
			same(graphql.MarshalFloat(v))
		}
		w.Int(int64(len(s)) - 3)
		same(graphql.MarshalInt(len(s) - 3))
		w.Bool(len(s) > 3)
		same(graphql.MarshalBoolean(len(s) > 3))
		if w.Enum(s); string(w.buf) != strconv.Quote(s) {
			t.Errorf("the enum is %s, want %q", w.buf, s)
		}
	})
}
