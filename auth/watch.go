package auth

import (
	"context"
	"errors"
	"time"

	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
)

// checkers is how many watched sessions are looked up at the same time: when Redis has lost
// what it knew all of them are, and requests need connections to it too.
const checkers = 8

// Watch gives a context that ends once nothing more may be sent to the principal of ctx, with the reason as
// its cause: ErrExpiredToken, ErrStaleToken, ErrSessionEnded, or SERVICE_UNAVAILABLE when that cannot be found
// out. It has ended when it is returned if that is so already. A guest's ends with ctx. The function that is
// returned ends the watch.
//
// It ends when the token would no longer be accepted with a request, whichever gateway it is by which the
// session ends or the roles change: at once, by the log of the session store. When Redis does not answer, it
// ends after two seconds.
func (s *Service) Watch(ctx context.Context) (context.Context, context.CancelFunc) {
	p := From(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(context.Canceled) }
	if !p.SignedIn() {
		return ctx, stop
	}
	// What is logged is told from here on, and what was logged before shows when the session is looked up.
	user, sid := p.watched()
	w, err := s.sessions.Watch(ctx, user, sid)
	if err != nil {
		cancel(refusalOf(err))
		return ctx, stop
	}
	until, err := s.still(ctx, w, p)
	if err != nil {
		w.Close()
		cancel(err)
		return ctx, stop
	}
	go func() {
		defer w.Close()
		for err == nil {
			if err = s.wait(ctx, w, until); err == nil {
				until, err = s.still(ctx, w, p)
			}
		}
		cancel(err)
	}()
	return ctx, stop
}

// wait returns nil when it is time to look whether a session still lives.
func (s *Service) wait(ctx context.Context, w *session.Watch, until time.Time) error {
	limited, cancel := context.WithTimeout(ctx, max(until.Sub(s.now()), 0)+time.Millisecond)
	defer cancel()
	err := w.Wait(limited)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && limited.Err() == nil:
		return refusalOf(err)
	}
	return nil
}

// still says why a principal is no longer one or, with no error, until when they are unless something
// happens before.
func (s *Service) still(ctx context.Context, w *session.Watch, p Principal) (until time.Time, err error) {
	until = p.Expires.Add(token.Leeway)
	if p.Issuer != "" {
		until = p.Expires
	}
	if !s.now().Before(until) {
		return time.Time{}, ErrExpiredToken
	}
	select {
	case s.checking <- struct{}{}:
		defer func() { <-s.checking }()
	case <-w.Lost():
		return time.Time{}, refusalOf(session.ErrUnavailable)
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	if p.Issuer != "" {
		return s.stillOutside(ctx, &p, until)
	}
	live, err := s.lookup(ctx, p.SID(), p.Session)
	if err != nil {
		return time.Time{}, refusalOf(err)
	}
	roles := make([]string, len(p.Roles))
	for i, role := range p.Roles {
		roles[i] = string(role)
	}
	if live.Account != p.Account || live.Policy != s.version || !sameRoles(told(live), roles) {
		return time.Time{}, ErrStaleToken
	}
	if live.Expires.Before(until) { // a refresh may move that
		until = live.Expires
	}
	return until, nil
}

// Over says that no new token will help: the session has ended.
func Over(reason error) bool { return errors.Is(reason, ErrSessionEnded) }
