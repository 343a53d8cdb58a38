// Package problem is the one vocabulary of errors that a client may see. The
// packages that find a fault say it with an Error; what is not an Error is
// nobody's business outside and is shown as INTERNAL_SERVER_ERROR.
package problem

import (
	"errors"
	"fmt"
	"time"
)

// Code says in one word what went wrong. Clients branch on it; the words of the
// message may change, a code may not.
type Code string

// The codes of the API's error contract.
const (
	Unauthenticated  Code = "UNAUTHENTICATED"
	Forbidden        Code = "FORBIDDEN"
	BadUserInput     Code = "BAD_USER_INPUT"
	NotFound         Code = "NOT_FOUND"
	Conflict         Code = "CONFLICT"
	RateLimited      Code = "RATE_LIMITED"
	LimitExceeded    Code = "LIMIT_EXCEEDED"
	Timeout          Code = "TIMEOUT"
	Unavailable      Code = "SERVICE_UNAVAILABLE"
	NotSupported     Code = "NOT_SUPPORTED_BY_UPSTREAM"
	ParseFailed      Code = "GRAPHQL_PARSE_FAILED"
	ValidationFailed Code = "GRAPHQL_VALIDATION_FAILED"
	Internal         Code = "INTERNAL_SERVER_ERROR"
	BadRequest       Code = "BAD_REQUEST"

	PersistedQueryNotFound Code = "PERSISTED_QUERY_NOT_FOUND"
)

// Error is a fault that a client may be told of. Message is shown as it stands,
// so it names nothing that the caller may not know.
type Error struct {
	Code    Code
	Message string
	// InputPath leads to the faulty part of a mutation's or field's arguments,
	// such as ["input", "friendlyName"]; empty where that says nothing.
	InputPath []string
	// Limit names the limit that is exceeded, and Most is its figure; both are shown.
	Limit string
	Most  int
	// RetryAfter is how long it makes no sense to try again; zero where that is not known.
	RetryAfter time.Duration
	// Cause is logged and never shown.
	Cause error
}

// New makes an Error with a code and what the client is told.
func New(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Input makes a BAD_USER_INPUT error for the argument that path leads to.
func Input(message string, path ...string) *Error {
	return &Error{Code: BadUserInput, Message: message, InputPath: path}
}

// Exceeded makes the LIMIT_EXCEEDED error of a limit. what is counted in its message, such as "aliases".
func Exceeded(limit string, most int, what string) *Error {
	return &Error{
		Code: LimitExceeded, Limit: limit, Most: most,
		Message: fmt.Sprintf("The operation has more %s than the %d that are allowed.", what, most),
	}
}

// Missing is the answer for whatever does not exist or is another account's: the
// two are not told apart.
func Missing() *Error { return New(NotFound, "There is no such object in this account.") }

// Extensions is what a client is told beside the message, under the error's extensions: the code, the limit with
// its figure (limit, max), and in how many seconds to try again (retryAfter).
func (e *Error) Extensions() map[string]any {
	shown := map[string]any{"code": e.Code}
	if e.Limit != "" {
		shown["limit"], shown["max"] = e.Limit, e.Most
	}
	if e.RetryAfter > 0 {
		shown["retryAfter"] = e.retryAfter()
	}
	return shown
}

// retryAfter is RetryAfter in whole seconds, one at least.
func (e *Error) retryAfter() int { return int((e.RetryAfter + time.Second - 1) / time.Second) }

// Error is the message, with its cause where there is one: for logs.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf is err's code, and Internal for an error that is not ours to show.
func CodeOf(err error) Code {
	if p, ok := errors.AsType[*Error](err); ok {
		return p.Code
	}
	return Internal
}
