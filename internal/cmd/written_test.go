package cmd

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestWrittenOnly gives the gateway what it must never show: it is in no answer, in no log, and in no row of the
// database but the one that needs it.
func TestWrittenOnly(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		s := load(t, sdl(t))
		p := on.startBare(t)
		for _, row := range []struct {
			name     string
			good     string // a mutation with the secret in it
			bad      string // one that is refused
			code     string
			list     string
			mayStand []string // the tables in which it may be
		}{
			{"the token of a payment method",
				`addPaymentMethod(input: {type: PAYPAL, token: "tok_%s", holderName: "Ada", idempotencyKey: "once"}) { paymentMethod { __typename } }`,
				`addPaymentMethod(input: {type: PAYPAL, token: "tok %s", holderName: "Ada"}) { paymentMethod { __typename } }`,
				"BAD_USER_INPUT", "paymentMethods", nil},
			{"the token of a payment method, a second time",
				`addPaymentMethod(input: {type: PAYPAL, token: "tok_%s", holderName: "Ada"}) { paymentMethod { __typename } }`,
				`addPaymentMethod(input: {type: PAYPAL, token: "tok_%s", holderName: "Ada"}) { paymentMethod { __typename } }`,
				"CONFLICT", "paymentMethods", nil},
			{"the address of a usage trigger",
				`createUsageTrigger(input: {usageCategory: MMS, triggerValue: 1, callbackUrl: "https://hook:%s@example.com/", idempotencyKey: "once"}) { usageTrigger { __typename } }`,
				`createUsageTrigger(input: {usageCategory: MMS, triggerValue: 1, callbackUrl: "ftp://hook:%s@example.com/"}) { usageTrigger { __typename } }`,
				"BAD_USER_INPUT", "usageTriggers", []string{"usage_triggers"}},
		} {
			t.Run(row.name, func(t *testing.T) {
				in, secret := p.newTenant(), rand.Text()
				who := in.as(owner)
				made := who.do("mutation { "+fmt.Sprintf(row.good, secret)+" }", nil).ok(t)
				refused := who.do("mutation { "+fmt.Sprintf(row.bad, secret)+" }", nil).refused(t, http.StatusOK, row.code)
				i := slices.IndexFunc(connections(s), func(l listing) bool { return l.Name == row.list })
				list := connections(s)[i]
				read := who.do(list.query("", "edges { cursor node { "+scalars(s, list.element)+" } }"), nil).ok(t)
				if len(read.all(list.path("edges")...)) != 1 {
					t.Fatalf("one was made, and the list is %s", read.body)
				}
				for _, text := range []string{made.body, refused.body, read.body, p.stderr.String()} {
					if strings.Contains(text, secret) {
						t.Errorf("it is in %s", text)
					}
				}
				for _, r := range in.dump() {
					if strings.Contains(fmt.Sprint(r.values), secret) && !slices.Contains(row.mayStand, r.name) {
						t.Errorf("it is in a row of %s", r.name)
					}
				}
			})
		}
	})
}
