package store

import (
	"context"
	"database/sql"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
	"github.com/shopspring/decimal"
)

// UpdateBillingSettings changes how the account is billed. What cannot be kept is BAD_USER_INPUT; so is recharging that
// lacks an amount, or fills up to no more than it begins at. Without a payment method it is a CONFLICT.
func (s *Store) UpdateBillingSettings(
	ctx context.Context, c upstream.Change, n model.UpdateBillingSettingsInput,
) (*model.BillingSettings, error) {
	return updateOnly(ctx, s, c, &s.billingSettings, func(tx *sql.Tx) (columns, error) {
		least, most := decimal.New(1, -2), decimal.New(1, 6)
		var in input
		in.textIf("companyName", "company_name", n.CompanyName, check.Text(255))
		in.textIf("invoiceEmail", "invoice_email", n.InvoiceEmail, check.Email)
		in.textOrNull("taxId", "tax_id", n.TaxID, check.Text(64))
		in.flagIf("autoRechargeEnabled", "auto_recharge_enabled", n.AutoRechargeEnabled)
		in.amountOrNull("autoRechargeThreshold", "auto_recharge_threshold_micros", n.AutoRechargeThreshold, least, most)
		in.amountOrNull("autoRechargeAmount", "auto_recharge_amount_micros", n.AutoRechargeAmount, least, most)
		in.must(s.mayRecharge(ctx, tx, c.Account(), n))
		return in.done()
	})
}

// mayRecharge says what is wrong with how the account would recharge its balance after a change.
func (s *Store) mayRecharge(ctx context.Context, tx *sql.Tx, account string, n model.UpdateBillingSettingsInput) error {
	kept, err := only(ctx, s, tx, &s.billingSettings, upstream.NewScope(account,
		policy.NewFields("autoRechargeEnabled", "autoRechargeThreshold", "autoRechargeAmount")))
	if err != nil {
		return err
	}
	threshold, amount := after(n.AutoRechargeThreshold, kept.AutoRechargeThreshold), after(n.AutoRechargeAmount, kept.AutoRechargeAmount)
	switch {
	case threshold != nil && amount != nil && !amount.GreaterThan(*threshold):
		return problem.Input("autoRechargeAmount is more than autoRechargeThreshold.", "input", "autoRechargeAmount")
	case !or(n.AutoRechargeEnabled, kept.AutoRechargeEnabled):
		return nil
	case threshold == nil:
		return problem.Input("Recharging needs autoRechargeThreshold.", "input", "autoRechargeThreshold")
	case amount == nil:
		return problem.Input("Recharging needs autoRechargeAmount.", "input", "autoRechargeAmount")
	}
	st := new(statement)
	st.write("SELECT sid FROM payment_methods WHERE is_default AND account_sid = ", st.arg(account), s.forUpdate)
	switch pays, err := s.finds(ctx, tx, st); {
	case err != nil:
		return failed(ctx, "looking for a payment method", err)
	case !pays:
		return problem.New(problem.Conflict, "There is no payment method to recharge the balance from.")
	}
	return nil
}

// after is an amount after a change: the one given, if one is, or the one kept.
func after(given graphql.Omittable[*decimal.Decimal], kept *model.Money) *decimal.Decimal {
	switch {
	case given.IsSet():
		return given.Value()
	case kept != nil:
		return &kept.Amount
	}
	return nil
}
