package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// The demo users. secondOwner and secondSupport are of another account.
const (
	owner         = "owner@example.com"
	administrator = "administrator@example.com"
	developer     = "developer@example.com"
	billing       = "billing@example.com"
	support       = "support@example.com"
	secondOwner   = "owner@second.example.com"
	secondSupport = "support@second.example.com"

	// password is the one password of the demo users in these tests.
	password = "correct horse battery staple"
	// patience is how long a test waits for what should happen at once.
	patience = 15 * time.Second
)

// TestMain runs the tests without the configuration of whoever runs them.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "FIELDGATE_") && !strings.HasPrefix(name, "FIELDGATE_TEST_") {
			os.Unsetenv(name)
		}
	}
	scratch, err := os.MkdirTemp("", "fieldgate-test-")
	if err != nil {
		panic(err)
	}
	os.Setenv("TMPDIR", scratch) // for what several tests share
	status := m.Run()
	os.RemoveAll(scratch)
	os.Exit(status)
}

// written is what the program writes, which a test may read while it runs.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed when more is written
}

func newWritten() *written { return &written{more: make(chan struct{})} }

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.more)
	w.more = make(chan struct{})
	return w.text.Write(b)
}

func (w *written) String() string {
	text, _ := w.read()
	return text
}

func (w *written) read() (string, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String(), w.more
}

// result is how a command ended that ran to its end.
type result struct {
	status         int
	stdout, stderr string
}

// command runs a command line that ends by itself.
func command(t testing.TB, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := newWritten(), newWritten()
	status := run(ctx, args, out, err)
	if ctx.Err() != nil {
		t.Fatalf("fieldgate %s did not end", strings.Join(args, " "))
	}
	return result{status, out.String(), err.String()}
}

// program is the whole program, serving.
type program struct {
	t              testing.TB
	url            string // of /graphql
	stdout, stderr *written
	http           *http.Client
	cancel         context.CancelFunc
	ended          chan struct{}
	status         int

	mu      sync.Mutex
	clients map[string]client
}

var endpoint = regexp.MustCompile(`http://[0-9.:\[\]]+/graphql`)

// start runs fieldgate serve with these further arguments and waits until it answers. It is stopped with the test.
func start(t testing.TB, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{
		t: t, stdout: newWritten(), stderr: newWritten(), cancel: cancel, ended: make(chan struct{}),
		http:    &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience},
		clients: map[string]client{},
	}
	t.Cleanup(func() { p.stop() })
	go func() {
		defer close(p.ended)
		p.status = run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), p.stdout, p.stderr)
	}()
	p.url = p.says(endpoint)
	return p
}

// says waits until the program has written to standard output what is sought, and returns it.
func (p *program) says(sought *regexp.Regexp) string {
	p.t.Helper()
	late := time.After(patience)
	for {
		text, more := p.stdout.read()
		if found := sought.FindString(text); found != "" {
			return found
		}
		select {
		case <-more:
		case <-p.ended:
			p.t.Fatalf("the program ended with status %d:\n%s", p.status, p.stderr)
		case <-late:
			p.t.Fatalf("the program does not say %s:\n%s\n%s", sought, p.stdout, p.stderr)
		}
	}
}

// stop asks the program to stop, as SIGTERM does, waits, and returns its exit status.
func (p *program) stop() int {
	p.t.Helper()
	p.cancel()
	p.http.CloseIdleConnections()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("the program does not stop")
	}
	return p.status
}

// client is one caller: a guest when it has no token.
type client struct {
	p               *program
	access, refresh string
}

func (p *program) guest() client { return client{p: p} }

// as is a caller who has signed in, once for each program.
func (p *program) as(email string) client {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.clients[email]; ok {
		return c
	}
	c := p.signIn(email)
	p.clients[email] = c
	return c
}

// signIn opens a new session.
func (p *program) signIn(email string) client {
	p.t.Helper()
	a := p.guest().do(`mutation($email: String!, $password: String!) {
		signIn(input: {email: $email, password: $password}) { accessToken refreshToken } }`,
		vars{"email": email, "password": password})
	a.ok(p.t)
	return client{p, a.text("signIn", "accessToken"), a.text("signIn", "refreshToken")}
}

type vars = map[string]any

// answer is what came back of a request.
type answer struct {
	status     int
	header     http.Header
	body       string
	data       map[string]any
	hasData    bool
	errors     []failure
	extensions map[string]any
	took       time.Duration
}

// failure is one of the errors of an answer.
type failure struct {
	Message    string
	Path       []any
	Extensions struct {
		Code, Coordinate, Permission, Action string
		InputPath                            []string
	}
}

// do sends an operation as a patient front end does: on a machine that has much else to
// do, the program may find that its Redis does not answer in time. It then refuses, and
// says when to ask again.
func (c client) do(query string, variables vars) answer {
	c.p.t.Helper()
	for tries := 0; ; tries++ {
		a := c.try(query, variables)
		harmless := a.status == http.StatusServiceUnavailable || !strings.HasPrefix(query, "mutation") || strings.Contains(query, "signIn")
		if a.code() != "SERVICE_UNAVAILABLE" || !harmless || tries == 5 {
			return a
		}
		c.p.t.Logf("asking once more after: %s", a.body)
	}
}

// try sends an operation once.
func (c client) try(query string, variables vars) answer {
	c.p.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		c.p.t.Fatal(err)
	}
	return c.send(c.request(http.MethodPost, c.p.url, string(body)))
}

// request makes a request with the caller's token.
func (c client) request(method, url, body string) *http.Request {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		c.p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
	r.Header.Set("User-Agent", "fieldgate's tests")
	if c.access != "" {
		r.Header.Set("Authorization", "Bearer "+c.access)
	}
	return r
}

// send sends a request and reads what comes back.
func (c client) send(r *http.Request) answer {
	c.p.t.Helper()
	begun := time.Now()
	resp, err := c.p.http.Do(r)
	if err != nil {
		c.p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.p.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(text), took: time.Since(begun)}
	if !strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return a
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		c.p.t.Fatalf("%v in %s", err, text)
	}
	_, a.hasData = members["data"]
	for name, into := range map[string]any{"data": &a.data, "errors": &a.errors, "extensions": &a.extensions} {
		if err := json.Unmarshal(members[name], into); err != nil && members[name] != nil {
			c.p.t.Fatalf("%s: %v in %s", name, err, text)
		}
	}
	return a
}

// ok fails the test unless the operation ran without any error.
func (a answer) ok(t testing.TB) answer {
	t.Helper()
	if a.status != http.StatusOK || len(a.errors) > 0 || a.data == nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return a
}

// refused fails the test unless the answer has this status and this code first.
func (a answer) refused(t testing.TB, status int, code string) answer {
	t.Helper()
	if a.status != status || a.code() != code {
		t.Errorf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	return a
}

// code is the code of the first error, "" when there is none.
func (a answer) code() string {
	if len(a.errors) == 0 {
		return ""
	}
	return a.errors[0].Extensions.Code
}

// at follows a path into the data: names, and indices of lists. It is nil where the path ends early.
func (a answer) at(path ...any) any {
	var value any = a.data
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// text is at for a text that must be there.
func (a answer) text(path ...any) string {
	text, _ := a.at(path...).(string)
	return text
}

// all is every value at a path whose lists are taken in full, in the order of the answer, nulls left out.
func (a answer) all(names ...string) []any { return collect(a.data, names) }

func collect(value any, names []string) []any {
	if list, is := value.([]any); is {
		var all []any
		for _, item := range list {
			all = append(all, collect(item, names)...)
		}
		return all
	}
	if len(names) > 0 {
		object, is := value.(map[string]any)
		if !is {
			return nil
		}
		return collect(object[names[0]], names[1:])
	}
	if value == nil {
		return nil
	}
	return []any{value}
}

// filled is a data folder with the demo in it, made once for all tests, which never touch it.
var filled = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fieldgate-test-")
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, problems := newWritten(), newWritten()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--data", dir, "--demo", "on", "--demo-password", password},
			out, problems)
	}()
	late := time.After(time.Minute)
	for {
		text, more := out.read()
		if endpoint.MatchString(text) {
			cancel()
			if status := <-ended; status != 0 {
				return "", fmt.Errorf("filling the data folder ended with status %d: %s", status, problems)
			}
			return dir, nil
		}
		select {
		case <-more:
		case status := <-ended:
			return "", fmt.Errorf("filling the data folder ended with status %d: %s", status, problems)
		case <-late:
			return "", errors.New("filling the data folder takes too long")
		}
	}
})

// demoData is a copy of the data folder that the test may change.
func demoData(t testing.TB) string {
	t.Helper()
	from, err := filled()
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "data")
	err = filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at := to + strings.TrimPrefix(path, from)
		if entry.IsDir() {
			return os.Mkdir(at, 0o700)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(at, text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// startDemo starts the program on a copy of the demo.
func startDemo(t testing.TB, args ...string) *program {
	t.Helper()
	return start(t, append([]string{"--data", demoData(t), "--demo-password", password}, args...)...)
}

// file writes a file for the test and returns its name.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
