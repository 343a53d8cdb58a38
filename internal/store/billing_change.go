package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
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
	var settings *model.BillingSettings
	err := s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		to, err := billingColumns(n)
		if err != nil {
			return audit.Change{}, err
		}
		if or(n.AutoRechargeEnabled, false) {
			st := new(statement)
			st.write("SELECT sid FROM payment_methods WHERE is_default AND account_sid = ", st.arg(c.Account()), s.forUpdate)
			switch pays, err := s.finds(ctx, tx, st); {
			case err != nil:
				return audit.Change{}, failed(ctx, "looking for a payment method", err)
			case !pays:
				return audit.Change{}, problem.New(problem.Conflict, "There is no payment method to recharge the balance from.")
			}
		}
		if err := s.setBilling(ctx, tx, c.Account(), to); err != nil {
			return audit.Change{}, err
		}
		settings, err = only(ctx, s, tx, &s.billingSettings, c.Scope)
		return audit.Change{Type: s.billingSettings.typeName, SID: c.Account(), Fields: to.fields()}, err
	})
	if err != nil {
		return nil, err
	}
	return settings, nil
}

func billingColumns(n model.UpdateBillingSettingsInput) (columns, error) {
	least, most := decimal.New(1, -2), decimal.New(1, 6)
	var in input
	in.textIf("companyName", "company_name", n.CompanyName, check.Text(255))
	in.textIf("invoiceEmail", "invoice_email", n.InvoiceEmail, check.Email)
	in.textOrNull("taxId", "tax_id", n.TaxID, check.Text(64))
	in.flagIf("autoRechargeEnabled", "auto_recharge_enabled", n.AutoRechargeEnabled)
	in.amountOrNull("autoRechargeThreshold", "auto_recharge_threshold_micros", n.AutoRechargeThreshold, least, most)
	in.amountOrNull("autoRechargeAmount", "auto_recharge_amount_micros", n.AutoRechargeAmount, least, most)
	return in.done()
}

// setBilling writes an account's billing settings. What the amounts must be to each other the database knows, which has
// those that are not written too.
func (s *Store) setBilling(ctx context.Context, tx *sql.Tx, account string, to columns) error {
	st := new(statement)
	st.write("UPDATE billing_settings SET date_updated = ", st.arg(micros(s.now())))
	for _, c := range to {
		st.write(", ", c.column, " = ", st.arg(c.value))
	}
	st.write(" WHERE account_sid = ", st.arg(account))
	_, err := s.exec(ctx, tx, st)
	switch {
	case isConstraint(err):
		return problem.Input("Recharging needs autoRechargeThreshold and, above it, autoRechargeAmount.", "input")
	case err != nil:
		return failed(ctx, "changing billing_settings", err)
	}
	return nil
}
