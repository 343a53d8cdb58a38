package issuer

import (
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	maxBody      = 1 << 20 // bytes
)

// newClient makes the client by which an issuer is asked. It waits 5 seconds, follows no redirect, goes nowhere but by
// https, whatever a discovered document says, and reads no more than 1 MiB. With onMachine it goes by http too, to this
// machine itself.
func newClient(transport http.RoundTripper, onMachine bool) *http.Client {
	return &http.Client{
		Transport:     bounded{transport, onMachine},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       fetchTimeout,
	}
}

// bounded is a transport that reaches trusted hosts only, and whose bodies end.
type bounded struct {
	next      http.RoundTripper
	onMachine bool
}

var (
	errUntrusted = errors.New("issuer: the address is not https")
	errTooLong   = errors.New("issuer: the answer is too long")
)

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trusted(r.URL) || local(r.URL) && !b.onMachine {
		return nil, errUntrusted
	}
	answer, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &limited{answer.Body, maxBody}
	return answer, nil
}

// limited is a body that fails after so many bytes, rather than seem to end.
type limited struct {
	io.ReadCloser
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	n, err := l.ReadCloser.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
