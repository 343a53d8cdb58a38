package cmd

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// built is the program as a file, built once for all tests that need a process of its own.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fieldgate-test-")
	if err != nil {
		return "", err
	}
	return build(dir)
})

// process is the whole program as a process of its own, serving.
type process struct {
	*program
	command *exec.Cmd
}

// startProcess runs fieldgate serve with these further arguments and waits until it answers. It is
// killed with the test, if it still runs.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return startCommand(t, exec.Command(file, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...))
}

// startCommand is startProcess of a command line.
func startCommand(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	p := &process{
		program: &program{
			t: t, stdout: newWritten(), stderr: newWritten(), ended: make(chan struct{}),
			http:    &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: patience},
			clients: map[string]client{},
		},
		command: command,
	}
	p.command.Stdout, p.command.Stderr = p.stdout, p.stderr
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		err := p.command.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			p.status = exit.ExitCode() // -1 when a signal ended it
		}
	}()
	p.cancel = func() { p.signal(syscall.SIGTERM) }
	t.Cleanup(func() {
		p.http.CloseIdleConnections()
		_ = p.command.Process.Kill()
		<-p.ended
	})
	p.url = p.says(endpoint)
	return p
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.t.Errorf("%s: %v", s, err)
	}
}

// wait waits until the process has ended and returns its exit status.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("the process does not end:\n%s", p.stderr)
	}
	return p.status
}
