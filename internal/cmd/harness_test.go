package cmd

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/storetest"
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
	password = storetest.Password
	// patience is how long a test waits for what should happen at once.
	patience = 15 * time.Second
)

// TestMain runs the tests without the configuration of whoever runs them.
func TestMain(m *testing.M) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "FIELDGATE_") && !strings.HasPrefix(name, "FIELDGATE_TEST_") || strings.HasPrefix(name, "OTEL_") {
			os.Unsetenv(name)
		}
	}
	scratch, err := os.MkdirTemp("", "fieldgate-test-")
	if err != nil {
		panic(err)
	}
	os.Setenv("TMPDIR", scratch)   // for what several tests share
	flag.Set("test.parallel", "4") // unless it is given: of the tests that run beside others many wait
	status := storetest.Main(m)
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
	data           string // the data folder
	database       string // the URL of the Postgres, if there is one
	redis          string // the URL of the Redis, if there is one
	keys           string // the folder of its keys, if it is not in the data folder
	stdout, stderr *written
	http           *http.Client
	cancel         context.CancelFunc
	ended          chan struct{}
	status         int

	beside beside // use aside

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
	for flag, place := range map[string]*string{"--data": &p.data, "--database-url": &p.database, "--redis-url": &p.redis, "--keys": &p.keys} {
		if i := slices.Index(args, flag); i >= 0 {
			*place = args[i+1]
		}
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
			return dir, changeData(dir, "UPDATE users SET password_hash = $1", storetest.PasswordHash)
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
