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
