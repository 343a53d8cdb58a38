// Package issuer believes the identity providers of others as far as a configuration says: who someone is by a
// token of theirs, and which roles their groups come to.
//
// A token of another issuer is a subject token: it is exchanged, once or again, for a session of the gateway's own
// (RFC 8693), and is good for nothing else. It is verified from the outside in: size and form, the header, the one
// issuer that it names, that issuer's algorithms and keys, the signature, and only then what it claims.
package issuer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
)

// Config is what is believed of one issuer, and how its people come to their roles.
type Config struct {
	Name       string   // a short name of ours, such as "corp": it stands in URLs and logs
	Issuer     string   // the claim iss, in full
	Audiences  []string // one of them must be in the claim aud
	Algorithms []string // of RFC 7518 and RFC 8037, none of them symmetric
	KeysURL    string   // of the JWK Set; "" to discover it (OpenID Connect Discovery 1.0)
	Claims     Claims
	Spaced     bool          // whether a text of groups is several with spaces in between, and not one
	Assumed    bool          // whether an address is believed of which the token does not say that it was verified
	Leeway     time.Duration // by which its clock and ours may differ
	Account    string        // SID of the account that its people belong to; "" for the only one there is
	Roles      map[string]policy.Role
	Session    time.Duration // a session ends so long after the exchange, as groups are seen only there
	Clients    time.Duration // an OAuth client has no tokens when its creator was seen longer ago
	Refresh    time.Duration // how often its keys are fetched

	// For signing in with a browser. There is none without a client id.
	ClientID         string
	ClientSecretFile string // "" for a public client
	ClientSecret     string // what stands in that file, which Parse does not read
	Scopes           []string
}

// Claims are the names of the claims that are read. Of one without "://" each dot leads deeper.
type Claims struct{ Subject, Email, Name, Groups string }

// Person is who a subject token is about. Who holds no role is not let in, and loses what they had.
type Person struct {
	Issuer  Config
	Subject string
	Email   string // "" when there is none that was verified
	Name    string
	Roles   []policy.Role
	Issued  time.Time // when the token was
}

// What can be wrong with a subject token. Causes are wrapped: they are for logs, and hold nothing of the token.
var (
	// ErrInvalid says that the token is not to be believed.
	ErrInvalid = errors.New("issuer: the token is not valid")
	// ErrNoRole says that a token is good, but none of its groups is mapped to a role.
	ErrNoRole = errors.New("issuer: no group of theirs is mapped to a role")
	// ErrUnavailable says that the issuer's keys cannot be had right now.
	ErrUnavailable = errors.New("issuer: the keys cannot be fetched")
)

func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalid, why) }

// Set is the issuers that are believed. It may be shared; its zero value believes nobody.
type Set struct {
	issuers map[string]*source // by the claim iss
	order   []Config
	now     func() time.Time
}

// NewSet makes a set of issuers whose configurations Parse has passed. Nothing is fetched before Run. transport is
// what reaches them; time.Now is the clock outside of tests.
func NewSet(configs []Config, transport http.RoundTripper, now func() time.Time, log *slog.Logger) *Set {
	s := &Set{issuers: make(map[string]*source, len(configs)), order: configs, now: now}
	for _, c := range configs {
		s.issuers[c.Issuer] = newSource(c, transport, now, log.With("issuer", c.Name))
	}
	return s
}

// Run fetches the keys of each issuer and keeps them fresh, until ctx ends. One that does not answer is asked again,
// and holds up no other.
func (s *Set) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, from := range s.issuers {
		running.Go(func() { from.run(ctx) })
	}
	running.Wait()
}

// Clients is an issuer's setting Clients; known is false for one that is not in the set. It is identity.Trust.
func (s *Set) Clients(issuer string) (longest time.Duration, known bool) {
	from, known := s.issuers[issuer]
	if !known {
		return 0, false
	}
	return from.config.Clients, true
}

// Configs lists the issuers in the order of their file.
func (s *Set) Configs() []Config { return s.order }
