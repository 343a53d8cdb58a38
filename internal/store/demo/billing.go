package demo

import (
	"fmt"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
)

// invoiceRows makes an invoice for each month that is over. Its subtotal is what the
// usage of the month cost, exact.
func invoiceRows(a Account, daily []used, today time.Time) rows {
	r := stream(a.Name + "/invoices")
	t := rows{table: "invoices", columns: []string{
		"sid", "account_sid", "invoice_number", "status", "period_start", "period_end", "due_date",
		"subtotal_micros", "tax_micros", "total_micros", "currency", "date_created", "date_paid",
	}}
	current := monthOf(today)
	for start := monthOf(daily[0].start); start.Before(current); start = start.AddDate(0, 1, 0) {
		_, end := month(start)
		made := end.AddDate(0, 0, 1)
		due := made.AddDate(0, 0, 14)
		var subtotal int64
		for _, u := range daily {
			if monthOf(u.start).Equal(start) {
				subtotal += u.price
			}
		}
		const cent = million / 100
		tax := (subtotal*825/10_000 + cent/2) / cent * cent // 8.25 %, rounded to cents
		status, paid := "PAID", any(at(made.AddDate(0, 0, 2+r.IntN(11))))
		switch ago := (current.Year()-start.Year())*12 + int(current.Month()-start.Month()); ago {
		case 1:
			status, paid = "OPEN", nil
			if due.Before(today) {
				due = today.AddDate(0, 0, 7) // the account was given more time
			}
		case 2:
			status, paid = "OVERDUE", nil
		case 5:
			status, paid = "VOID", nil
		}
		t.add(sid(r, "IV"), a.SID, fmt.Sprintf("%s-%05d", start.Format("2006-01"), 10_000+r.IntN(90_000)), status,
			day(start), day(end), day(due), subtotal, tax, subtotal+tax, currency, at(made), paid)
	}
	return t
}

func paymentMethodRows(a Account, count int, today time.Time) rows {
	r := stream(a.Name + "/payment methods")
	t := rows{table: "payment_methods", columns: []string{
		"sid", "account_sid", "type", "brand", "last4", "expiration_month", "expiration_year", "holder_name", "is_default", "date_created",
	}}
	for i := range count {
		last4 := fmt.Sprintf("%04d", r.IntN(10_000))
		made := at(opened(today).AddDate(0, 4*i, 0))
		holder := a.With(policy.Owner).Name
		switch i % 4 {
		case 0, 1:
			t.add(sid(r, "PM"), a.SID, "CARD", pick(r, "Visa", "Mastercard", "American Express"), last4,
				1+r.IntN(12), today.Year()+1+r.IntN(3), holder, i == 0, made)
		case 2:
			t.add(sid(r, "PM"), a.SID, "BANK_ACCOUNT", "First Lakeside Bank", last4, nil, nil, a.Name, false, made)
		case 3:
			t.add(sid(r, "PM"), a.SID, "PAYPAL", "PayPal", nil, nil, nil, holder, false, made)
		}
	}
	return t
}

func billingSettingsRows(a Account) rows {
	t := rows{table: "billing_settings", columns: []string{
		"account_sid", "company_name", "invoice_email", "tax_id", "currency", "auto_recharge_enabled",
		"auto_recharge_threshold_micros", "auto_recharge_amount_micros",
	}}
	t.add(a.SID, a.Name, "invoices@"+a.domain, "00-0000000", currency, true, int64(500*million), int64(2_500*million))
	return t
}
