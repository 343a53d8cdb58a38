package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Status is the HTTP status that goes with a code when a whole request is refused
// and answered as application/graphql-response+json (GraphQL over HTTP, section 6.4.2).
func (c Code) Status() int {
	switch c {
	case Unauthenticated:
		return http.StatusUnauthorized
	case Forbidden:
		return http.StatusForbidden
	case RateLimited:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	case Timeout:
		return http.StatusGatewayTimeout
	case Internal:
		return http.StatusInternalServerError
	default:
		return http.StatusBadRequest
	}
}

// Write refuses a request: status, and a GraphQL body that holds the code and no data.
func Write(w http.ResponseWriter, status int, code Code, message string) {
	Refuse(w, status, New(code, message))
}

// Refuse is Write with all that an Error tells a client. Retry-After says when to try again, if the Error does.
func Refuse(w http.ResponseWriter, status int, err *Error) {
	h := w.Header()
	if err.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(err.retryAfter()))
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	body, _ := json.Marshal(map[string]any{ // strings and numbers alone: cannot fail
		"errors": []any{map[string]any{"message": err.Message, "extensions": err.Extensions()}},
	})
	_, _ = w.Write(append(body, '\n'))
}
