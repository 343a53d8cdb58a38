package scalar

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// TestAppend: what is appended is what decimal and graphql themselves write.
func TestAppend(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		d := decimal.New(random.Int64()>>random.IntN(64)*(1-2*random.Int64N(2)), int32(random.IntN(50)-25))
		if got, want := string(AppendDecimal([]byte("x"), d)), `x"`+d.String()+`"`; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	for _, text := range []string{"0", "-0", "0.0", "-0.10", "100", "1000000000000000000000", "0.000000000000000000000000001", "-123456789012345678.9"} {
		d := decimal.RequireFromString(text)
		if got := string(AppendDecimal(nil, d)); got != strconv.Quote(d.String()) {
			t.Errorf("%s is %s, want %s", text, got, d)
		}
	}
	if got := string(AppendDecimal(nil, decimal.Decimal{})); got != `"0"` {
		t.Errorf("the zero value is %s", got)
	}
	for _, d := range []Date{"2026-03-01", "", "no day", `"`, "\xff\n"} {
		if got, want := string(d.AppendGQL([]byte("x"))), "x"+written(d); got != want {
			t.Errorf("%q is %s, want %s", d, got, want)
		}
	}
	if got := AppendDateTime([]byte("x"), time.Time{}); string(got) != "x" {
		t.Errorf("the zero time is %s", got)
	}
	moment := time.Date(2026, 3, 1, 12, 0, 0, 500_000_000, time.FixedZone("", 7200))
	if got := string(AppendDateTime([]byte("x"), moment)); got != `x"2026-03-01T10:00:00.5Z"` {
		t.Errorf("a moment is %s", got)
	}
}
