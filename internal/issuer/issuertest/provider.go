// Package issuertest is an OpenID provider for tests: it listens on the loopback address, and its keys can be rotated,
// taken away, and be out of reach. It lets its one person in without asking, and is strict about everything else.
package issuertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Provider is an identity provider. Its fields may be changed before it is asked, and with Change after that.
type Provider struct {
	URL string // what it calls itself: the issuer

	// Person are the claims of whoever signs in, beside those of the protocol.
	Person map[string]any
	// ClientID, Secret and RedirectURI are what its one client must say. A client without a secret is public.
	ClientID, Secret, RedirectURI string
	// Deny has it refuse whoever signs in.
	Deny bool
	// Nonce, if it is not empty, stands in ID tokens instead of the client's.
	Nonce string

	t      testing.TB
	server *httptest.Server

	mu      sync.Mutex
	keys    []*Key
	down    bool
	fetches int
	codes   map[string]code
}

// Key is a signing key with its public half, as it is published.
type Key struct {
	ID      string
	Method  jwt.SigningMethod
	Private any
	Public  map[string]any
}

// code is an authorization code that was given out.
type code struct{ challenge, nonce, redirect string }

// New starts a provider that is stopped when the test ends. It has one key of ES256, whose id is "first".
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{
		t: t, ClientID: "fieldgate-web", codes: map[string]code{},
		Person: map[string]any{"sub": "1001", "email": "ines@corp.example", "email_verified": true, "name": "Ines Ortega", "groups": []string{"support"}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.published)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		down := p.down
		p.mu.Unlock()
		if down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	p.URL = p.server.URL
	p.Add(NewKey(t, "first"))
	return p
}

// NewKey makes a key of ES256.
func NewKey(t testing.TB, id string) *Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return &Key{ID: id, Method: jwt.SigningMethodES256, Private: private, Public: map[string]any{
		"kty": "EC", "crv": "P-256", "kid": id, "alg": "ES256", "use": "sig",
		"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
	}}
}

// Add publishes one more key, which signs from now on.
func (p *Provider) Add(key *Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, key)
}

// Keys are those that are published, the one that signs last.
func (p *Provider) Keys() []*Key {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.keys)
}

// Remove publishes a key no longer.
func (p *Provider) Remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = slices.DeleteFunc(slices.Clone(p.keys), func(key *Key) bool { return key.ID == id })
}

// Down puts the provider out of reach, or within it again.
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Change changes the provider's fields while it may be asked.
func (p *Provider) Change(change func(p *Provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// Fetches is how often its keys were fetched.
func (p *Provider) Fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches
}

// Claims are those of a good token for the audience "fieldgate", with these instead of or beside them. nil leaves a
// claim out.
func (p *Provider) Claims(with map[string]any) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.claims(with)
}

func (p *Provider) claims(with map[string]any) map[string]any {
	now := time.Now()
	claims := map[string]any{"iss": p.URL, "aud": "fieldgate", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(claims, p.Person)
	maps.Copy(claims, with)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// Token is a token of these claims (see Claims), signed by the key that signs now.
func (p *Provider) Token(with map[string]any) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[len(p.keys)-1].Sign(p.t, nil, p.claims(with))
}

// Sign makes a token of these claims, with these members of the header instead of or beside alg, kid and typ. nil
// leaves one out.
func (k *Key) Sign(t testing.TB, header map[string]any, claims map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(k.Method, jwt.MapClaims(claims))
	token.Header["kid"] = k.ID
	maps.Copy(token.Header, header)
	maps.DeleteFunc(token.Header, func(_ string, value any) bool { return value == nil })
	text, err := token.SignedString(k.Private)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
	})
}

func (p *Provider) published(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetches++
	keys := []any{}
	for _, key := range p.keys {
		keys = append(keys, key.Public)
	}
	answer(w, http.StatusOK, map[string]any{"keys": keys})
}

// authorize sends the browser back at once (OpenID Connect Core 1.0, section 3.1.2; RFC 7636).
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	if q.Get("client_id") != p.ClientID || q.Get("redirect_uri") != p.RedirectURI {
		http.Error(w, "no such client, or no such redirect URI: "+q.Get("redirect_uri"), http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	switch {
	case p.Deny:
		back.Set("error", "access_denied")
	case q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("nonce") == "":
		back.Set("error", "invalid_request")
	default:
		made := rand.Text()
		p.codes[made] = code{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri")}
		back.Set("code", made)
	}
	http.Redirect(w, r, p.RedirectURI+"?"+back.Encode(), http.StatusFound)
}

// token takes each code once, from the client that has its verifier.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, secret, basic := r.BasicAuth()
	if basic { // RFC 6749, section 2.3.1
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	given := r.PostFormValue("code")
	known, is := p.codes[given]
	delete(p.codes, given)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != p.ClientID || secret != p.Secret:
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	case !is || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != known.redirect ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != known.challenge:
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	nonce := known.nonce
	if p.Nonce != "" {
		nonce = p.Nonce
	}
	idToken := p.keys[len(p.keys)-1].Sign(p.t, nil, p.claims(map[string]any{"aud": p.ClientID, "nonce": nonce}))
	answer(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": idToken})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
