package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func balanceTable() table[model.Money] {
	type object = model.Money
	return table[object]{
		name: "accounts", typeName: "Money", account: "sid",
		order: []key{{column: "sid", kind: text}},
		columns: []column[object]{
			{"amount", "balance_micros", func(m *object) any { return (*amount)(&m.Amount) }},
			{"currency", "balance_unit", func(m *object) any { return &m.Currency }},
		},
	}
}

// Balance reads what the account has left. The scope's fields are those of Money.
func (s *Store) Balance(ctx context.Context, scope upstream.Scope) (*model.Money, error) {
	return only(ctx, s, s.db, &s.balances, scope)
}

func invoiceTable() table[model.Invoice] {
	type object = model.Invoice
	return table[object]{
		name: "invoices", typeName: "Invoice", account: "account_sid",
		identity: func(i *object) (id, sid *string) { return &i.ID, &i.Sid },
		order:    []key{{column: "period_start", kind: day, descending: true}, {column: "sid", kind: text, descending: true}},
		columns: []column[object]{
			{"number", "invoice_number", func(i *object) any { return &i.Number }},
			{"status", "status", func(i *object) any { return (*string)(&i.Status) }},
			{"periodStart", "period_start", func(i *object) any { return (*string)(&i.PeriodStart) }},
			{"periodEnd", "period_end", func(i *object) any { return (*string)(&i.PeriodEnd) }},
			{"dueDate", "due_date", func(i *object) any { return (*string)(&i.DueDate) }},
			{"subtotal", "subtotal_micros", func(i *object) any { return (*amount)(&i.Subtotal.Amount) }},
			{"subtotal", "currency", func(i *object) any { return &i.Subtotal.Currency }},
			{"tax", "tax_micros", func(i *object) any { return (*amount)(&i.Tax.Amount) }},
			{"tax", "currency", func(i *object) any { return &i.Tax.Currency }},
			{"total", "total_micros", func(i *object) any { return (*amount)(&i.Total.Amount) }},
			{"total", "currency", func(i *object) any { return &i.Total.Currency }},
			{"dateCreated", "date_created", func(i *object) any { return (*instant)(&i.DateCreated) }},
			{"datePaid", "date_paid", func(i *object) any { return instantOrNull{&i.DatePaid} }},
		},
	}
}

// Invoices lists the account's invoices, newest period first.
func (s *Store) Invoices(
	ctx context.Context, scope upstream.Scope, f upstream.InvoiceFilter, p upstream.Page,
) (upstream.List[model.Invoice], error) {
	return list(ctx, s, &s.invoices, scope, p, equal("status", f.Status))
}

// Invoice reads one of the account's invoices.
func (s *Store) Invoice(ctx context.Context, scope upstream.Scope, sid string) (*model.Invoice, error) {
	return get(ctx, s, &s.invoices, scope, sid)
}

func paymentMethodTable() table[model.PaymentMethod] {
	type object = model.PaymentMethod
	return table[object]{
		name: "payment_methods", typeName: "PaymentMethod", account: "account_sid",
		identity: func(m *object) (id, sid *string) { return &m.ID, &m.Sid },
		order:    []key{{column: "date_created", kind: moment, descending: true}, {column: "sid", kind: text, descending: true}},
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

func billingSettingsTable() table[model.BillingSettings] {
	type object = model.BillingSettings
	return table[object]{
		name: "billing_settings", typeName: "BillingSettings", account: "account_sid",
		order: []key{{column: "account_sid", kind: text}},
		columns: []column[object]{
			{"companyName", "company_name", func(b *object) any { return &b.CompanyName }},
			{"invoiceEmail", "invoice_email", func(b *object) any { return &b.InvoiceEmail }},
			{"taxId", "tax_id", func(b *object) any { return textOrNull[string]{&b.TaxID} }},
			{"currency", "currency", func(b *object) any { return &b.Currency }},
			{"autoRechargeEnabled", "auto_recharge_enabled", func(b *object) any { return (*flag)(&b.AutoRechargeEnabled) }},
			{"autoRechargeThreshold", "auto_recharge_threshold_micros", func(b *object) any { return amountOrNull{&b.AutoRechargeThreshold} }},
			{"autoRechargeThreshold", "currency", func(b *object) any { return currencyOf{&b.AutoRechargeThreshold} }},
			{"autoRechargeAmount", "auto_recharge_amount_micros", func(b *object) any { return amountOrNull{&b.AutoRechargeAmount} }},
			{"autoRechargeAmount", "currency", func(b *object) any { return currencyOf{&b.AutoRechargeAmount} }},
		},
	}
}

// BillingSettings reads how the account is billed.
func (s *Store) BillingSettings(ctx context.Context, scope upstream.Scope) (*model.BillingSettings, error) {
	return only(ctx, s, s.db, &s.billingSettings, scope)
}
