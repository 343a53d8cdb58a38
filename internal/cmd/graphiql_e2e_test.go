//go:build e2e

package cmd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

type css = chromedp.CSS

// editorText is the text in one of GraphiQL's editors; it leaves Monaco in __MONACO.
func editorText(name string) string {
	return fmt.Sprintf(`__MONACO.editor.getModels().find((m) => m.uri.path.endsWith(%q))`, name)
}

// ready waits until GraphiQL is there to be used.
func (b *tab) ready() {
	b.t.Helper()
	b.wait(`document.querySelector('.graphiql-query-editor .view-line') && globalThis.__MONACO`)
}

// signIn signs in by the form of the bar.
func (b *tab) signIn(email, word string) {
	b.t.Helper()
	b.fill(`input[name=email]`, email)
	b.fill(`input[name=password]`, word)
	b.run(chromedp.Click(css(`form.signin button`)))
}

// enter opens the page and signs in.
func enter(t *testing.T, p *program, email string) *tab {
	t.Helper()
	b := browse(t, p, "/")
	b.ready()
	b.signIn(email, password)
	b.says(".account", email)
	b.ready()
	return b
}

// execute runs the operation of the tab that is open and returns what the response pane shows then.
func (b *tab) execute() string {
	b.t.Helper()
	b.run(chromedp.Click(css(`.graphiql-execute-button`)))
	b.wait(editorText("response.json") + `.getValue().length > 2`)
	return eval[string](b, editorText("response.json")+`.getValue()`)
}

// write puts an operation into the tab that is open.
func (b *tab) write(operation string) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`%s.setValue(%q) ?? true`, editorText("operation.graphql"), operation))
	b.wait(fmt.Sprintf(`document.querySelector('.graphiql-query-editor').textContent.includes(%q)`, strings.Fields(operation)[0]))
}

// docs follows links of the documentation, by their texts.
func (b *tab) docs(links ...string) {
	b.t.Helper()
	for _, link := range links {
		b.wait(fmt.Sprintf(`(() => {
			const link = [...document.querySelectorAll('.graphiql-doc-explorer a')].find((a) => a.textContent === %q);
			link?.click();
			return link;
		})()`, link))
	}
}

// documented is what the documentation says of a field in the list that is open, and whether its name has a lock.
func (b *tab) documented(field string) (text string, locked bool) {
	b.t.Helper()
	item := fmt.Sprintf(`[...document.querySelectorAll('.graphiql-doc-explorer-item')].find(
		(e) => e.querySelector('.graphiql-doc-explorer-field-name').textContent === %q)`, field)
	b.wait(item)
	text = eval[string](b, item+`.querySelector('p').textContent`)
	locked = eval[bool](b, `getComputedStyle(`+item+`.querySelector('.graphiql-doc-explorer-field-name'), '::before').maskImage.includes('lock')`)
	return text, locked
}

// TestBrowserSupport is the way through the page: sign in, ask, see data and what was
// left out, see locks, sign out.
func TestBrowserSupport(t *testing.T) {
	p := startDemo(t)
	b := enter(t, p, support)
	b.says(".account li", "Support")
	if got := b.execute(); !strings.Contains(got, `"friendlyName": "Halyard Freight"`) || !strings.Contains(got, `"price": null`) {
		t.Errorf("the answer is %s", got)
	}
	const left = "account → calls → edges → node → price was left out in 3 places: it needs " +
		"Billing History & Settings (BILLING_HISTORY_AND_SETTINGS), which Support does not hold."
	b.says(".denials[aria-live=polite] li", left)

	b.docs("Query", "Account")
	for _, row := range []struct {
		field, says string
		locked      bool
	}{
		{"friendlyName", "Any signed-in caller.", false},
		{"calls", "Needs Product Logs (PRODUCT_LOGS).", false},
		{"balance", "Locked: needs Billing History & Settings (BILLING_HISTORY_AND_SETTINGS), which you do not hold.", true},
		{"apiKeys", "Locked: needs API Credentials (API_CREDENTIALS), which you do not hold.", true},
	} {
		if text, locked := b.documented(row.field); !strings.HasPrefix(text, row.says) || locked != row.locked {
			t.Errorf("%s: %s, a lock: %v", row.field, text, locked)
		}
	}

	// The other examples run too.
	for _, name := range []string{"Alerts", "Usage"} {
		b.run(chromedp.Click(`//button[text()="` + name + `"]`))
		b.wait(fmt.Sprintf(`%s.getValue().includes('query %s')`, editorText("operation.graphql"), name))
		if got := b.execute(); !strings.Contains(got, `"edges"`) || strings.Contains(got, `"errors"`) {
			t.Errorf("%s: %s", name, got)
		}
		b.wait(`document.querySelector('.denials:empty')`)
	}

	// The page has the tokens, and shows them nowhere.
	b.mu.Lock()
	secrets := slices.Clone(b.secrets)
	b.mu.Unlock()
	if len(secrets) != 2 {
		t.Fatalf("the page was given %d tokens", len(secrets))
	}
	shown := eval[string](b, `document.documentElement.outerHTML + __MONACO.editor.getModels().map((m) => m.getValue()).join()`)
	if contains(shown, append(secrets, password)) {
		t.Error("the page shows a secret")
	}

	b.run(chromedp.Click(css(`.bar button.way`)))
	b.says(".notice", "You are signed out.")
	b.ready()
	if got := eval[string](b, `document.body.innerText + __MONACO.editor.getModels().map((m) => m.getValue()).join()`); strings.Contains(got, "Halyard") {
		t.Error("a guest sees what Support asked for")
	}
	b.docs("Query")
	if text, locked := b.documented("permissionMatrix"); locked || !strings.HasPrefix(text, "Anyone.") {
		t.Errorf("to a guest, permissionMatrix is %s, a lock: %v", text, locked)
	}
	if eval[bool](b, `[...document.querySelectorAll('.graphiql-doc-explorer-field-name')].some((e) => e.textContent === 'account')`) {
		t.Error("a guest is shown account")
	}
	if left := sessionsOf(t, p, support); len(left) > 0 {
		t.Errorf("the session is still open: %v", left)
	}
}

// TestBrowserRefused: what goes wrong is said in plain words, beside the form or the answer.
func TestBrowserRefused(t *testing.T) {
	p := startDemo(t)
	b := browse(t, p, "/")
	b.ready()
	b.signIn(support, "a wrong password")
	b.says(".bar [role=alert]", "E-mail address or password is wrong.")
	b.wait(`document.activeElement.name === 'password'`)
	b.signIn(support, password)
	b.says(".account", support)
	b.ready()
	b.write(`mutation { createApiKey(input: {friendlyName: "mine"}) { secret } }`)
	b.execute()
	b.says(".denials .denied", "Nothing was done: createApiKey needs API Credentials (API_CREDENTIALS, CREATE), which Support does not hold.")
	b.write(`{ account { nothing } }`)
	b.wait(`document.querySelector('.graphiql-query-editor .squiggly-error')`) // the worker knows the schema
	b.execute()
	b.says(".denials .failed", "nothing")
}

// TestBrowserCompletion: the editor completes from the schema that the page was given.
func TestBrowserCompletion(t *testing.T) {
	b := enter(t, startDemo(t), support)
	b.write(`{ account { ba } }`)
	b.wait(`(() => {
		const editor = __MONACO.editor.getEditors().find((e) => e.getModel().uri.path.endsWith('operation.graphql'));
		editor.focus();
		editor.setPosition({ lineNumber: 1, column: 15 });
		editor.trigger('test', 'editor.action.triggerSuggest');
		return [...document.querySelectorAll('.suggest-widget .monaco-list-row')].some((e) => e.textContent.includes('balance'));
	})()`)
}

// TestBrowserMasked: what is shown masked is told apart from what is left out.
func TestBrowserMasked(t *testing.T) {
	m := published(t).with("PERSONAL_DATA", support, "")
	b := enter(t, startDemo(t, "--matrix", m.file(t)), support)
	b.execute()
	b.says(".denials .masked", "account → calls → edges → node → from and account → calls → edges → node → to are shown masked")
	b.docs("Query", "Account", "calls", "CallConnection", "CallEdge", "Call")
	if text, locked := b.documented("to"); locked || !strings.Contains(text, "Masked: to see it whole takes Personal data unmasked (PERSONAL_DATA).") {
		t.Errorf("Call.to: %s, a lock: %v", text, locked)
	}
}

// TestBrowserEnded: a session that somebody else ends makes a guest of who had it.
func TestBrowserEnded(t *testing.T) {
	p := startDemo(t)
	b := enter(t, p, support)
	for _, id := range sessionsOf(t, p, support) {
		p.as(owner).do(`mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`, vars{"id": id}).ok(t)
	}
	b.expect("401") // the browser itself notes that the token was refused
	b.run(chromedp.Click(css(`.graphiql-execute-button`)))
	b.says(".notice[role=status]", "Your session has ended. Sign in again to go on.")
	b.wait(`document.querySelector('form.signin')`)
	b.ready()
	b.signIn(support, password)
	b.says(".account", support)
	b.wait(`!document.querySelector('.notice').textContent`)
}

// TestBrowserRenewed: a change of roles is taken up without a word, and the request is
// answered by the new ones.
func TestBrowserRenewed(t *testing.T) {
	p := startDemo(t)
	b := enter(t, p, developer)
	if got := b.execute(); !strings.Contains(got, `"phoneNumber": "+`) {
		t.Errorf("a Developer sees %s", got)
	}
	target := ids(snapshot(t, p), "user "+developer)[0]
	const set = `mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [BILLING_MANAGER, SUPPORT]}) { user { id } } }`
	p.as(owner).do(set, vars{"id": target}).ok(t)
	b.expect("401")
	b.execute()
	b.says(".denials", "which neither Billing Manager nor Support holds")
	b.says(".account li", "Billing Manager")
	b.says(".account", developer)
	b.docs("Query", "Account")
	b.wait(`[...document.querySelectorAll('.graphiql-doc-explorer-item')].some((e) => /^phoneNumbers.*Locked: needs Manage Phone Numbers/.test(e.textContent))`)
	if text, locked := b.documented("balance"); locked {
		t.Errorf("balance: %s", text)
	}
	if own := eval[string](b, editorText("operation.graphql")+`.getValue()`); !strings.Contains(own, "query PhoneNumbers") {
		t.Errorf("the tab has changed: %s", own)
	}
}

// TestBrowserFollows: a subscription is shown event by event with what is left out of it, goes on when the roles change,
// is stopped by its button, and ends with the session, which is said in plain words.
func TestBrowserFollows(t *testing.T) {
	p := startDemo(t, "--demo-events", "500ms")
	b := enter(t, p, support)
	response := editorText("response.json") + `.getValue()`
	b.run(chromedp.Click(`//button[text()="Logs"]`))
	b.wait(editorText("operation.graphql") + `.getValue().includes('subscription Logs')`)
	if got := b.execute(); !strings.Contains(got, `"productLogs"`) {
		t.Errorf("the first event is %s", got)
	}
	b.says(".denials li", "productLogs → price was left out: it needs Billing History & Settings (BILLING_HISTORY_AND_SETTINGS), which Support does not hold.")

	target := ids(snapshot(t, p), "user "+support)[0]
	const set = `mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [BILLING_MANAGER, SUPPORT]}) { user { id } } }`
	p.as(owner).do(set, vars{"id": target}).ok(t)
	b.says(".account li", "Billing Manager")
	b.wait(response + `.includes('"amount"')`)

	b.run(chromedp.Click(css(`.graphiql-execute-button`)))
	b.wait(`document.querySelector('.graphiql-execute-button').getAttribute('aria-label').startsWith('Execute')`)
	stopped := eval[string](b, response)
	time.Sleep(1200 * time.Millisecond) // two events, if it still came
	if got := eval[string](b, response); got != stopped {
		t.Errorf("it goes on after it was stopped: %s", got)
	}

	b.execute()
	for _, id := range sessionsOf(t, p, support) {
		p.as(owner).do(`mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`, vars{"id": id}).ok(t)
	}
	b.says(".notice[role=status]", "Your session has ended. Sign in again to go on.")
	b.ready()
	if got := eval[string](b, `__MONACO.editor.getModels().map((m) => m.getValue()).join()`); strings.Contains(got, "productLogs") {
		t.Errorf("a guest sees what Support followed: %s", got)
	}
}

// TestBrowserKeyboard signs in, asks and leaves the editor without a mouse.
func TestBrowserKeyboard(t *testing.T) {
	const tab, enter, escape = "\t", "\r", "\x1b"
	b := browse(t, startDemo(t), "/")
	b.ready()
	focused := func(name string) {
		b.wait(fmt.Sprintf(`document.activeElement.name === %q || document.activeElement.textContent.trim() === %q`, name, name))
		if !eval[bool](b, `getComputedStyle(document.activeElement).outlineStyle !== 'none'`) {
			t.Errorf("nothing shows that %s has the focus", name)
		}
	}
	b.press(tab)
	focused("Skip to the operation")
	b.press(tab)
	focused("demo")
	b.press("s") // picks by the first letter
	b.wait(`document.querySelector('input[name=email]').value === 'support@example.com'`)
	b.press(tab)
	focused("email")
	b.press(tab)
	focused("password")
	b.press(password + enter)
	b.says(".account", support)
	b.wait(`document.activeElement.classList.contains('account')`)
	b.ready()
	b.press(tab)
	focused("Sign out")
	b.run(chromedp.KeyEvent(tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
	focused("Skip to the operation")
	b.press(enter + tab)
	b.wait(`document.activeElement.closest('.graphiql-query-editor') && !document.activeElement.closest('.monaco-editor')`)
	b.press(enter)
	b.wait(`document.activeElement.closest('.monaco-editor')`)
	b.press(escape)
	b.wait(`!document.activeElement.closest('.monaco-editor')`)
	b.press(tab)
	b.wait(`document.activeElement.classList.contains('graphiql-execute-button')`)
	b.press(enter)
	b.says(".denials", "price was left out")
}

// TestBrowserTabs: what was written by hand stays when somebody signs in; a page that is
// loaded anew has nobody signed in, and ends the session that it had.
func TestBrowserTabs(t *testing.T) {
	p := startDemo(t)
	b := browse(t, p, "/")
	b.ready()
	b.write(`query Mine { __typename }`)
	b.says(".graphiql-tab-active", "Mine")
	b.signIn(billing, password)
	b.says(".account", billing)
	b.says(".graphiql-tab-active", "BalanceAndInvoices")
	b.says(".graphiql-tab:last-of-type", "Mine")
	if got := len(sessionsOf(t, p, billing)); got != 1 {
		t.Errorf("%d sessions", got)
	}
	b.open("/accept")
	b.open("/#email=someone@example.com")
	b.wait(`document.querySelector('input[name=email]')?.value === 'someone@example.com' && location.hash === ''`)
	for late := time.Now().Add(patience); len(sessionsOf(t, p, billing)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("the session outlives its page")
		}
	}
}

// TestBrowserSettings: with --graphiql=role nothing has a lock, as what would have one is not shown; and where
// introspection is off there is no documentation, and all else works.
func TestBrowserSettings(t *testing.T) {
	t.Run("role", func(t *testing.T) {
		b := enter(t, startDemo(t, "--graphiql", "role"), support)
		b.docs("Query", "Account")
		if text, locked := b.documented("calls"); locked || !strings.Contains(text, "Product Logs") {
			t.Errorf("calls: %q, locked: %v", text, locked)
		}
		if eval[bool](b, `[...document.querySelectorAll('.graphiql-doc-explorer-field-name')].some((e) => e.textContent === 'apiKeys')`) {
			t.Error("the documentation shows apiKeys")
		}
	})
	t.Run("introspection is off", func(t *testing.T) {
		b := enter(t, startDemo(t, "--introspection", "off"), support)
		if got := b.execute(); !strings.Contains(got, `"friendlyName": "Halyard Freight"`) {
			t.Errorf("the answer is %s", got)
		}
	})
}
