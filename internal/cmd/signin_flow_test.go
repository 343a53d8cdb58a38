package cmd

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
)

const flowCookie = "__Host-fieldgate-sign-in"

// refusedCodes is how often the provider was asked to redeem a code that is none.
func (p *program) refusedCodes() int { return strings.Count(p.stderr.String(), "refused the code") }

// begun begins a sign-in, once the provider is known, and returns where the browser is sent and the state that goes there.
func (v *visitor) begun(corp *issuertest.Provider) (sent, state string) {
	v.p.t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		sent := v.visit(http.MethodGet, v.p.origin()+"/sign-in/corp", nil).location
		if to, err := url.Parse(sent); err == nil && strings.HasPrefix(sent, corp.URL+"/authorize?") {
			return sent, to.Query().Get("state")
		}
		if time.Now().After(late) {
			v.p.t.Fatalf("the provider is not known: %s\n%s", sent, v.p.stderr)
		}
	}
}

// guess comes back from the provider with a code that is none.
func (v *visitor) guess(state string) {
	v.p.t.Helper()
	v.visit(http.MethodGet, v.p.origin()+"/sign-in/corp/callback?code=none&state="+url.QueryEscape(state), nil)
}

// TestFlowIsGoodOnce: what a browser has when it is sent to its provider lets it come back once, with whatever code, also
// if somebody has kept the cookie: the provider is asked no second time.
func TestFlowIsGoodOnce(t *testing.T) {
	for _, row := range []struct {
		name  string
		first func(v *visitor, sent, state string)
		asked int // how often the provider was, with a code that is none
	}{
		{"after a code that is none", func(v *visitor, _, state string) { v.guess(state) }, 1},
		{"after a good code", func(v *visitor, sent, _ string) {
			v.follow(sent)
			if _, code, words := v.redeem(); code != "" {
				t.Errorf("%s: %s", code, words)
			}
		}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			corp := issuertest.New(t)
			p := withClient(t, corp)
			v := p.visitor()
			sent, state := v.begun(corp)
			kept := v.cookies[flowCookie]
			row.first(v, sent, state)
			for range 10 {
				v.cookies[flowCookie] = kept
				v.guess(state)
			}
			if got := p.refusedCodes(); got != row.asked {
				t.Errorf("the provider was asked %d times, want %d", got, row.asked)
			}
			back := v.visit(http.MethodGet, sent, nil) // the provider gives out another code for the same flow
			v.cookies[flowCookie] = kept
			v.follow(back.location)
			if who, code, words := v.redeem(); code != "UNAUTHENTICATED" || !strings.Contains(words, "is over") || who.access != "" {
				t.Errorf("signed in a second time: %q %s", code, words)
			}
		})
	}
}

// TestCallbacksAreCounted: an address has a provider asked so often in a minute and no more, with a flow of its own each
// time; the person is told why, and that the page asks for its tokens counts no second time.
func TestCallbacksAreCounted(t *testing.T) {
	const most = 5
	for _, row := range []struct {
		name  string
		comes func(v *visitor, sent, state string)
		code  string // of what is not refused for the limit
	}{
		{"with codes that are none", func(v *visitor, _, state string) { v.guess(state) }, "UNAUTHENTICATED"},
		{"with good codes", func(v *visitor, sent, _ string) { v.follow(sent) }, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			corp := issuertest.New(t)
			p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp, "client_id: "+corp.ClientID)), fmt.Sprint("--limit-sign-ins=", most), "--metrics-listen=127.0.0.1:0")
			corp.Change(func(corp *issuertest.Provider) { corp.RedirectURI = p.origin() + "/sign-in/corp/callback" })
			v := p.visitor()
			limited, asked := 0, 0
			for range 3*most + 3 { // a minute may end in between
				sent, state := v.begun(corp)
				row.comes(v, sent, state)
				switch _, code, words := v.redeem(); {
				case code == row.code:
					asked++
				case code == "RATE_LIMITED" && strings.Contains(words, "too many attempts"):
					limited++
				default:
					t.Fatalf("%s: %s", code, words)
				}
			}
			if asked < most || asked > 2*most {
				t.Errorf("the provider was asked %d times, want %d a minute", asked, most)
			}
			if n := p.figures()[`fieldgate_limits_exceeded_total{limit="sign_ins"}`]; int(n) != limited {
				t.Errorf("counted %v of %d", n, limited)
			}
		})
	}
}

// TestSentToThePublicURLOnce: a proxy that passes on another Host than people asked for does not send them round in
// circles: they are told what is wrong.
func TestSentToThePublicURLOnce(t *testing.T) {
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp, "client_id: "+corp.ClientID)), "--public-url=https://localhost:8443")
	p.knows(corp)
	v := p.visitor()
	public, passedOn := "https://localhost:8443", p.origin()
	step := v.visit(http.MethodGet, passedOn+"/sign-in/corp", nil)
	for range 2 {
		if !strings.HasPrefix(step.location, public) {
			break
		}
		step = v.visit(http.MethodGet, passedOn+strings.TrimPrefix(step.location, public), nil)
	}
	if step.status != http.StatusSeeOther || !strings.HasSuffix(step.location, "/#sign-in=done") {
		t.Fatalf("it is sent on and on: %q", v.seen)
	}
	if _, code, words := v.redeem(); code != "BAD_REQUEST" || !strings.Contains(words, "--public-url") || !strings.Contains(words, "Host") {
		t.Errorf("%s: %s", code, words)
	}
	if log := p.stderr.String(); !strings.Contains(log, "under another name") {
		t.Errorf("the log: %s", log)
	}
}
