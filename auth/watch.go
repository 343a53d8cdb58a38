package auth

import (
	"context"
	"errors"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
)

// watchEvery is how often it is looked whether a session still lives.
const watchEvery = time.Second

// Watch gives a context that ends once nothing more may be sent to the principal of ctx, with the reason as
// its cause: ErrExpiredToken, ErrStaleToken, ErrSessionEnded, or SERVICE_UNAVAILABLE when that cannot be found
// out. A guest's ends with ctx. The function that is returned ends the watch.
func (s *Service) Watch(ctx context.Context) (context.Context, context.CancelFunc) {
	p := From(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	if !p.SignedIn() {
		return ctx, func() { cancel(context.Canceled) }
	}
	go func() {
		expired := time.NewTimer(p.Expires.Add(token.Leeway).Sub(s.now()))
		defer expired.Stop()
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-expired.C:
				cancel(ErrExpiredToken)
			case <-tick.C:
				if err := s.still(ctx, p); err != nil {
					cancel(err)
				}
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// still says why a principal is no longer one, or nil.
func (s *Service) still(ctx context.Context, p Principal) error {
	live, err := s.lookup(ctx, p.SID(), p.Session)
	if err != nil {
		return refusalOf(err)
	}
	roles := make([]string, len(p.Roles))
	for i, role := range p.Roles {
		roles[i] = string(role)
	}
	if live.Policy != s.version || !sameRoles(told(live), roles) {
		return ErrStaleToken
	}
	return nil
}

// Over says that no new token will help: the session has ended.
func Over(reason error) bool { return errors.Is(reason, ErrSessionEnded) }
