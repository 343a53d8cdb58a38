package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/problem"
)

const form = "application/x-www-form-urlencoded"

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// TestRequests: what is read of a request, and which requests are refused before any grant sees them.
func TestRequests(t *testing.T) {
	const good = "grant_type=known"
	for _, row := range []struct {
		name    string
		method  string // POST when empty
		url     string
		body    string
		header  map[string]string // over the Content-Type of a form
		twice   string            // a header that is sent a second time
		status  int               // 200 when 0
		code    Code
		basic   bool // whether there is a challenge
		client  Credentials
		unnamed bool // whether the client says nothing of itself
		params  map[string]string
	}{
		{name: "no client", body: good + "&x=1&empty=&y=a%20b+c", unnamed: true, params: map[string]string{"grant_type": "known", "x": "1", "y": "a b c"}},
		{name: "charset", body: good, header: map[string]string{"Content-Type": form + "; charset=UTF-8"}, unnamed: true},
		{name: "client in the body", body: good + "&client_id=OC1&client_secret=s%2Bt", client: Credentials{ID: "OC1", Secret: "s+t"}, params: map[string]string{"grant_type": "known"}},
		{name: "client that names itself", body: good + "&client_id=OC1", client: Credentials{ID: "OC1"}},
		{name: "Basic", body: good, header: map[string]string{"Authorization": basic("OC1", "secret")}, client: Credentials{ID: "OC1", Secret: "secret", Basic: true}},
		{name: "Basic, urlencoded", body: good, header: map[string]string{"Authorization": basic("O%43+1", "a%3Ab%25")}, client: Credentials{ID: "OC 1", Secret: "a:b%", Basic: true}},
		{name: "Basic, and named in the body too", body: good + "&client_id=OC1", header: map[string]string{"Authorization": basic("OC1", "secret")}, client: Credentials{ID: "OC1", Secret: "secret", Basic: true}},
		{name: "from a page of the gateway", body: good, header: map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://gateway.example"}, unnamed: true},

		{name: "GET", method: "GET", status: 405, code: InvalidRequest},
		{name: "OPTIONS, as a browser asks before", method: "OPTIONS", header: map[string]string{"Origin": "https://elsewhere.example"}, status: 405, code: InvalidRequest},
		{name: "parameters in the URL", url: "?grant_type=known", body: good, status: 400, code: InvalidRequest},
		{name: "an empty query", url: "?", body: good, status: 400, code: InvalidRequest},
		{name: "JSON", body: `{"grant_type":"known"}`, header: map[string]string{"Content-Type": "application/json"}, status: 415, code: InvalidRequest},
		{name: "another charset", body: good, header: map[string]string{"Content-Type": form + "; charset=utf-16"}, status: 415, code: InvalidRequest},
		{name: "no type", body: good, header: map[string]string{"Content-Type": ""}, status: 415, code: InvalidRequest},
		{name: "two types", body: good, twice: "Content-Type", status: 415, code: InvalidRequest},
		{name: "compressed", body: good, header: map[string]string{"Content-Encoding": "gzip"}, status: 415, code: InvalidRequest},
		{name: "too large", body: good + "&x=" + strings.Repeat("x", maxBody), status: 413, code: InvalidRequest},
		{name: "a parameter twice", body: good + "&x=1&x=1", status: 400, code: InvalidRequest},
		{name: "a parameter twice, once empty", body: good + "&x=1&x=", status: 400, code: InvalidRequest},
		{name: "a parameter twice, once in another spelling", body: good + "&grant%5Ftype=known", status: 400, code: InvalidRequest},
		{name: "semicolons", body: good + ";x=1", status: 400, code: InvalidRequest},
		{name: "a broken escape", body: good + "&x=%zz", status: 400, code: InvalidRequest},
		{name: "not UTF-8", body: good + "&x=%ff", status: 400, code: InvalidRequest},
		{name: "a zero character", body: good + "&x=a%00b", status: 400, code: InvalidRequest},
		{name: "no grant type", body: "x=1", status: 400, code: InvalidRequest},
		{name: "an empty grant type", body: "grant_type=", status: 400, code: InvalidRequest},
		{name: "a grant type that there is not", body: "grant_type=password&username=a&password=b", status: 400, code: UnsupportedGrantType},
		{name: "a scope", body: good + "&scope=all", status: 400, code: InvalidScope},
		{name: "a secret of nobody", body: good + "&client_secret=s", status: 400, code: InvalidRequest},
		{name: "a Bearer token", body: good, header: map[string]string{"Authorization": "Bearer x"}, status: 401, code: InvalidClient, basic: true},
		{name: "Basic that is not base64", body: good, header: map[string]string{"Authorization": "Basic ?"}, status: 401, code: InvalidClient, basic: true},
		{name: "Basic with a broken escape", body: good, header: map[string]string{"Authorization": basic("OC1", "%zz")}, status: 401, code: InvalidClient, basic: true},
		{name: "Basic of nobody", body: good, header: map[string]string{"Authorization": basic("", "x")}, status: 401, code: InvalidClient, basic: true},
		{name: "Basic twice", body: good, header: map[string]string{"Authorization": basic("OC1", "x")}, twice: "Authorization", status: 401, code: InvalidClient, basic: true},
		{name: "Basic and a secret in the body", body: good + "&client_id=OC1&client_secret=x", header: map[string]string{"Authorization": basic("OC1", "x")}, status: 400, code: InvalidRequest},
		{name: "Basic and another in the body", body: good + "&client_id=OC2", header: map[string]string{"Authorization": basic("OC1", "x")}, status: 400, code: InvalidRequest},
		{name: "another site", body: good, header: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: 403, code: InvalidRequest},
		{name: "another host of the site", body: good, header: map[string]string{"Sec-Fetch-Site": "same-site"}, status: 403, code: InvalidRequest},
		{name: "another origin", body: good, header: map[string]string{"Origin": "https://elsewhere.example"}, status: 403, code: InvalidRequest},
		{name: "no origin to tell of", body: good, header: map[string]string{"Origin": "null"}, status: 403, code: InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got *Request
			var observed string
			endpoint := New(map[string]Grant{"known": func(_ context.Context, r Request) (Answer, error) {
				got = &r
				return Answer{Access: "token", ExpiresIn: 10 * time.Minute}, nil
			}}, slog.New(slog.DiscardHandler))
			endpoint.Observe = func(_ context.Context, grantType, result string) { observed = grantType + " " + result }
			method := row.method
			if method == "" {
				method = http.MethodPost
			}
			r := httptest.NewRequest(method, "http://gateway.example/oauth/token"+row.url, strings.NewReader(row.body))
			r.Header.Set("Content-Type", form)
			for name, value := range row.header {
				r.Header.Set(name, value)
			}
			if row.twice != "" {
				r.Header.Add(row.twice, r.Header.Get(row.twice))
			}
			w := httptest.NewRecorder()
			endpoint.ServeHTTP(w, r)
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "Pragma": "no-cache", "Content-Type": "application/json; charset=utf-8",
				"Access-Control-Allow-Origin": "", "X-Content-Type-Options": "nosniff",
			} {
				if value := w.Header().Get(name); value != want {
					t.Errorf("%s: %q, want %q", name, value, want)
				}
			}
			if challenged := w.Header().Get("WWW-Authenticate") != ""; challenged != row.basic {
				t.Errorf("challenged: %t, want %t", challenged, row.basic)
			}
			if row.status != 0 {
				if w.Code != row.status || !strings.HasPrefix(w.Body.String(), `{"error":"`+string(row.code)+`","error_description":"`) || got != nil {
					t.Errorf("%d %s, want %d %s", w.Code, w.Body, row.status, row.code)
				}
				if !strings.HasSuffix(observed, " "+string(row.code)) {
					t.Errorf("observed %q", observed)
				}
				return
			}
			if w.Code != 200 || w.Body.String() != `{"access_token":"token","token_type":"Bearer","expires_in":600}`+"\n" || observed != "known ok" {
				t.Fatalf("%d %s, observed %q", w.Code, w.Body, observed)
			}
			if row.unnamed != (got.Client == nil) || got.Client != nil && *got.Client != row.client {
				t.Errorf("client %+v, want %+v", got.Client, row.client)
			}
			if row.params != nil && !maps.Equal(got.Params, row.params) {
				t.Errorf("parameters %v, want %v", got.Params, row.params)
			}
			if got.Address != "192.0.2.1" {
				t.Errorf("address %q", got.Address)
			}
		})
	}
}

// TestErrors: what a client is told when a grant fails. Nothing of the inside is.
func TestErrors(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1: the inside")
	for _, row := range []struct {
		name   string
		err    error
		status int
		code   Code
		retry  string
	}{
		{"of ours", refuse(InvalidGrant, "No."), 400, InvalidGrant, ""},
		{"a client that is not known", refuse(InvalidClient, "No."), 401, InvalidClient, ""},
		{"a session that has ended", auth.ErrSessionEnded, 400, InvalidGrant, ""},
		{"Redis is away", &problem.Error{Code: problem.Unavailable, Message: "Away.", Cause: cause}, 503, TemporarilyUnavailable, "1"},
		{"the database is slow", &problem.Error{Code: problem.Timeout, Message: "Slow.", Cause: cause}, 503, TemporarilyUnavailable, "1"},
		{"the request is over", context.DeadlineExceeded, 503, TemporarilyUnavailable, "1"},
		{"too many", &problem.Error{Code: problem.RateLimited, Message: "Slower."}, 429, TemporarilyUnavailable, "1"},
		{"too many, and when to come again", &Error{Code: TemporarilyUnavailable, Status: 429, Description: "Slower.", RetryAfter: "60"}, 429, TemporarilyUnavailable, "60"},
		{"not ours", cause, 500, ServerError, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			endpoint := New(map[string]Grant{"known": func(context.Context, Request) (Answer, error) { return Answer{}, row.err }}, slog.New(slog.DiscardHandler))
			r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader("grant_type=known"))
			r.Header.Set("Content-Type", form)
			w := httptest.NewRecorder()
			endpoint.ServeHTTP(w, r)
			if w.Code != row.status || !strings.HasPrefix(w.Body.String(), `{"error":"`+string(row.code)+`"`) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, row.status, row.code)
			}
			if got := w.Header().Get("Retry-After"); got != row.retry {
				t.Errorf("Retry-After %q, want %q", got, row.retry)
			}
			if strings.Contains(w.Body.String(), "inside:") || strings.Contains(w.Body.String(), "10.0.0.1") {
				t.Errorf("the inside is shown: %s", w.Body)
			}
		})
	}
}

// TestRefreshTokens: which requests the service is asked for.
func TestRefreshTokens(t *testing.T) {
	grant := RefreshTokens(func(_ context.Context, refreshToken string) (auth.Tokens, error) {
		if refreshToken != "good" {
			return auth.Tokens{}, auth.ErrSessionEnded
		}
		return auth.Tokens{Access: "a", Refresh: "r", ExpiresIn: time.Minute}, nil
	})
	for _, row := range []struct {
		name   string
		params map[string]string
		client *Credentials
		code   Code // "" when there are tokens
	}{
		{"good", map[string]string{"refresh_token": "good"}, nil, ""},
		{"of a client without a secret", map[string]string{"refresh_token": "good"}, &Credentials{ID: "x"}, ""},
		{"missing", nil, nil, InvalidRequest},
		{"used up", map[string]string{"refresh_token": "old"}, nil, InvalidGrant},
		{"of a client with a secret", map[string]string{"refresh_token": "good"}, &Credentials{ID: "x", Secret: "y"}, UnauthorizedClient},
	} {
		answer, err := grant(t.Context(), Request{Params: row.params, Client: row.client})
		switch {
		case row.code == "" && (err != nil || answer != Answer{Access: "a", Refresh: "r", ExpiresIn: time.Minute}):
			t.Errorf("%s: %+v, %v", row.name, answer, err)
		case row.code != "" && (err == nil || shown(err).Code != row.code):
			t.Errorf("%s: %v, want %s", row.name, err, row.code)
		}
	}
}
