package store_test

import (
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// testMoney writes amounts at the edges and reads them back as they are written on paper.
func testMoney(t *testing.T, s *store.Store) {
	account := demo.Main().SID
	sid := someSID(t, s, "calls", account)
	scope := upstream.NewScope(account, policy.NewFields("price", "amount", "currency"))
	for _, row := range []struct {
		name   string
		micros int64
		want   string
	}{
		{"nothing", 0, "0"},
		{"a millionth", 1, "0.000001"},
		{"a charge", -7_500, "-0.0075"},
		{"a tenth and two tenths", 300_000, "0.3"},
		{"round", 12_000_000, "12"},
		{"more than a float holds", 9_007_199_254_740_993, "9007199254.740993"},
		{"the least", -9_223_372_036_854_775_808, "-9223372036854.775808"},
		{"the most", 9_223_372_036_854_775_807, "9223372036854.775807"},
	} {
		t.Run(row.name, func(t *testing.T) {
			exec(t, s, "UPDATE calls SET price_micros = $1, price_unit = 'EUR' WHERE sid = $2", row.micros, sid)
			exec(t, s, "UPDATE accounts SET balance_micros = $1, balance_unit = 'EUR' WHERE sid = $2", row.micros, account)
			call, err := s.Call(t.Context(), scope, sid)
			if err != nil {
				t.Fatal(err)
			}
			balance, err := s.Balance(t.Context(), scope)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []*model.Money{call.Price, balance} {
				if m == nil || m.Amount.String() != row.want || m.Currency != "EUR" {
					t.Errorf("got %v, want %s EUR", m, row.want)
				}
			}
		})
	}
	t.Run("unknown", func(t *testing.T) {
		exec(t, s, "UPDATE calls SET price_micros = NULL, price_unit = NULL WHERE sid = $1", sid)
		if call, err := s.Call(t.Context(), scope, sid); err != nil || call.Price != nil {
			t.Errorf("price %v, want none, error %v", call.Price, err)
		}
	})
}

func exec(t testing.TB, s *store.Store, statement string, args ...any) {
	t.Helper()
	if _, err := s.DB().Exec(statement, args...); err != nil {
		t.Fatal(err)
	}
}
