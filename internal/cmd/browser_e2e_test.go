//go:build e2e

package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium finds the browser. These tests are asked for by name (make e2e), so there
// being none is a failure.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium on the PATH")
	return ""
}

// tab is a page in a browser of its own, which notes whatever goes wrong in it.
type tab struct {
	t   *testing.T
	p   *program
	ctx context.Context

	mu       sync.Mutex
	faults   []string
	urls     []string
	secrets  []string                       // the tokens that the page was given
	answers  map[network.RequestID]struct{} // that may hold some
	expected []string                       // of the faults
	others   []string                       // hosts that the test has the page go to
}

// violations puts breaches of the Content-Security-Policy on the console, where they are noted.
const violations = `addEventListener('securitypolicyviolation',
	(e) => console.error('CSP: ' + e.effectiveDirective + ' ' + e.blockedURI + ' ' + e.sourceFile))`

// browse opens a page of the program. When the test ends, whatever went wrong in it fails the test.
func browse(t *testing.T, p *program, path string) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
		// What asks for any other host is told that there is none, and thereby found.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	b := &tab{t: t, p: p, answers: map[network.RequestID]struct{}{}}
	var closeTab context.CancelFunc
	b.ctx, closeTab = chromedp.NewContext(allocator, chromedp.WithErrorf(t.Logf), chromedp.WithListener(b.note))
	t.Cleanup(closeTab)
	if err := chromedp.Do(b.ctx); err != nil { // starts the browser, which lives as long as the context
		t.Fatal(err)
	}
	order(b, audits.Enable, cdp.Empty{})
	order(b, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: violations})
	b.size(1280, 800)
	b.open(path)
	t.Cleanup(b.check)
	return b
}

// note looks at what the browser tells of the page.
func (b *tab) note(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			var text []string
			for _, a := range e.Args {
				text = append(text, string(a.Value)+a.Description)
			}
			b.fault("console: %s", strings.Join(text, " "))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.fault("exception: %s", text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.fault("log: %s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		// What may be improved (an editor's own input has no name) is not what went wrong.
		if e.Issue.Code != audits.InspectorIssueCodeGenericIssue && e.Issue.Code != audits.InspectorIssueCodePerformanceIssue {
			b.fault("issue: %s", e.Issue.Code)
		}
	case *network.EventRequestWillBeSent:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.urls = append(b.urls, e.Request.URL)
		if strings.HasSuffix(e.Request.URL, "/graphql") || strings.HasSuffix(e.Request.URL, "/sign-in/session") {
			b.answers[e.RequestID] = struct{}{}
		}
	case *network.EventLoadingFinished:
		b.mu.Lock()
		_, ours := b.answers[e.RequestID]
		b.mu.Unlock()
		if ours {
			go b.learnTokens(e.RequestID) // not here: the browser answers after this event
		}
	}
}

func (b *tab) fault(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, fmt.Sprintf(format, args...))
}

// learnTokens notes the tokens in an answer that the page was given.
func (b *tab) learnTokens(id network.RequestID) {
	body, err := chromedp.Call(b.ctx, network.GetResponseBody, network.GetResponseBodyParams{RequestID: id})
	var answer struct {
		Data map[string]json.RawMessage
	}
	if err != nil || json.Unmarshal([]byte(body.Body), &answer) != nil {
		return // a page that is gone
	}
	for _, name := range []string{"signIn", "refreshSession"} {
		var tokens struct{ AccessToken, RefreshToken string }
		if json.Unmarshal(answer.Data[name], &tokens) == nil && tokens.AccessToken != "" {
			b.mu.Lock()
			b.secrets = append(b.secrets, tokens.AccessToken, tokens.RefreshToken)
			b.mu.Unlock()
		}
	}
}

// expect says of a fault that the test brings it about.
func (b *tab) expect(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = append(b.expected, text)
}

// check fails the test for what went wrong in the page.
func (b *tab) check() {
	b.nothingKept()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		if !contains(fault, b.expected) {
			b.t.Error(fault)
		}
	}
	own, err := url.Parse(b.p.url)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, asked := range b.urls {
		u, err := url.Parse(asked)
		if err != nil || u.Host != own.Host && u.Scheme != "data" && !slices.Contains(b.others, u.Host) {
			b.t.Errorf("a request to %s", asked)
		}
		if contains(asked, append(b.secrets, password)) {
			b.t.Errorf("a secret in %s", asked)
		}
	}
	if len(b.urls) == 0 {
		b.t.Error("no request was seen")
	}
}

func contains(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// nothingKept fails the test when the browser keeps a token, or anything but layout.
func (b *tab) nothingKept() {
	b.t.Helper()
	kept := eval[[]string](b, `[...Object.entries(localStorage), ...Object.entries(sessionStorage)].map((e) => e.join('='))
		.concat(document.cookie ? ['cookie ' + document.cookie] : [])`)
	for _, entry := range kept {
		name, _, _ := strings.Cut(entry, "=")
		if name != "graphiql:theme" && !strings.HasSuffix(name, "Flex") {
			b.t.Errorf("the browser keeps %s", entry)
		}
	}
}

// run does something in the page, for a while at most.
func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\n%s", err, b.faults)
	}
}

// ask is the value of something that is done in the page.
func ask[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.faults)
	}
	return value
}

// order gives the browser a command.
func order[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, c, params); err != nil {
		b.t.Fatal(err)
	}
}

// open goes to a path of the gateway.
func (b *tab) open(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(strings.TrimSuffix(b.p.url, "/graphql") + path))
}

// eval is the value of an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[T](expression))
}

// wait waits until an expression in the page is true.
func (b *tab) wait(expression string) {
	b.t.Helper()
	late := time.Now().Add(2 * patience)
	for !eval[bool](b, `Boolean(`+expression+`)`) {
		if time.Now().After(late) {
			b.t.Fatalf("never true: %s\nthe page says: %s\n%s", expression, eval[string](b, `document.body.innerText`), b.faults)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// says waits until an element has a text in it.
func (b *tab) says(selector, text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.textContent.includes(%q))`, selector, text))
}

// press sends keys to whatever has the focus.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.run(chromedp.KeyEvent(keys))
}

// fill types a text into a field, in place of what is in it.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.run(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Focus(chromedp.CSS(selector)))
	eval[bool](b, fmt.Sprintf(`document.querySelector(%q).select() ?? true`, selector))
	b.press(text)
}

// size sets the size of the window, in CSS pixels. A narrow one is a phone's.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	var options []chromedp.EmulateViewportOption
	if width < 600 {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	b.run(chromedp.EmulateViewport(width, height, options...))
}

// theme sets what the system prefers, light or dark.
func (b *tab) theme(name string) {
	b.t.Helper()
	order(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

// shot keeps a picture of the page, in the folder that FIELDGATE_TEST_SCREENSHOTS names or
// one that the log tells of.
func (b *tab) shot(name string) {
	b.t.Helper()
	picture := ask(b, chromedp.CaptureScreenshot())
	path := filepath.Join(shots(), name+".png")
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.t.Log(path)
}

var shots = sync.OnceValue(func() string {
	folder := os.Getenv("FIELDGATE_TEST_SCREENSHOTS")
	if folder == "" {
		folder = filepath.Join(os.Getenv("TMPDIR"), "..", "fieldgate-screenshots")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		panic(err)
	}
	return folder
})
