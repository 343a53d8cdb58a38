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

// newClient makes the client by which issuers are asked. It waits 5 seconds, follows no redirect, goes nowhere but by
// https or on this machine itself, whatever a discovered document says, and reads no more than 1 MiB.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     bounded{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       fetchTimeout,
	}
}

// bounded is a transport that reaches trusted hosts only, and whose bodies end.
type bounded struct{ next http.RoundTripper }

var (
	errUntrusted = errors.New("issuer: the address is neither https nor on this machine")
	errTooLong   = errors.New("issuer: the answer is too long")
)

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trusted(r.URL) {
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
