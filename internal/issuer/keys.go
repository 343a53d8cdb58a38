package issuer

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	// A key that is not known has the keys fetched anew, at most unknownBurst times at once and then once in unknownEvery.
	unknownBurst = 3
	unknownEvery = 30 * time.Second
	// keepGood is how long the keys that were fetched last are used while their source cannot be reached.
	keepGood = 24 * time.Hour
	// firstPause and maxPause are between attempts to reach an issuer that has never answered.
	firstPause, maxPause = time.Second, time.Minute

	minRSA = 2048 // bits: RFC 7518, section 3.3
)

// kinds says for each algorithm that can be configured whether a key is one of its own.
var kinds = map[string]func(key any) bool{
	"RS256": isRSA, "RS384": isRSA, "RS512": isRSA,
	"PS256": isRSA, "PS384": isRSA, "PS512": isRSA,
	"ES256": isEC("P-256"), "ES384": isEC("P-384"), "ES512": isEC("P-521"),
	"EdDSA": func(key any) bool { _, is := key.(ed25519.PublicKey); return is },
}

func isRSA(key any) bool {
	k, is := key.(*rsa.PublicKey)
	return is && k.N.BitLen() >= minRSA
}

func isEC(curve string) func(any) bool {
	return func(key any) bool {
		k, is := key.(*ecdsa.PublicKey)
		return is && k.Curve.Params().Name == curve
	}
}

// source is one issuer with its keys.
type source struct {
	config Config
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	mu       sync.Mutex
	provider *oidc.Provider  // nil until it was discovered
	keys     keyfunc.Keyfunc // nil until where they are is known
	fetched  time.Time       // when keys came last
	failing  bool            // for the log
}

// run finds out where the keys are and fetches them. From then on they are kept fresh, until ctx ends.
func (s *source) run(ctx context.Context) {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		attempt, stop := context.WithCancel(ctx) // which the refreshing of the keys goes on in
		err := s.open(attempt)
		if err == nil {
			<-ctx.Done()
			stop()
			return
		}
		stop()
		s.note(ctx, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// open discovers the issuer, where that is needed, and fetches its keys for the first time.
func (s *source) open(ctx context.Context) error {
	at := s.config.KeysURL
	if at == "" || s.config.ClientID != "" {
		discovered, err := s.discover(ctx)
		if err != nil {
			return err
		}
		if at == "" {
			at = discovered
		}
	}
	stored, err := jwkset.NewStorageFromHTTP(at, jwkset.HTTPClientStorageOptions{
		Client: s.client, Ctx: ctx, HTTPTimeout: fetchTimeout, RefreshInterval: s.config.Refresh, RefreshErrorHandler: s.note,
		Storage: &noting{Storage: jwkset.NewMemoryStorage(), source: s},
	})
	if err != nil {
		return err
	}
	all, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs: map[string]jwkset.Storage{at: stored}, RateLimitWaitMax: fetchTimeout,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(unknownEvery), unknownBurst),
	})
	if err != nil {
		return err
	}
	// A key for encryption signs nothing; one that does not say what it is for may.
	keys, err := keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: all, UseWhitelist: []jwkset.USE{jwkset.UseSig, ""}})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
	return nil
}

// discover reads what the issuer says of itself, and returns where its keys are.
func (s *source) discover(ctx context.Context) (keysURL string, err error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, s.client), s.config.Issuer)
	if err != nil {
		return "", err
	}
	var document struct {
		KeysURL string `json:"jwks_uri"`
	}
	if err := provider.Claims(&document); err != nil || document.KeysURL == "" {
		return "", errors.New("what the issuer says of itself has no jwks_uri")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.provider = provider
	return document.KeysURL, nil
}

// key returns the public key that the header of a token names, if it is one of the token's algorithm. ErrUnavailable
// says that the keys are not known, or too old.
func (s *source) key(ctx context.Context, kid, alg string) (any, error) {
	s.mu.Lock()
	keys := s.keys
	s.mu.Unlock()
	if keys == nil {
		return nil, ErrUnavailable
	}
	key, err := keys.KeyfuncCtx(ctx)(&jwt.Token{Header: map[string]any{"alg": alg, "kid": kid}})
	s.mu.Lock()
	old, failing := s.now().Sub(s.fetched) > keepGood, s.failing
	s.mu.Unlock()
	switch {
	case old:
		return nil, fmt.Errorf("%w: the last are too old", ErrUnavailable)
	case err != nil && failing: // it may be a new one
		return nil, fmt.Errorf("%w: no key of this name and algorithm yet", ErrUnavailable)
	case err != nil:
		return nil, invalid("no key of this name and algorithm")
	case !kinds[alg](key):
		return nil, invalid("the key is not one of the token's algorithm")
	}
	return key, nil
}

// note logs that the keys cannot be fetched, once until they are.
func (s *source) note(_ context.Context, err error) {
	if errors.Is(err, context.Canceled) { // and not ctx, which is over when the library tells of a failure
		return // the gateway stops, or who asked went away
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.failing {
		s.log.Warn("an issuer's keys cannot be fetched: it is asked again, and until then those fetched last are used", "error", shorten(err))
	}
	s.failing = true
}

// noting is where fetched keys go.
type noting struct {
	jwkset.Storage
	source *source
}

func (n *noting) KeyReplaceAll(ctx context.Context, keys []jwkset.JWK) error {
	s := n.source
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched = s.now()
	if s.failing {
		s.log.Info("an issuer's keys can be fetched again")
	}
	s.failing = false
	return n.Storage.KeyReplaceAll(ctx, keys)
}

// shorten cuts an error for the log: it may quote what an issuer has answered.
func shorten(err error) string {
	const most = 200
	if text := err.Error(); len(text) > most {
		return text[:most] + "…"
	} else {
		return text
	}
}
