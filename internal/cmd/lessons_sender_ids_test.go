package cmd

import (
	"fmt"
	"testing"
)

var senderIDLessons = map[string]lesson{
	"submitSenderIdRegistration": {
		harmless: `(input: {senderId: "", isoCountry: "GB", useCase: MARKETING, companyName: "x", contactEmail: "x", contactName: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: application(in, `, idempotencyKey: "once"`), changes: []string{"sender_id_registrations +1"}}
		},
	},
	"deleteSenderIdRegistration": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			id := in.as(owner).do(`mutation { submitSenderIdRegistration`+application(in, "")+` { senderIdRegistration { id } } }`, nil).ok(t).
				text("submitSenderIdRegistration", "senderIdRegistration", "id")
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, id), changes: []string{"sender_id_registrations -1"}}
		},
	},
}

// application is for a sender ID that the account has not applied for.
func application(in tenant, more string) string {
	return fmt.Sprintf(`(input: {senderId: %q, isoCountry: "GB", useCase: MARKETING, companyName: "Halyard Freight", contactEmail: %q, contactName: "Ada"%s})`,
		"A"+newSID("AI")[:10], in.email(owner), more)
}
