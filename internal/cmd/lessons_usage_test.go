package cmd

import (
	"fmt"
	"testing"
)

var usageLessons = map[string]lesson{
	"createUsageTrigger": {
		harmless: `(input: {usageCategory: MMS, triggerValue: "0", callbackUrl: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input: `(input: {friendlyName: "made", usageCategory: SMS_OUTBOUND, triggerBy: PRICE, triggerValue: "12.50", recurring: MONTHLY,
					callbackUrl: "https://hook:sesame@example.com/usage", idempotencyKey: "once"})`,
				changes: []string{"usage_triggers +1"},
			}
		},
	},
	"deleteUsageTrigger": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			id := in.as(owner).do(`mutation { createUsageTrigger(input: {usageCategory: MMS, triggerValue: 1, callbackUrl: "https://example.com/"}) {
				usageTrigger { id } } }`, nil).ok(t).text("createUsageTrigger", "usageTrigger", "id")
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, id), changes: []string{"usage_triggers -1"}}
		},
	},
}
