package issuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"
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
)

// source is one issuer with its keys.
//
// keyfunc and jwkset fetch the keys, keep them fresh, replace them all at once, hold the burst limit and find a key. Three
// things stand around them that they do not do: sifted, which keeps a faulty member from failing its set; refetch,
// which runs apart from whoever asked, as theirs ends with the request and has taken its share of the limit by then; and
// the age of the keys.
type source struct {
	config Config
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	mu       sync.Mutex
	provider *oidc.Provider  // nil until it was discovered
	keys     keyfunc.Keyfunc // nil until where they are is known
	fetch    func() error    // fetches keys now, within the burst limit; nil as long as keys is
	fetched  time.Time       // when keys came last
	failing  bool            // whether the last fetch has failed
	faults   string          // of the last set, for the log

	fetching singleflight.Group
}

// newSource makes a source that has no keys yet. An issuer that is configured to be on this machine may be asked without
// TLS; no other may send the gateway there.
func newSource(c Config, transport http.RoundTripper, now func() time.Time, log *slog.Logger) *source {
	onMachine := false
	for _, at := range []string{c.Issuer, c.KeysURL} {
		u, err := url.Parse(at)
		onMachine = onMachine || err == nil && local(u)
	}
	return &source{config: c, client: newClient(transport, onMachine), now: now, log: log}
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
	client := *s.client
	client.Transport = sifted{next: client.Transport, told: s.tell}
	stored, err := jwkset.NewStorageFromHTTP(at, jwkset.HTTPClientStorageOptions{
		Client: &client, Ctx: ctx, HTTPTimeout: fetchTimeout, RefreshInterval: s.config.Refresh, RefreshErrorHandler: s.note,
		Storage: &noting{Storage: jwkset.NewMemoryStorage(), source: s},
	})
	if err != nil {
		return err
	}
	limit := rate.NewLimiter(rate.Every(unknownEvery), unknownBurst)
	limited, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs: map[string]jwkset.Storage{at: stored}, RateLimitWaitMax: fetchTimeout, RefreshUnknownKID: limit,
	})
	if err != nil {
		return err
	}
	keys, err := keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: stored})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
	s.fetch = func() error {
		// The library would wait for its share, and leave the fetch as much less time.
		if limit.Tokens() < 1 {
			return fmt.Errorf("%w: they were fetched too often", ErrUnavailable)
		}
		// No key is without a name, so it fetches.
		if _, err := limited.KeyRead(ctx, ""); !errors.Is(err, jwkset.ErrKeyNotFound) || ctx.Err() != nil {
			return fmt.Errorf("%w: they could not be asked for", ErrUnavailable)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.failing {
			return fmt.Errorf("%w: their source does not answer as it should", ErrUnavailable)
		}
		return nil
	}
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

// note logs that the keys cannot be fetched, once until they are.
func (s *source) note(_ context.Context, err error) {
	if errors.Is(err, context.Canceled) { // and not ctx, which is over when the library tells of a failure
		return // the gateway stops
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.failing {
		s.log.Warn("an issuer's keys cannot be fetched: it is asked again, and until then those fetched last are used", "error", shorten(err))
	}
	s.failing = true
}

// tell logs which members of a set are left out, once until there are others.
func (s *source) tell(faults error) {
	text := ""
	if faults != nil {
		text = shorten(faults)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if text != "" && text != s.faults {
		s.log.Warn("some of an issuer's keys cannot be used, and are left out", "error", text)
	}
	s.faults = text
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
