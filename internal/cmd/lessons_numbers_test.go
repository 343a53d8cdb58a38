package cmd

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

var numberLessons = map[string]lesson{
	"buyPhoneNumber": {
		harmless: `(input: {phoneNumber: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {phoneNumber: %q, voiceUrl: "https://example.com/voice", idempotencyKey: "once"})`, in.forSale()),
				changes: []string{"available_phone_numbers ~1", "phone_numbers +1"},
			}
		},
	},
	"updatePhoneNumber": {
		harmless: `(input: {id: "x", friendlyName: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {id: %q, friendlyName: "after", smsMethod: POST, voiceUrl: null})`, buyNumber(t, in)),
				changes: []string{"phone_numbers ~1"},
			}
		},
	},
	"releasePhoneNumber": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {id: %q})`, buyNumber(t, in)),
				changes: []string{"available_phone_numbers ~1", "phone_numbers -1"},
			}
		},
	},
}

// forSale is a number that was not known before, and that anyone can buy.
func (in tenant) forSale() string {
	number := fmt.Sprintf("+1%010d", 2_000_000_000+rand.IntN(8_000_000_000))
	in.row("available_phone_numbers", "", vars{
		"phone_number": number, "available": true, "friendly_name": number, "type": "LOCAL", "iso_country": "US", "voice_capable": true,
		"sms_capable": true, "mms_capable": false, "fax_capable": false, "address_requirements": "NONE", "beta": false,
	})
	return number
}

// buyNumber has the Owner buy a number.
func buyNumber(t *testing.T, in tenant) (id string) {
	t.Helper()
	return in.as(owner).do(`mutation($number: String!) { buyPhoneNumber(input: {phoneNumber: $number}) { phoneNumber { id } } }`,
		vars{"number": in.forSale()}).ok(t).text("buyPhoneNumber", "phoneNumber", "id")
}
