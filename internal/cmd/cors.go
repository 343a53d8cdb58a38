package cmd

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/rs/cors"
)

// corsFlags say which pages may ask the gateway, beside its own.
type corsFlags struct {
	CORSOrigin []string `name:"cors-origin" help:"Origins, such as https://app.example.com, whose pages may ask the gateway. They send tokens: cookies are for the gateway's own origin." placeholder:"ORIGIN" env:"FIELDGATE_CORS_ORIGIN"`
}

// check says what is wrong with them.
func (f corsFlags) check() error {
	var faults []error
	for _, origin := range f.CORSOrigin {
		if why := faultOfOrigin(origin); why != "" {
			faults = append(faults, fmt.Errorf("--cors-origin %q: %s", origin, why))
		}
	}
	return errors.Join(faults...)
}

// faultOfOrigin says why an origin is none that a browser would name (RFC 6454, section 6.2), or is one to which no page's
// tokens should be left; it is empty for a good one. Browsers compare origins letter by letter, so nothing is mended here.
func faultOfOrigin(origin string) string {
	u, err := url.Parse(origin)
	switch {
	case strings.Contains(origin, "*"):
		return "each origin is named in full; there are no wildcards"
	case origin == "null":
		return "null stands for any sandboxed page and any file, so it is nobody's origin"
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || origin != u.Scheme+"://"+u.Host:
		return "an origin is https://HOST or https://HOST:PORT, with nothing after it"
	case strings.HasSuffix(u.Host, ":") || u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		return "browsers leave out the port that goes without saying"
	case origin != strings.ToLower(origin) || strings.ContainsFunc(origin, func(c rune) bool { return c > 0x7e }):
		return "browsers write the host in small letters, and one with others than ASCII's as xn--…"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return "a page that comes by http can be replaced on its way; only one of this machine may"
	}
	return ""
}

// crossOrigin is what the gateway makes of requests that come from pages.
type crossOrigin struct {
	share      func(http.Handler) http.Handler
	protection *http.CrossOriginProtection
}

// corsMaxAge is for how long a browser need not ask again whether it may, in seconds.
const corsMaxAge = 600

// newCrossOrigin fails when check does.
func newCrossOrigin(f corsFlags) (*crossOrigin, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	c := &crossOrigin{func(next http.Handler) http.Handler { return next }, http.NewCrossOriginProtection()}
	if len(f.CORSOrigin) == 0 { // which the library takes for all
		return c, nil
	}
	for _, origin := range f.CORSOrigin {
		if err := c.protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("--cors-origin %q: %w", origin, err)
		}
	}
	c.share = cors.New(cors.Options{
		AllowedOrigins: f.CORSOrigin,
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{ // and not the one that asks for cookies
			"Authorization", "Content-Type", "GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name",
		},
		ExposedHeaders: []string{"RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-Id"},
		MaxAge:         corsMaxAge,
	}).Handler
	return c, nil
}

// protect refuses what a browser sends for a page of another origin than the gateway's own and those of --cors-origin. Pages of
// these may also read what next answers. A GET is held to the same as a POST, and so is the beginning of a WebSocket.
func (c *crossOrigin) protect(next http.Handler) http.Handler {
	return c.share(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r
		if r.Method == http.MethodGet {
			as := *r
			as.Method = http.MethodPost
			asked = &as
		}
		if c.protection.Check(asked) != nil {
			problem.Write(w, http.StatusForbidden, problem.Forbidden,
				"Pages of other origins may not ask. Whoever runs the gateway can let one (--cors-origin).")
			return
		}
		next.ServeHTTP(w, r)
	}))
}
