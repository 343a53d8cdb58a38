// Package oauth is the token endpoint of OAuth 2.0 (RFC 6749, section 3.2): what a client shows there, such as a
// refresh token or its own secret, is exchanged for an access token of the gateway. Each way to get one is a Grant.
//
// It is for programs. No page of another site may ask, and a request is read strictly, so that nothing in front of
// the gateway can read it in another way.
package oauth

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// Grant answers the requests of one grant type. Its error is best an *Error or a *problem.Error; any other is shown as
// server_error, without its words.
type Grant func(ctx context.Context, r Request) (Answer, error)

// Answer is what a client gets (RFC 6749, section 5.1). Access tokens are Bearer tokens (RFC 6750).
type Answer struct {
	Access     string
	ExpiresIn  time.Duration // of the access token; told in whole seconds
	Refresh    string        // "" where there is none
	IssuedType string        // issued_token_type (RFC 8693, section 2.2.1); "" for other grants
}

// Observer is told of each request: its grant type, "none" for one that has none that is known, and "ok" or the code
// of the error.
type Observer func(ctx context.Context, grantType, result string)

// Endpoint is the handler of /oauth/token.
type Endpoint struct {
	grants map[string]Grant
	// Observe may be set before the endpoint is used.
	Observe Observer
	log     *slog.Logger
	// crossOrigin tells the requests of other sites, by Sec-Fetch-Site or Origin.
	crossOrigin http.CrossOriginProtection
}

// New makes an endpoint that has these grants, by their grant_type.
func New(grants map[string]Grant, log *slog.Logger) *Endpoint {
	return &Endpoint{grants: maps.Clone(grants), log: log, Observe: func(context.Context, string, string) {}}
}

// GrantTypes are the grant types that the endpoint knows, in order.
func (e *Endpoint) GrantTypes() []string { return slices.Sorted(maps.Keys(e.grants)) }

// ServeHTTP implements http.Handler.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, grantType, err := e.serve(w, r)
	if err != nil {
		refusal := shown(err)
		e.note(r.Context(), grantType, refusal)
		e.Observe(r.Context(), grantType, string(refusal.Code))
		refusal.write(w)
		return
	}
	e.Observe(r.Context(), grantType, "ok")
	write(w, http.StatusOK, struct {
		Access     string `json:"access_token"`
		Type       string `json:"token_type"`
		ExpiresIn  int64  `json:"expires_in"`
		Refresh    string `json:"refresh_token,omitempty"`
		IssuedType string `json:"issued_token_type,omitempty"`
	}{answer.Access, "Bearer", int64(answer.ExpiresIn / time.Second), answer.Refresh, answer.IssuedType})
}

// noGrant stands for a grant type that is not known, or not told.
const noGrant = "none"

func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request) (_ Answer, grantType string, err error) {
	if err := e.crossOrigin.Check(r); err != nil {
		return Answer{}, noGrant, &Error{Code: InvalidRequest, Status: http.StatusForbidden, Description: "This endpoint is not for pages of another site."}
	}
	request, err := read(w, r)
	if err != nil {
		return Answer{}, noGrant, err
	}
	grantType = request.Params["grant_type"]
	grant, known := e.grants[grantType]
	switch {
	case grantType == "":
		return Answer{}, noGrant, refuse(InvalidRequest, "The parameter grant_type is missing.")
	case !known:
		return Answer{}, noGrant, refuse(UnsupportedGrantType, "This grant type is not known here.")
	case request.Params["scope"] != "":
		// What a token may do is decided by roles and grants, and not by what is asked for.
		return Answer{}, grantType, refuse(InvalidScope, "There are no scopes here.")
	}
	answer, err := grant(r.Context(), request)
	return answer, grantType, err
}

// note logs what is the gateway's own fault.
func (e *Endpoint) note(ctx context.Context, grantType string, refusal *Error) {
	if refusal.status() >= http.StatusInternalServerError {
		e.log.WarnContext(ctx, "a token could not be issued", "requestId", problem.RequestID(ctx),
			"grantType", grantType, "code", refusal.Code, "error", refusal.Cause)
	}
}

// write answers with JSON that nobody may keep (RFC 6749, section 5.1).
func write(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	text, _ := json.Marshal(body) // strings and numbers alone: cannot fail
	_, _ = w.Write(append(text, '\n'))
}
