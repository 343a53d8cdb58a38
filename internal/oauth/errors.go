package oauth

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// Code is the error of an answer (RFC 6749, section 5.2).
type Code string

// The codes. invalid_target is of RFC 8693, section 2.2.2; the last two are of section 4.1.2.1, which has words for what
// section 5.2 has none.
const (
	InvalidRequest         Code = "invalid_request"
	InvalidClient          Code = "invalid_client"
	InvalidGrant           Code = "invalid_grant"
	UnauthorizedClient     Code = "unauthorized_client"
	UnsupportedGrantType   Code = "unsupported_grant_type"
	InvalidScope           Code = "invalid_scope"
	InvalidTarget          Code = "invalid_target"
	TemporarilyUnavailable Code = "temporarily_unavailable"
	ServerError            Code = "server_error"
)

// Error is a refusal that a client may be told of.
type Error struct {
	Code Code
	// Description is shown as it stands: a fixed text of ours, in ASCII and without quotes or backslashes.
	Description string
	// Status is the HTTP status, 0 for that of the code.
	Status int
	// RetryAfter is when asking again may help, in seconds; 0 for the code's own.
	RetryAfter string
	// Cause is logged and never shown.
	Cause error
}

// refuse makes an Error of a code and what the client is told.
func refuse(code Code, description string) *Error {
	return &Error{Code: code, Description: description}
}

// Error is the code and the description, with the cause where there is one: for logs.
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Description
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

func (e *Error) status() int {
	switch {
	case e.Status != 0:
		return e.Status
	case e.Code == InvalidClient:
		return http.StatusUnauthorized
	case e.Code == TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	case e.Code == ServerError:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func (e *Error) write(w http.ResponseWriter) {
	if e.status() == http.StatusUnauthorized { // which has a challenge, always (RFC 9110, section 15.5.2)
		w.Header().Set("WWW-Authenticate", `Basic realm="fieldgate", charset="UTF-8"`)
	}
	switch {
	case e.RetryAfter != "":
		w.Header().Set("Retry-After", e.RetryAfter)
	case e.Code == TemporarilyUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	write(w, e.status(), struct {
		Code        Code   `json:"error"`
		Description string `json:"error_description"`
	}{e.Code, e.Description})
}

// shown is what a client may know of an error.
func shown(err error) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	switch code := problem.CodeOf(err); {
	case code == problem.RateLimited:
		limited := &Error{Code: TemporarilyUnavailable, Status: http.StatusTooManyRequests, Description: "Too many attempts. Try again later.", Cause: err}
		if known := (*problem.Error)(nil); errors.As(err, &known) && known.RetryAfter > 0 {
			limited.RetryAfter = strconv.Itoa(int(known.RetryAfter.Round(time.Second) / time.Second))
		}
		return limited
	case code == problem.Unauthenticated:
		return &Error{Code: InvalidGrant, Description: "What was shown for a token is not good, or not any more.", Cause: err}
	case code == problem.Unavailable, code == problem.Timeout, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Error{Code: TemporarilyUnavailable, Description: "Tokens cannot be issued right now. Try again in a moment.", Cause: err}
	}
	return &Error{Code: ServerError, Description: "Something went wrong inside the gateway.", Cause: err}
}
