package cmd

import (
	"net/http"
	"testing"
)

// TestSenderIDNotSeen: who may apply for a sender ID and not see registrations has applied, and is denied what the
// payload has of it.
func TestSenderIDNotSeen(t *testing.T) {
	p := databases()[0].startBare(t, "--matrix", published(t).alone().with("ALPHANUMERIC_SENDER_ID_READ", developer, "").file(t))
	in := p.newTenant()
	who := in.signIn(developer)
	try := lessonOf(t, "submitSenderIdRegistration").attempt(t, in, who)
	before := in.dump()
	a := who.do("mutation { submitSenderIdRegistration"+try.input+" { senderIdRegistration { id } senderIdRegistrationEdge { cursor } } }", nil).
		refused(t, http.StatusOK, "FORBIDDEN")
	for _, field := range []string{"senderIdRegistration", "senderIdRegistrationEdge"} {
		if a.at("submitSenderIdRegistration") == nil || a.at("submitSenderIdRegistration", field) != nil {
			t.Errorf("%s is not what is null: %s", field, a.body)
		}
	}
	in.insistOn(t, before.changesTo(in.dump()), try)
}
