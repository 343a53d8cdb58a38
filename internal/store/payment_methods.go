package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func paymentMethodTable() table[model.PaymentMethod] {
	type object = model.PaymentMethod
	return table[object]{
		name: "payment_methods", typeName: "PaymentMethod", account: "account_sid",
		identity: func(m *object) (id, sid *string) { return &m.ID, &m.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"type", "type", func(m *object) any { return (*string)(&m.Type) }},
			{"brand", "brand", func(m *object) any { return &m.Brand }},
			{"last4", "last4", func(m *object) any { return textOrNull[string]{&m.Last4} }},
			{"expirationMonth", "expiration_month", func(m *object) any { return numberOrNull{&m.ExpirationMonth} }},
			{"expirationYear", "expiration_year", func(m *object) any { return numberOrNull{&m.ExpirationYear} }},
			{"holderName", "holder_name", func(m *object) any { return &m.HolderName }},
			{"isDefault", "is_default", func(m *object) any { return (*flag)(&m.IsDefault) }},
			{"dateCreated", "date_created", func(m *object) any { return (*instant)(&m.DateCreated) }},
		},
	}
}

// PaymentMethods lists the ways in which the account pays, newest first.
func (s *Store) PaymentMethods(
	ctx context.Context, scope upstream.Scope, p upstream.Page,
) (upstream.List[model.PaymentMethod], error) {
	return list(ctx, s, &s.paymentMethods, scope, p)
}

// PaymentMethod reads one of the ways in which the account pays.
func (s *Store) PaymentMethod(ctx context.Context, scope upstream.Scope, sid string) (*model.PaymentMethod, error) {
	return get(ctx, s, &s.paymentMethods, scope, sid)
}

// AddPaymentMethod adds a way to pay, known to the payment provider by a token of which only a hash is kept. The account's
// first one is the default whatever n says, and a new default takes the place of the one before. BAD_USER_INPUT says what
// cannot be kept, or does not belong to a payment method of this type; CONFLICT, that the token was used before.
func (s *Store) AddPaymentMethod(
	ctx context.Context, c upstream.Change, n model.AddPaymentMethodInput,
) (upstream.Made[model.PaymentMethod], error) {
	return create(ctx, s, c, &s.paymentMethods, creation{prefix: "PM", key: n.IdempotencyKey, input: n, columns: func(tx *sql.Tx) (columns, error) {
		in := paymentMethodInput(n, s.now())
		if in.err != nil {
			return nil, in.err
		}
		token := hashOf(n.Token)
		in.add("", "token_hash", token)
		st := new(statement)
		st.write("SELECT sid FROM payment_methods WHERE account_sid = ", st.arg(c.Account()), " AND token_hash = ", st.arg(token))
		switch used, err := s.finds(ctx, tx, st); {
		case err != nil:
			return nil, failed(ctx, "looking for a token", err)
		case used:
			return nil, problem.New(problem.Conflict, "This token was used before: it is good for one payment method.")
		}
		isDefault, err := s.makeWay(ctx, tx, c.Account(), n.IsDefault)
		in.must(err)
		in.add("isDefault", "is_default", isDefault)
		return in.done()
	}})
}

// paymentMethodInput reads and checks what is kept of a payment method, but for its token and whether it is the default.
func paymentMethodInput(n model.AddPaymentMethodInput, now time.Time) *input {
	in := new(input)
	in.add("type", "type", string(n.Type))
	in.must(check.Token(n.Token, "input", "token"))
	in.text("holderName", "holder_name", n.HolderName, check.NoCard(check.Name))
	isCard, isPayPal := n.Type == model.PaymentMethodTypeCard, n.Type == model.PaymentMethodTypePaypal
	belongs(in, "brand", n.Brand, !isPayPal)
	in.text("brand", "brand", or(n.Brand, "PayPal"), check.NoCard(check.Name))
	belongs(in, "last4", n.Last4, !isPayPal)
	in.textOrNull("last4", "last4", n.Last4, check.Last4)
	belongs(in, "expirationMonth", n.ExpirationMonth, isCard)
	belongs(in, "expirationYear", n.ExpirationYear, isCard)
	if isCard {
		month, year := or(n.ExpirationMonth, 0), or(n.ExpirationYear, 0)
		if month < 1 || month > 12 {
			in.must(problem.Input("expirationMonth is 1 to 12.", "input", "expirationMonth"))
		}
		// A card is good until the end of its month.
		if this := now.UTC(); year > 9999 || year*12+month < this.Year()*12+int(this.Month()) {
			in.must(problem.Input("The card has expired, or its year is not one of four digits.", "input", "expirationYear"))
		}
		in.add("expirationMonth", "expiration_month", month)
		in.add("expirationYear", "expiration_year", year)
	}
	return in
}

// belongs refuses a field that is missing where the type of a payment method has it, or given where it has not.
func belongs[T any](in *input, field string, given graphql.Omittable[*T], has bool) {
	switch is := given.Value() != nil; {
	case is && !has:
		in.must(problem.Input("A payment method of this type has no "+field+".", "input", field))
	case !is && has:
		in.must(problem.Input("A payment method of this type has "+field+".", "input", field))
	}
}

// makeWay says whether an account's new payment method is its default: if it is to be, and the one before is no more
// then, or if there is none.
func (s *Store) makeWay(ctx context.Context, tx *sql.Tx, account string, wanted bool) (bool, error) {
	if !wanted {
		st := new(statement)
		st.write("SELECT sid FROM payment_methods WHERE is_default AND account_sid = ", st.arg(account))
		there, err := s.finds(ctx, tx, st)
		if err != nil {
			return false, failed(ctx, "looking for the default payment method", err)
		}
		return !there, nil
	}
	st := s.assign("payment_methods", columns{{"", "is_default", false}})
	st.write(" WHERE is_default AND account_sid = ", st.arg(account))
	if _, err := s.exec(ctx, tx, st); err != nil {
		return false, failed(ctx, "changing the default payment method", err)
	}
	return true, nil
}

// RemovePaymentMethod removes one of the ways in which the account pays. The default is a CONFLICT while there is another,
// or while the balance is recharged from it.
func (s *Store) RemovePaymentMethod(ctx context.Context, c upstream.Change, sid string) error {
	return remove(ctx, s, c, &s.paymentMethods, sid, func(tx *sql.Tx) error {
		st := new(statement)
		st.write("SELECT sid FROM payment_methods WHERE is_default AND account_sid = ", st.arg(c.Account()), " AND sid = ", st.arg(sid),
			" AND (EXISTS (SELECT 1 FROM payment_methods WHERE NOT is_default AND account_sid = ", st.arg(c.Account()), ")",
			" OR EXISTS (SELECT 1 FROM billing_settings WHERE auto_recharge_enabled AND account_sid = ", st.arg(c.Account()), "))")
		switch needed, err := s.finds(ctx, tx, st); {
		case err != nil:
			return failed(ctx, "looking into payment_methods", err)
		case needed:
			return problem.New(problem.Conflict, "The default payment method stays while there is another, or while the balance is recharged from it.")
		}
		return nil
	})
}
