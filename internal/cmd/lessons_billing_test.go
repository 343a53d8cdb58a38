package cmd

import (
	"crypto/rand"
	"fmt"
	"testing"
)

var billingLessons = map[string]lesson{
	"updateBillingSettings": {
		harmless: `(input: {invoiceEmail: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   `(input: {companyName: "Halyard Freight", invoiceEmail: "pay@example.com", taxId: null, autoRechargeThreshold: "12.50"})`,
				changes: []string{"billing_settings ~1"},
			}
		},
	},
	"addPaymentMethod": {
		harmless: `(input: {type: CARD, token: "4242424242424242", holderName: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: addPaymentMethod(), changes: []string{"payment_methods +1"}}
		},
	},
	"removePaymentMethod": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			var id string
			for range 2 { // the second one is not the default
				id = in.as(owner).do("mutation { addPaymentMethod"+addPaymentMethod()+" { paymentMethod { id } } }", nil).ok(t).
					text("addPaymentMethod", "paymentMethod", "id")
			}
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, id), changes: []string{"payment_methods -1"}}
		},
	},
}

// addPaymentMethod are arguments that add a bank account, each time by another token.
func addPaymentMethod() string {
	return fmt.Sprintf(`(input: {type: BANK_ACCOUNT, token: "ba_%s", holderName: "Ada", brand: "First Lakeside Bank", last4: "0042", idempotencyKey: %q})`,
		rand.Text(), rand.Text())
}
