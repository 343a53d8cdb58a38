package cmd

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// never says of a field that no type which can be read may have it, under any rule.
const never = "never"

// personalData is how what is somebody's own must be masked, by its name in the schema.
var personalData = map[string]string{
	// What Twilio's OpenAPI descriptions mark x-twilio.pii, handling: standard.
	"Account.friendlyName":         "ALL",   // api.v2010.account.friendly_name
	"ProjectSettings.friendlyName": "ALL",   // the same
	"ApiKey.friendlyName":          "ALL",   // api.v2010.account.key.friendly_name
	"PhoneNumber.friendlyName":     "ALL",   // api.v2010.account.incoming_phone_number.friendly_name
	"Call.to":                      "LAST4", // api.v2010.account.call.to
	"Call.from":                    "LAST4", // api.v2010.account.call.from
	"Call.forwardedFrom":           "LAST4", // api.v2010.account.call.forwarded_from
	"Call.callerName":              "ALL",   // api.v2010.account.call.caller_name
	"Message.body":                 "ALL",   // api.v2010.account.message.body
	"Message.from":                 "LAST4", // api.v2010.account.message.from
	"Message.to":                   "LAST4", // api.v2010.account.message.to
	"Sim.iccid":                    "LAST4", // supersim.v1.sim.iccid
	"FunctionService.friendlyName": "ALL",   // serverless.v1.service.friendly_name
	"FunctionService.uniqueName":   "ALL",   // serverless.v1.service.unique_name
	"Function.friendlyName":        "ALL",   // serverless.v1.service.function.friendly_name
	"Worker.friendlyName":          "ALL",   // taskrouter.v1.workspace.worker.friendly_name
	"TaskQueue.friendlyName":       "ALL",   // taskrouter.v1.workspace.task_queue.friendly_name

	// What they mark x-twilio.pii, handling: sensitive.
	"Account.authToken":                  never, // api.v2010.account.auth_token, accounts.v1.auth_token_promotion.auth_token
	"Account.secondaryAuthToken":         never, // accounts.v1.secondary_auth_token.secondary_auth_token
	"ProjectSettings.authToken":          never, // the same two
	"ProjectSettings.secondaryAuthToken": never,
	"UsageTrigger.callbackUrl":           never, // api.v2010.account.usage.usage_trigger.callback_url
	"Worker.attributes":                  never, // taskrouter.v1.workspace.worker.attributes

	// What they do not mark, and is the same.
	"PhoneNumber.phoneNumber":          "LAST4",
	"CustomerProfile.email":            "EMAIL",
	"TrustProduct.email":               "EMAIL",
	"Alert.alertText":                  "ALL", // often what a webhook was sent, its URL and a message's body among it
	"Alert.requestUrl":                 "URL",
	"Alert.requestVariables":           "ALL",
	"Alert.requestHeaders":             "ALL",
	"Alert.responseHeaders":            "ALL",
	"Alert.responseBody":               "ALL",
	"BillingSettings.invoiceEmail":     "EMAIL",
	"BillingSettings.taxId":            "LAST4",
	"PaymentMethod.holderName":         "ALL",
	"SenderIdRegistration.contactName": "ALL",
	"OAuthClient.name":                 "ALL",
	"User.name":                        "ALL",
	"Invitation.name":                  "ALL",
	"AuditEvent.eventData":             never, // the values before and after a change: an event has the names of fields alone
	"ApiKey.secret":                    never,
	"OAuthClient.secret":               never,
}

// ownData are the fields that are called like personal data and are not masked, each with its reason.
var ownData = map[string]string{
	"Viewer.email":                     "the caller's own address",
	"AcceptInvitationPayload.email":    "the address of who accepts, who holds the invitation's token",
	"AvailablePhoneNumber.phoneNumber": "nobody's number yet",
}

// TestPersonalData holds the schema to the tables above, and to what names say: a URL that somebody gave is masked as one
// wherever it stands, an e-mail address too, and what is a secret is in nothing that can be read.
func TestPersonalData(t *testing.T) {
	s := load(t, sdl(t))
	for coordinate, want := range personalData {
		object, name, _ := strings.Cut(coordinate, ".")
		def := s.Types[object]
		if def == nil {
			t.Errorf("%s is of no type: take it out of this test's table", coordinate)
			continue
		}
		field := def.Fields.ForName(name)
		switch {
		case want == never && field != nil:
			t.Errorf("%s can be read: it never may", coordinate)
		case want != never && field == nil:
			t.Errorf("%s is no field: take it out of this test's table", coordinate)
		case want != never && maskOf(s, object, name) != want:
			t.Errorf("%s has the mask %q, want %q", coordinate, maskOf(s, object, name), want)
		}
	}
	for _, object := range slices.Sorted(maps.Keys(canBeRead(s))) {
		for _, f := range s.Types[object].Fields {
			if coordinate := object + "." + f.Name; secretName(f.Name) {
				t.Errorf("%s is called like a secret, and can be read", coordinate)
			}
		}
	}
	for coordinate := range ownData {
		object, name, _ := strings.Cut(coordinate, ".")
		if s.Types[object].Fields.ForName(name) == nil || maskOf(s, object, name) != "" || maskByName(name) == "" {
			t.Errorf("%s needs no exception", coordinate)
		}
	}
	for _, object := range slices.Sorted(maps.Keys(s.Types)) {
		if s.Types[object].Kind != ast.Object || s.Types[object].BuiltIn {
			continue
		}
		for _, f := range s.Types[object].Fields {
			coordinate, want := object+"."+f.Name, maskByName(f.Name)
			if f.Type.Name() == "String" && want != "" && ownData[coordinate] == "" && maskOf(s, object, f.Name) != want {
				t.Errorf("%s has the mask %q, want %q by its name", coordinate, maskOf(s, object, f.Name), want)
			}
		}
	}
}

// TestRowsThatMeet: what belongs to another row than what it stands in keeps its own rule. Prices are billing data but for
// those of usage, which belong to its row; what a webhook was sent and answered belongs to who builds it.
func TestRowsThatMeet(t *testing.T) {
	s := load(t, sdl(t))
	met := 0
	for _, object := range slices.Sorted(maps.Keys(canBeRead(s))) {
		for _, f := range s.Types[object].Fields {
			want := ""
			switch name := strings.ToLower(f.Name); {
			case f.Type.Name() == "Money" && object != "UsageRecord":
				want = "BILLING_HISTORY_AND_SETTINGS"
			case object == "Alert" && (strings.HasPrefix(name, "request") && name != "requestmethod" || strings.HasPrefix(name, "response")):
				want = "DEV_TOOLS"
			default:
				continue
			}
			met++
			if got := fieldDemand(s, object, f.Name); got != (demand{holder, want, "READ"}) {
				t.Errorf("%s.%s needs %+v, want %s", object, f.Name, got, want)
			}
		}
	}
	if met < 10 {
		t.Errorf("only %d fields", met)
	}
}

// maskByName is how a text of such a name is masked; "" for a name that says nothing.
func maskByName(name string) string {
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, "url") || strings.HasSuffix(lower, "callback"):
		return "URL"
	case strings.HasSuffix(lower, "email"):
		return "EMAIL"
	case lower == "phonenumber":
		return "LAST4"
	}
	return ""
}

// secretName says whether a field is called like something that opens a door.
func secretName(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, "secret") || strings.HasSuffix(lower, "token") || strings.Contains(lower, "password")
}

// canBeRead are the objects that a query or a subscription leads to.
func canBeRead(s *ast.Schema) map[string]bool {
	found := map[string]bool{}
	queue := []*ast.Definition{s.Query, s.Subscription}
	for len(queue) > 0 {
		def := queue[0]
		queue = queue[1:]
		if def.BuiltIn || found[def.Name] || def.Kind == ast.Scalar || def.Kind == ast.Enum {
			continue
		}
		if def.IsAbstractType() {
			queue = append(queue, s.PossibleTypes[def.Name]...)
			continue
		}
		found[def.Name] = true
		for _, f := range def.Fields {
			queue = append(queue, s.Types[f.Type.Name()])
		}
	}
	return found
}
