package problem

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestStatus(t *testing.T) {
	for code, want := range map[Code]int{
		Unauthenticated: 401, Forbidden: 403, Unavailable: 503, Timeout: 504, Internal: 500, BadUserInput: 400, NotFound: 400,
		Conflict: 400, LimitExceeded: 400, RateLimited: 429, ParseFailed: 400, ValidationFailed: 400, BadRequest: 400, "": 400, "NEW": 400,
	} {
		if got := code.Status(); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}

func TestError(t *testing.T) {
	cause := errors.New("the database is away")
	err := fmt.Errorf("wrapped: %w", &Error{Code: Unavailable, Message: "Try again.", Cause: cause})
	if CodeOf(err) != Unavailable || !errors.Is(err, cause) || err.Error() != "wrapped: Try again.: the database is away" {
		t.Errorf("%s %v", CodeOf(err), err)
	}
	for name, row := range map[string]struct {
		err  error
		want Code
	}{
		"not ours":   {cause, Internal},
		"none":       {nil, Internal},
		"made":       {New(Conflict, "x"), Conflict},
		"input":      {Input("x", "input", "name"), BadUserInput},
		"missing":    {Missing(), NotFound},
		"two nested": {fmt.Errorf("%w", &Error{Code: Conflict, Message: "x", Cause: Missing()}), Conflict},
	} {
		if got := CodeOf(row.err); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
	if got := New(Conflict, "Taken.").Error(); got != "Taken." {
		t.Errorf("without a cause: %s", got)
	}
	if got := Input("x", "input", "name").InputPath; len(got) != 2 || got[1] != "name" {
		t.Errorf("input path: %v", got)
	}
}

func TestWrite(t *testing.T) {
	w := httptest.NewRecorder()
	Write(w, http.StatusServiceUnavailable, Unavailable, `Quotes " and <tags> stay text.`)
	want := `{"errors":[{"extensions":{"code":"SERVICE_UNAVAILABLE"},"message":"Quotes \" and \u003ctags\u003e stay text."}]}` + "\n"
	if w.Code != 503 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}
