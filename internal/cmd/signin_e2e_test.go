//go:build e2e

package cmd

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
)

// TestBrowserProvider signs in at an identity provider: the page is left for it, and who comes back is signed in, with
// nothing in the address bar and nothing kept.
func TestBrowserProvider(t *testing.T) {
	corp := issuertest.New(t)
	p := withClient(t, corp)
	b := browse(t, p, "/")
	b.others = []string{strings.TrimPrefix(corp.URL, "http://")}
	b.ready()
	b.shot("provider-button")
	b.run(chromedp.Click(css(`.providers a[href="/sign-in/corp"]`)))
	b.says(".account", "ines@corp.example")
	b.says(".account li", "Support")
	b.ready()
	if got := eval[string](b, `location.href`); got != p.origin()+"/" {
		t.Errorf("the address is %s", got)
	}
	if got := b.execute(); !strings.Contains(got, `"friendlyName": "Halyard Freight"`) {
		t.Errorf("the answer is %s", got)
	}
	b.shot("provider-signed-in")
	b.nothingKept()
	b.mu.Lock()
	if len(b.secrets) == 0 {
		t.Error("the test has not seen the tokens, and so not looked for them")
	}
	b.mu.Unlock()
	b.run(chromedp.Click(css(`.bar button.way`)))
	b.says(".notice", "You are signed out.")

	// Who is not let in is told why, in the page, and can try again.
	corp.Change(func(corp *issuertest.Provider) { corp.Person["groups"] = []string{"everyone"} })
	b.run(chromedp.Click(css(`.providers a`)))
	b.says(".notice", "None of the groups that your identity provider has you in gives you a role here.")
	b.shot("provider-refused")
	corp.Change(func(corp *issuertest.Provider) { corp.Person["groups"] = []string{"developers"} })
	b.run(chromedp.Click(css(`.providers a`)))
	b.says(".account li", "Developer")
}

// TestBrowserProviderAlone: without passwords there is no form, on a phone too.
func TestBrowserProviderAlone(t *testing.T) {
	corp := issuertest.New(t)
	p := startDemo(t, "--issuers", issuersFile(t, issuerEntry("corp", corp, "client_id: "+corp.ClientID)), "--local-sign-in=off")
	b := browse(t, p, "/")
	b.size(390, 844)
	b.ready()
	b.wait(`document.querySelector('.providers a') && !document.querySelector('form.signin')`)
	b.shot("provider-alone")
}
