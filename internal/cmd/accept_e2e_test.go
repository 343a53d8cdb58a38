//go:build e2e

package cmd

import "testing"

// TestBrowserAccept: the page where an invitation is accepted.
func TestBrowserAccept(t *testing.T) {
	const token = "an-invitations-token"
	b := browse(t, startDemo(t), "/accept")
	b.says("[role=alert]", "This link has no invitation in it.")
	b.wait(`document.querySelector('form').hidden`)
	b.mu.Lock()
	b.secrets = append(b.secrets, token) // must be in no address that is asked for
	b.mu.Unlock()
	b.open("/accept?#token=" + token) // the question mark makes it another page than the one that is open
	b.wait(`!document.querySelector('form').hidden && location.hash === ''`)
	b.fill(`input[name=password]`, "a good long password")
	b.fill(`input[name=again]`, "another one")
	b.press("\r")
	b.says("[role=alert]", "The two passwords are not the same.")
	b.fill(`input[name=again]`, "a good long password")
	b.press("\r")
	b.wait(`!/^$|not the same/.test(document.querySelector('[role=alert]').textContent)`) // nobody was sent this token
	b.wait(`document.activeElement.name === 'password'`)
}

// TestBrowserFirstStart is what the Owner of a new account does: open the link that init printed, set a password, and
// sign in with it.
func TestBrowserFirstStart(t *testing.T) {
	data, token := found(t)
	p := start(t, "--data", data, "--demo", "off")
	b := browse(t, p, "/accept#token="+token)
	b.mu.Lock()
	b.secrets = append(b.secrets, token)
	b.mu.Unlock()
	const chosen = "a password of their own"
	b.wait(`!document.querySelector('form').hidden && location.hash === ''`)
	b.fill(`input[name=password]`, "short")
	b.fill(`input[name=again]`, "short")
	b.press("\r")
	b.wait(`/8/.test(document.querySelector('[role=alert]').textContent)`) // how long it must be
	b.fill(`input[name=password]`, chosen)
	b.fill(`input[name=again]`, chosen)
	b.press("\r")
	b.says("main", ada)
	b.wait(`document.querySelector('main a[href^="/"]')?.click() ?? document.querySelector('form.signin')`)
	b.ready()
	b.fill(`input[name=password]`, chosen)
	b.press("\r")
	b.says(".account", ada)
	b.says(".account li", "Owner")
}
