package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
	"github.com/fieldgate/fieldgate/auth/jws"
	"github.com/golang-jwt/jwt/v5"
)

// signed checks a token's signature. Errors are ErrInvalid and ErrUnavailable.
func (s *source) signed(ctx context.Context, t subjectToken) error {
	_, _, err := form.Verify(t.raw, func(h jws.Header) (jws.Key, error) { return s.key(ctx, h) })
	var refused jws.Error
	if errors.As(err, &refused) {
		return invalid(refused.Error())
	}
	return err
}

// key returns the key that a header names, bound to an algorithm that the issuer is configured with and that the key is
// for (RFC 8725, section 3.1). Of a typ that says that the token is for something else (section 3.11) there is none. A
// key that is not known, or too old, has the keys fetched. ErrUnavailable says that they are not to be had.
func (s *source) key(ctx context.Context, h jws.Header) (jws.Key, error) {
	switch strings.TrimPrefix(strings.ToLower(h.Type), "application/") {
	case "", "jwt", "at+jwt":
	default:
		return jws.Key{}, jws.Error("header: a typ that is not allowed")
	}
	if !slices.Contains(s.config.Algorithms, h.Algorithm) {
		return jws.Key{}, jws.Error("header: an algorithm that is not the issuer's")
	}
	if h.KeyID == "" {
		return jws.Key{}, jws.Error("header: no kid")
	}
	s.mu.Lock()
	keys, old := s.keys, s.now().Sub(s.fetched) > keepGood
	s.mu.Unlock()
	if keys == nil {
		return jws.Key{}, ErrUnavailable
	}
	named := &jwt.Token{Header: map[string]any{"alg": h.Algorithm, "kid": h.KeyID}}
	public, err := keys.KeyfuncCtx(ctx)(named)
	if old || errors.Is(err, jwkset.ErrKeyNotFound) {
		if err := s.refetch(ctx); err != nil {
			return jws.Key{}, err
		}
		public, err = keys.KeyfuncCtx(ctx)(named)
	}
	if err != nil {
		return jws.Key{}, jws.Error("no key of this name and algorithm")
	}
	return jws.NewKey(public, h.Algorithm)
}

// refetch has the keys fetched, once for all who wait, and apart from them: whoever goes away meanwhile costs the others
// nothing.
func (s *source) refetch(ctx context.Context) error {
	s.mu.Lock()
	fetch := s.fetch
	s.mu.Unlock()
	select {
	case result := <-s.fetching.DoChan("", func() (any, error) { return nil, fetch() }):
		return result.Err
	case <-ctx.Done():
		return fmt.Errorf("%w: who asked did not wait", ErrUnavailable)
	}
}
