//go:build e2e

package cmd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserLook takes pictures of the page, on a desk and on a phone, in light and in
// dark, and holds it to what can be measured: nothing overflows, and every part is there.
func TestBrowserLook(t *testing.T) {
	p := startDemo(t)
	for _, theme := range []string{"light", "dark"} {
		for name, size := range map[string][2]int64{"desktop": {1280, 800}, "phone": {390, 844}} {
			t.Run(name+" "+theme, func(t *testing.T) {
				b := browse(t, p, "/")
				b.size(size[0], size[1])
				b.theme(theme)
				b.open("/")
				b.ready()
				fits := func(part string, selectors ...string) {
					b.shot(strings.Join([]string{part, name, theme}, "-"))
					if eval[int64](b, `document.documentElement.scrollWidth`) > size[0] {
						t.Errorf("%s: the page is wider than the window", part)
					}
					for _, s := range selectors {
						if !eval[bool](b, fmt.Sprintf(`((r) => r && r.width >= 40 && r.height >= 20 && r.left >= 0 && r.top >= 0 &&
							r.right <= innerWidth && r.bottom <= innerHeight)(document.querySelector(%q)?.getBoundingClientRect())`, s)) {
							t.Errorf("%s: %s is not in the window", part, s)
						}
					}
				}
				fits("guest", "select", "input[name=email]", "input[name=password]", ".signin button", ".graphiql-query-editor .monaco-editor")
				b.signIn(support, password)
				b.says(".account", support)
				b.ready()
				b.execute()
				b.says(".denials", "price")
				fits("support", ".account", ".bar button", ".graphiql-query-editor .monaco-editor", ".result-window .monaco-editor", ".denials")
				if name == "phone" {
					b.run(chromedp.Click(css(`.graphiql-sidebar button`)))
				}
				b.docs("Query", "Account")
				b.documented("balance")
				b.run(chromedp.ScrollIntoView(css(`.graphiql-doc-explorer-item:nth-child(8)`)))
				fits("docs", ".bar button", ".graphiql-plugin")
				dark := eval[bool](b, `getComputedStyle(document.querySelector('.bar')).backgroundColor !== 'rgb(255, 255, 255)'`)
				if dark != (theme == "dark") {
					t.Errorf("the bar is dark: %v", dark)
				}
				b.open("/accept#token=none")
				b.wait(`!document.querySelector('form').hidden`)
				fits("accept", "form", "button")
			})
		}
	}
	t.Run("the theme chosen in GraphiQL is the page's", func(t *testing.T) {
		b := browse(t, p, "/")
		b.theme("light")
		b.ready()
		b.run(chromedp.Click(css(`[aria-label="Open settings dialog"]`)))
		b.run(chromedp.Click(`//button[text()="Dark"]`))
		const background = `getComputedStyle(document.querySelector('.bar')).backgroundColor`
		b.wait(background + ` === 'rgb(33, 42, 59)'`)
		b.open("/")
		b.ready()
		b.wait(background + ` === 'rgb(33, 42, 59)'`)
	})
}
