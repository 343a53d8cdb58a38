package issuer

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/fieldgate/fieldgate/internal/problem"
	"golang.org/x/oauth2"
)

// Flow is what is remembered of a browser that was sent to its identity provider, until it comes back. That it belongs to
// that browser alone and is good once is for whoever keeps it to see to: see ByCode.
type Flow struct {
	Issuer   string `json:"issuer"`   // its name
	State    string `json:"state"`    // which the provider sends back (RFC 6749, section 10.12)
	Nonce    string `json:"nonce"`    // which stands in the ID token
	Verifier string `json:"verifier"` // of PKCE (RFC 7636)
	Redirect string `json:"redirect"` // where the browser comes back to
}

// Names are those of the issuers at which people sign in with a browser, in the order of their file.
func (a *Admission) Names() []string {
	names := []string{}
	for _, c := range a.issuers.order {
		if c.ClientID != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// client is the source of this name with its client. NOT_FOUND says that there is none, SERVICE_UNAVAILABLE that the
// issuer has not said yet where people sign in.
func (a *Admission) client(ctx context.Context, name string) (*source, *oidc.Provider, error) {
	for _, from := range a.issuers.issuers {
		if from.config.Name != name || from.config.ClientID == "" {
			continue
		}
		from.mu.Lock()
		provider := from.provider
		from.mu.Unlock()
		if provider == nil {
			return nil, nil, a.refuse(ctx, name, ErrUnavailable)
		}
		return from, provider, nil
	}
	return nil, nil, problem.New(problem.NotFound, "There is no such identity provider.")
}

// oauth is how the issuer's client asks. A client with a secret shows it in the header, unless the provider takes it in
// the body alone.
func (s *source) oauth(provider *oidc.Provider, redirect string) *oauth2.Config {
	endpoint := provider.Endpoint()
	var document struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	_ = provider.Claims(&document) // what cannot be read is as what is not said
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if s.config.ClientSecret == "" ||
		slices.Contains(document.Methods, "client_secret_post") && !slices.Contains(document.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: s.config.ClientID, ClientSecret: s.config.ClientSecret, Endpoint: endpoint, RedirectURL: redirect, Scopes: s.config.Scopes,
	}
}

// Begin returns where a browser signs in at the issuer of this name, to come back to redirect with a code (OpenID
// Connect Core 1.0, section 3.1, with PKCE). Errors are NOT_FOUND and SERVICE_UNAVAILABLE.
func (a *Admission) Begin(ctx context.Context, name, redirect string) (url string, f Flow, err error) {
	from, provider, err := a.client(ctx, name)
	if err != nil {
		return "", Flow{}, err
	}
	f = Flow{Issuer: name, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Redirect: redirect}
	return from.oauth(provider, redirect).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), f, nil
}

// ByCode lets in whom the issuer has let in, by the code that their browser has come back with: see ByToken. Each call has
// the issuer asked, with the client's secret. That the browser is the one that was sent, by Flow.State, that a flow is
// used once, and how often somebody tries, is the caller's to make sure of.
func (a *Admission) ByCode(ctx context.Context, f Flow, code string) (user string, until time.Time, err error) {
	from, provider, err := a.client(ctx, f.Issuer)
	if err != nil {
		return "", time.Time{}, err
	}
	person, err := from.redeem(ctx, provider, f, code)
	if err != nil {
		return "", time.Time{}, a.refuse(ctx, f.Issuer, err)
	}
	return a.let(ctx, person)
}

// redeem exchanges a code for an ID token and reads whom it is about.
func (s *source) redeem(ctx context.Context, provider *oidc.Provider, f Flow, code string) (Person, error) {
	answer, err := s.oauth(provider, f.Redirect).Exchange(oidc.ClientContext(ctx, s.client), code, oauth2.VerifierOption(f.Verifier))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response.StatusCode < 500:
		return Person{}, invalid("the provider has refused the code: " + shorten(errors.New(refused.ErrorCode)))
	case err != nil:
		return Person{}, fmt.Errorf("%w: the code could not be redeemed", ErrUnavailable)
	}
	raw, _ := answer.Extra("id_token").(string)
	keys := &keySet{source: s}
	token, err := oidc.NewVerifier(s.config.Issuer, keys, &oidc.Config{
		ClientID: s.config.ClientID, SupportedSigningAlgs: s.config.Algorithms,
		Now: func() time.Time { return s.now().Add(-s.config.Leeway) },
	}).Verify(ctx, raw)
	switch {
	case keys.refused != nil:
		return Person{}, keys.refused
	case err != nil: // in words that may quote it
		return Person{}, invalid("the ID token: its issuer, its audience or its time")
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(f.Nonce)) != 1:
		return Person{}, invalid("the ID token: another nonce")
	}
	t, err := read(raw)
	if err != nil {
		return Person{}, err
	}
	if azp, given := t.claims["azp"]; given && azp != s.config.ClientID {
		return Person{}, invalid("the ID token: of another client")
	}
	if err := t.within(s.now(), s.config.Leeway); err != nil {
		return Person{}, err
	}
	return s.person(t)
}

// keySet has an ID token read as strictly as a subject token, and verified with the same keys.
type keySet struct {
	*source
	refused error // which the library puts into words of its own
}

// VerifySignature implements oidc.KeySet.
func (k *keySet) VerifySignature(ctx context.Context, raw string) (payload []byte, err error) {
	t, err := read(raw)
	if err == nil {
		err = k.signed(ctx, t)
	}
	if k.refused = err; err != nil {
		return nil, err
	}
	return t.payload, nil
}
