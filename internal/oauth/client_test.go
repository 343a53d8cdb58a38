package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// TestClientCredentials: which clients are signed in, what is asked first, and what they are told.
func TestClientCredentials(t *testing.T) {
	unknown := problem.New(problem.Unauthenticated, "The client is not known, or its secret is wrong.")
	for _, row := range []struct {
		name    string
		client  *Credentials
		attempt error // of Attempt
		session error // of the session that is to be made
		code    Code  // "" when there is a token
		status  int
		asked   bool // whether the secret was looked at
	}{
		{name: "good", client: &Credentials{ID: "OC1", Secret: "right"}, asked: true},
		{name: "good, by Basic", client: &Credentials{ID: "OC1", Secret: "right", Basic: true}, asked: true},
		{name: "nobody", code: InvalidClient, status: 401},
		{name: "no secret", client: &Credentials{ID: "OC1"}, code: InvalidClient, status: 401},
		{name: "a wrong secret", client: &Credentials{ID: "OC1", Secret: "wrong"}, code: InvalidClient, status: 401, asked: true},
		{name: "its creator is gone", client: &Credentials{ID: "OC1", Secret: "right"}, session: auth.ErrUnknownClient, code: InvalidClient, status: 401, asked: true},
		{name: "too many attempts", client: &Credentials{ID: "OC1", Secret: "right"}, attempt: problem.New(problem.RateLimited, "Slower."), code: TemporarilyUnavailable, status: 429},
		{name: "attempts cannot be counted", client: &Credentials{ID: "OC1", Secret: "right"}, attempt: problem.New(problem.Unavailable, "Away."), code: TemporarilyUnavailable, status: 503},
		{name: "Redis is away", client: &Credentials{ID: "OC1", Secret: "right"}, session: problem.New(problem.Unavailable, "Away."), code: TemporarilyUnavailable, status: 503, asked: true},
		{name: "something else", client: &Credentials{ID: "OC1", Secret: "right"}, session: errors.New("inside"), code: ServerError, status: 500, asked: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked, attempts := false, ""
			grant := ClientCredentials(Clients{
				Authenticate: func(_ context.Context, id, secret string) (identity.Client, error) {
					asked = true
					if secret != "right" {
						return identity.Client{}, unknown
					}
					return identity.Client{SID: id, Creator: "US1"}, nil
				},
				SignIn: func(ctx context.Context, id string, authenticate func(context.Context) (auth.Client, error)) (auth.Tokens, error) {
					c, err := authenticate(ctx)
					if err == nil {
						err = row.session
					}
					if err != nil {
						return auth.Tokens{}, err
					}
					if c.SID != id || c.Creator != "US1" {
						t.Errorf("signed in as %+v", c)
					}
					return auth.Tokens{Access: "token", Refresh: "none of theirs", ExpiresIn: time.Minute}, nil
				},
				Attempt: func(_ context.Context, client, address string) error {
					attempts = client + " from " + address
					return row.attempt
				},
			})
			answer, err := grant(t.Context(), Request{Client: row.client, Address: "192.0.2.1"})
			if asked != row.asked {
				t.Errorf("the secret was looked at: %t", asked)
			}
			if row.client != nil && row.client.Secret != "" && attempts != "OC1 from 192.0.2.1" {
				t.Errorf("attempt %q", attempts)
			}
			if row.code == "" {
				if err != nil || answer != (Answer{Access: "token", ExpiresIn: time.Minute}) {
					t.Errorf("%+v, %v", answer, err)
				}
				return
			}
			if got := shown(err); err == nil || got.Code != row.code || got.status() != row.status || strings.Contains(got.Description, "inside,") {
				t.Errorf("%v, want %d %s", err, row.status, row.code)
			}
		})
	}
}

// FuzzParameters: what is read of a form is what was written, or it is refused.
func FuzzParameters(f *testing.F) {
	for _, seed := range []string{
		"", "grant_type=client_credentials", "a=1&a=2", "a=1&%61=2", "a=%", "a;b=c", "a=b;c", "=x", "&&", "a=%00", "a=%ff", "a=+%2B", "grant_type=x&grant_type=",
		"client_id=OC1&client_secret=" + url.QueryEscape("a&b=c"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		params, err := parameters(body)
		if err != nil {
			if shown(err).Code != InvalidRequest {
				t.Errorf("refused with %v", err)
			}
			return
		}
		written := url.Values{}
		for name, value := range params {
			if value == "" || !plain(name) || !plain(value) {
				t.Errorf("%q is %q", name, value)
			}
			written.Set(name, value)
		}
		again, err := parameters(written.Encode())
		if err != nil || len(again) != len(params) {
			t.Errorf("read %q, and again %q, %v", params, again, err)
		}
	})
}

// FuzzBasic: whatever stands in an Authorization header is a client's, or refused.
func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"", "Basic ", "Bearer x", basic("OC1", "secret"), basic("O%43", "%zz"), basic("", ""), "basic T0M6eA==", "Basic T0M6eA==, Basic T0M6eA=="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", nil)
		r.Header["Authorization"] = []string{header}
		c, err := credentials(r, map[string]string{})
		switch {
		case err == nil && (c == nil || c.ID == "" || !c.Basic || !plain(c.ID) || !plain(c.Secret)):
			t.Errorf("%q gives %+v", header, c)
		case err != nil && shown(err).Code != InvalidClient:
			t.Errorf("%q is refused with %v", header, err)
		}
	})
}
