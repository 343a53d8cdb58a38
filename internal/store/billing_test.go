package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
	"github.com/shopspring/decimal"
)

func money(text string) graphql.Omittable[*decimal.Decimal] {
	return given(decimal.RequireFromString(text))
}

// same holds two objects against each other, field by field as a client sees them.
func same(t *testing.T, got, want any) {
	t.Helper()
	for field, value := range fieldValues(want) {
		if is := fieldValues(got)[field]; is != value {
			t.Errorf("%s is %s, want %s", field, is, value)
		}
	}
}

// testBillingSettings changes settings field by field, each change on top of those before.
func testBillingSettings(t *testing.T, s *store.Store) {
	type input = model.UpdateBillingSettingsInput
	scope := everything(demo.Second().SID, model.BillingSettings{})
	exec(t, s, "UPDATE billing_settings SET auto_recharge_enabled = FALSE, auto_recharge_threshold_micros = NULL, auto_recharge_amount_micros = NULL")
	want, err := s.BillingSettings(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	threshold := model.Money{Amount: decimal.RequireFromString("20.5"), Currency: want.Currency}
	amount := model.Money{Amount: decimal.RequireFromString("20.500001"), Currency: want.Currency}
	for _, row := range []struct {
		name string
		in   input
		then func(b *model.BillingSettings) // what the change makes of the settings; nil for one that is refused
		path string
	}{
		{"nothing", input{}, func(*model.BillingSettings) {}, ""},
		{"the name", input{CompanyName: given("Halyard")}, func(b *model.BillingSettings) { b.CompanyName = "Halyard" }, ""},
		{"no name", input{CompanyName: null[string]()}, nil, "companyName"},
		{"an empty name", input{CompanyName: given(" ")}, nil, "companyName"},
		{"a name of 256", input{CompanyName: given(strings.Repeat("a", 256))}, nil, "companyName"},
		{"the address", input{InvoiceEmail: given("pay@example.com")}, func(b *model.BillingSettings) { b.InvoiceEmail = "pay@example.com" }, ""},
		{"an address that is none", input{InvoiceEmail: given("pay")}, nil, "invoiceEmail"},
		{"no address", input{InvoiceEmail: null[string]()}, nil, "invoiceEmail"},
		{"no tax number", input{TaxID: null[string]()}, func(b *model.BillingSettings) { b.TaxID = nil }, ""},
		{"a tax number", input{TaxID: given("DE1")}, func(b *model.BillingSettings) { b.TaxID = new("DE1") }, ""},
		{"a tax number of 65", input{TaxID: given(strings.Repeat("1", 65))}, nil, "taxId"},
		{"recharging without amounts", input{AutoRechargeEnabled: given(true)}, nil, "autoRechargeThreshold"},
		{"recharging without a threshold", input{AutoRechargeEnabled: given(true), AutoRechargeAmount: money("20")}, nil, "autoRechargeThreshold"},
		{"recharging without an amount", input{AutoRechargeEnabled: given(true), AutoRechargeThreshold: money("20")}, nil, "autoRechargeAmount"},
		{"recharging neither on nor off", input{AutoRechargeEnabled: null[bool]()}, nil, "autoRechargeEnabled"},
		{"a threshold of nothing", input{AutoRechargeThreshold: money("0")}, nil, "autoRechargeThreshold"},
		{"a threshold below nothing", input{AutoRechargeThreshold: money("-1")}, nil, "autoRechargeThreshold"},
		{"an amount of nothing", input{AutoRechargeAmount: money("0")}, nil, "autoRechargeAmount"},
		{"an amount of too many digits", input{AutoRechargeAmount: money("1.0000001")}, nil, "autoRechargeAmount"},
		{"an amount that is too much", input{AutoRechargeAmount: money("1000000.01")}, nil, "autoRechargeAmount"},
		{"a threshold alone, and off", input{AutoRechargeThreshold: money("20.5")}, func(b *model.BillingSettings) { b.AutoRechargeThreshold = &threshold }, ""},
		{"an amount that is no more than the threshold kept", input{AutoRechargeAmount: money("20.5")}, nil, "autoRechargeAmount"},
		{"on, above the threshold kept", input{AutoRechargeEnabled: given(true), AutoRechargeAmount: money("20.500001")},
			func(b *model.BillingSettings) { b.AutoRechargeEnabled, b.AutoRechargeAmount = true, &amount }, ""},
		{"an amount taken away that is needed", input{AutoRechargeAmount: null[decimal.Decimal]()}, nil, "autoRechargeAmount"},
		{"off, and no amounts", input{AutoRechargeEnabled: given(false), AutoRechargeThreshold: null[decimal.Decimal](), AutoRechargeAmount: null[decimal.Decimal]()},
			func(b *model.BillingSettings) {
				b.AutoRechargeEnabled, b.AutoRechargeThreshold, b.AutoRechargeAmount = false, nil, nil
			}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := s.UpdateBillingSettings(t.Context(), changing(scope), row.in)
			if row.then == nil {
				wantProblem(t, err, problem.BadUserInput, "input", row.path)
			} else {
				if err != nil {
					t.Fatal(err)
				}
				row.then(want)
				same(t, *got, *want)
			}
			kept, err := s.BillingSettings(t.Context(), scope)
			if err != nil {
				t.Fatal(err)
			}
			same(t, *kept, *want)
		})
	}
	t.Run("recharging from nothing", func(t *testing.T) {
		exec(t, s, "DELETE FROM payment_methods WHERE account_sid = $1", demo.Second().SID)
		_, err := s.UpdateBillingSettings(t.Context(), changing(scope),
			input{AutoRechargeEnabled: given(true), AutoRechargeThreshold: money("1"), AutoRechargeAmount: money("2")})
		wantProblem(t, err, problem.Conflict)
	})
	t.Run("no account", func(t *testing.T) {
		_, err := s.UpdateBillingSettings(t.Context(), changing(everything("AC1", model.BillingSettings{})), input{CompanyName: given("Halyard")})
		wantProblem(t, err, problem.NotFound)
	})
	t.Run("what the database says itself", func(t *testing.T) {
		for _, set := range []string{
			"auto_recharge_threshold_micros = 0", "auto_recharge_amount_micros = -1", "auto_recharge_enabled = TRUE",
			"auto_recharge_enabled = TRUE, auto_recharge_amount_micros = 5", "auto_recharge_threshold_micros = 5, auto_recharge_amount_micros = 5",
		} {
			if _, err := s.DB().Exec("UPDATE billing_settings SET "+set+" WHERE account_sid = $1", demo.Second().SID); err == nil {
				t.Errorf("the database took %s", set)
			}
		}
	})
}

// newCard is a card that can be added.
func newCard(token string) model.AddPaymentMethodInput {
	return model.AddPaymentMethodInput{
		Type: model.PaymentMethodTypeCard, Token: token, HolderName: "Ada Lovelace", Brand: given("Visa"), Last4: given("4242"),
		ExpirationMonth: given(int(storetest.Now().Month())), ExpirationYear: given(storetest.Now().Year()),
	}
}

// testPaymentMethods adds and removes payment methods of an account that has none, and looks at which is the default.
func testPaymentMethods(t *testing.T, s *store.Store) {
	ctx, account := t.Context(), demo.Second().SID
	scope, other := everything(account, model.PaymentMethod{}), everything(demo.Main().SID, model.PaymentMethod{})
	now := storetest.Now()
	s.SetNow(func() time.Time { now = now.Add(time.Microsecond); return now })
	exec(t, s, "DELETE FROM payment_methods WHERE account_sid = $1", account)
	exec(t, s, "UPDATE billing_settings SET auto_recharge_enabled = FALSE")
	add := func(in model.AddPaymentMethodInput) *model.PaymentMethod {
		t.Helper()
		made, err := s.AddPaymentMethod(ctx, changing(scope), in)
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.PaymentMethods(ctx, scope, upstream.Page{First: 1})
		if err != nil || !reflect.DeepEqual(list.Items[0], *made.Object) || !reflect.DeepEqual(list.Position(0), made.Position) {
			t.Errorf("the list begins with %+v, not %+v at %v; error %v", list.Items, made.Object, made.Position, err)
		}
		return made.Object
	}
	isDefault := func(m *model.PaymentMethod) bool {
		t.Helper()
		kept, err := s.PaymentMethod(ctx, scope, m.Sid)
		if err != nil {
			t.Fatal(err)
		}
		return kept.IsDefault
	}

	first := add(newCard("tok_first"))
	want := model.PaymentMethod{
		ID: first.ID, Sid: first.Sid, Type: model.PaymentMethodTypeCard, Brand: "Visa", Last4: new("4242"), HolderName: "Ada Lovelace",
		ExpirationMonth: new(3), ExpirationYear: new(2026), IsDefault: true, DateCreated: first.DateCreated,
	}
	if same(t, *first, want); !strings.HasPrefix(first.Sid, "PM") {
		t.Errorf("the SID is %s", first.Sid)
	}
	sum := sha256.Sum256([]byte("tok_first"))
	for _, row := range rawRows(t, s, "SELECT * FROM payment_methods WHERE sid = $1", first.Sid) {
		if row["token_hash"] != hex.EncodeToString(sum[:]) || strings.Contains(fmt.Sprint(row), "tok_first") {
			t.Errorf("of the token is kept: %v", row)
		}
	}
	second := add(newCard("tok_second"))
	if second.IsDefault || !isDefault(first) {
		t.Error("the second took the first one's place unasked")
	}
	_, err := s.AddPaymentMethod(ctx, changing(scope), newCard("tok_second"))
	wantProblem(t, err, problem.Conflict)
	if _, err := s.AddPaymentMethod(ctx, changing(other), newCard("tok_second")); err != nil {
		t.Errorf("another account's token is in the way: %v", err)
	}

	wantProblem(t, s.RemovePaymentMethod(ctx, changing(scope), first.Sid), problem.Conflict)
	wantProblem(t, s.RemovePaymentMethod(ctx, changing(other), second.Sid), problem.NotFound)
	in := newCard("tok_third")
	in.IsDefault = true
	third := add(in)
	if !third.IsDefault || isDefault(first) || isDefault(second) {
		t.Error("the new default is not the only one")
	}
	for _, m := range []*model.PaymentMethod{first, second} {
		if err := s.RemovePaymentMethod(ctx, changing(scope), m.Sid); err != nil {
			t.Fatal(err)
		}
		wantProblem(t, s.RemovePaymentMethod(ctx, changing(scope), m.Sid), problem.NotFound)
	}
	recharge := func(on bool) {
		t.Helper()
		_, err := s.UpdateBillingSettings(ctx, changing(everything(account, model.BillingSettings{})),
			model.UpdateBillingSettingsInput{AutoRechargeEnabled: given(on), AutoRechargeThreshold: money("1"), AutoRechargeAmount: money("2")})
		if err != nil {
			t.Fatal(err)
		}
	}
	recharge(true)
	wantProblem(t, s.RemovePaymentMethod(ctx, changing(scope), third.Sid), problem.Conflict)
	recharge(false)
	if err := s.RemovePaymentMethod(ctx, changing(scope), third.Sid); err != nil {
		t.Fatal(err)
	}
	add(newCard("tok_first")) // whose payment method is no more
}

func testPaymentMethodInput(t *testing.T, s *store.Store) {
	type input = model.AddPaymentMethodInput
	scope := everything(demo.Main().SID, model.PaymentMethod{})
	s.SetNow(storetest.Now)
	bank := func(in *input) {
		*in = input{Type: model.PaymentMethodTypeBankAccount, Token: in.Token, HolderName: "Halyard", Brand: given("First Lakeside Bank"), Last4: given("0042")}
	}
	paypal := func(in *input) { *in = input{Type: model.PaymentMethodTypePaypal, Token: in.Token, HolderName: "Ada"} }
	for i, row := range []struct {
		name string
		edit func(in *input)
		path string // "" for what is good
	}{
		{"a card", func(*input) {}, ""},
		{"a bank account", bank, ""},
		{"PayPal", paypal, ""},
		{"no token", func(in *input) { in.Token = "" }, "token"},
		{"a card's number as its token", func(in *input) { in.Token = "4242424242424242" }, "token"},
		{"a card's number in groups as its token", func(in *input) { in.Token = "4242-4242-4242-4242" }, "token"},
		{"a card's number as the holder", func(in *input) { in.HolderName = "4242 4242 4242 4242" }, "holderName"},
		{"a card's number as the brand", func(in *input) { in.Brand = given("Visa 4242424242424242") }, "brand"},
		{"a card's number as the last four digits", func(in *input) { in.Last4 = given("4242424242424242") }, "last4"},
		{"no holder", func(in *input) { in.HolderName = "" }, "holderName"},
		{"no brand of a card", func(in *input) { in.Brand = null[string]() }, "brand"},
		{"no last four digits of a card", func(in *input) { in.Last4 = null[string]() }, "last4"},
		{"no month", func(in *input) { in.ExpirationMonth = null[int]() }, "expirationMonth"},
		{"no year", func(in *input) { in.ExpirationYear = null[int]() }, "expirationYear"},
		{"month 0", func(in *input) { in.ExpirationMonth = given(0) }, "expirationMonth"},
		{"month 13", func(in *input) { in.ExpirationMonth = given(13) }, "expirationMonth"},
		{"expired last month", func(in *input) { in.ExpirationMonth = given(2) }, "expirationYear"},
		{"expired last year", func(in *input) { in.ExpirationMonth, in.ExpirationYear = given(12), given(2025) }, "expirationYear"},
		{"a year of two digits", func(in *input) { in.ExpirationYear = given(30) }, "expirationYear"},
		{"a year of five digits", func(in *input) { in.ExpirationYear = given(20300) }, "expirationYear"},
		{"a bank account without a bank", func(in *input) { bank(in); in.Brand = null[string]() }, "brand"},
		{"a bank account that expires", func(in *input) { bank(in); in.ExpirationMonth = given(1) }, "expirationMonth"},
		{"a bank account with a year", func(in *input) { bank(in); in.ExpirationYear = given(2030) }, "expirationYear"},
		{"PayPal of a brand", func(in *input) { paypal(in); in.Brand = given("Visa") }, "brand"},
		{"PayPal with digits", func(in *input) { paypal(in); in.Last4 = given("4242") }, "last4"},
		{"no idempotency key", func(in *input) { in.IdempotencyKey = given("") }, "idempotencyKey"},
	} {
		t.Run(row.name, func(t *testing.T) {
			in := newCard(fmt.Sprintf("tok_input_%d", i))
			row.edit(&in)
			made, err := s.AddPaymentMethod(t.Context(), changing(scope), in)
			if row.path != "" {
				wantProblem(t, err, problem.BadUserInput, "input", row.path)
				if strings.Contains(err.Error(), "4242") {
					t.Errorf("the error repeats the number: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m := made.Object; m.Type != in.Type || m.HolderName != in.HolderName || m.Brand == "" || m.IsDefault {
				t.Errorf("added %+v", m)
			}
		})
	}
	t.Run("what the database says itself", func(t *testing.T) {
		for _, set := range []string{
			"is_default = TRUE", "last4 = '4242424242424242'", "type = 'CHEQUE'", "expiration_month = 13", "expiration_month = NULL", "expiration_year = NULL",
		} {
			if _, err := s.DB().Exec("UPDATE payment_methods SET "+set+" WHERE type = 'CARD' AND account_sid = $1", demo.Main().SID); err == nil {
				t.Errorf("the database took %s", set)
			}
		}
	})
}

// testDefaultOnce adds to an account that has none, many at the same time: one is the default.
func testDefaultOnce(t *testing.T, s *store.Store) {
	scope := everything(demo.Second().SID, model.PaymentMethod{})
	s.SetNow(storetest.Now)
	exec(t, s, "DELETE FROM payment_methods WHERE account_sid = $1", demo.Second().SID)
	var wait sync.WaitGroup
	for i := range 6 {
		wait.Go(func() {
			in := newCard(fmt.Sprintf("tok_race_%d", i))
			in.IsDefault = i%2 == 0
			if _, err := s.AddPaymentMethod(t.Context(), changing(scope), in); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	list, err := s.PaymentMethods(t.Context(), scope, upstream.Page{First: 10})
	if err != nil {
		t.Fatal(err)
	}
	defaults := 0
	for _, m := range list.Items {
		if m.IsDefault {
			defaults++
		}
	}
	if len(list.Items) != 6 || defaults != 1 {
		t.Errorf("%d payment methods, %d of them the default; want 6 and 1", len(list.Items), defaults)
	}
}
