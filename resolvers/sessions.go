package resolvers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/quota"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r mutation) SignIn(ctx context.Context, input model.SignInInput) (*model.SignInPayload, error) {
	tokens, err := r.signIn(ctx, input)
	if err != nil {
		return nil, err
	}
	return &model.SignInPayload{AccessToken: tokens.Access, RefreshToken: tokens.Refresh, ExpiresIn: seconds(tokens.ExpiresIn)}, nil
}

func (r mutation) RefreshSession(ctx context.Context, input model.RefreshSessionInput) (*model.RefreshSessionPayload, error) {
	tokens, err := r.refresh(ctx, input.RefreshToken)
	if err != nil {
		return nil, err
	}
	return &model.RefreshSessionPayload{AccessToken: tokens.Access, RefreshToken: tokens.Refresh, ExpiresIn: seconds(tokens.ExpiresIn)}, nil
}

// SignInWithCookies is SignIn for browsers that are not to hand tokens to scripts.
func (r mutation) SignInWithCookies(ctx context.Context, input model.SignInInput) (*model.CookieSessionPayload, error) {
	cookies, err := auth.CookiesOf(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := r.signIn(ctx, input)
	if err != nil {
		return nil, err
	}
	// No browser will hold the cookies of the session before, so it must not live on.
	r.Auth.Abandon(ctx, cookies.Refresh())
	return handOver(cookies, tokens), nil
}

// RefreshCookies is RefreshSession for them.
func (r mutation) RefreshCookies(ctx context.Context) (*model.CookieSessionPayload, error) {
	cookies, err := auth.CookiesOf(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := r.refresh(ctx, cookies.Refresh())
	if errors.Is(err, auth.ErrSessionEnded) {
		cookies.Clear()
	}
	if err != nil {
		return nil, err
	}
	return handOver(cookies, tokens), nil
}

func (r mutation) refresh(ctx context.Context, token string) (auth.Tokens, error) {
	if err := r.Attempts.Address(ctx, quota.Refresh); err != nil {
		return auth.Tokens{}, err
	}
	return r.Auth.Refresh(ctx, token)
}

func (r mutation) signIn(ctx context.Context, input model.SignInInput) (auth.Tokens, error) {
	if !r.LocalSignIn {
		return auth.Tokens{}, errNoPasswords()
	}
	return r.Auth.SignIn(ctx, func(ctx context.Context) (string, error) {
		if err := r.Attempts.Address(ctx, quota.SignIn); err != nil {
			return "", err
		}
		member, err := r.Identity.Authenticate(ctx, input.Email, input.Password)
		return member.SID, err
	}, clientOf(ctx))
}

// errNoPasswords answers who would use or set a password where there are none.
func errNoPasswords() error {
	return problem.New(problem.Forbidden, "Nobody signs in with a password here. Sign in through your identity provider.")
}

// handOver gives tokens to the browser, and to nobody else.
func handOver(cookies *auth.Cookies, tokens auth.Tokens) *model.CookieSessionPayload {
	cookies.Set(tokens)
	return &model.CookieSessionPayload{ExpiresIn: seconds(tokens.ExpiresIn)}
}

func (r mutation) SignOut(ctx context.Context) (*model.SignOutPayload, error) {
	p := auth.From(ctx)
	if err := r.Auth.SignOut(ctx, p); err != nil {
		return nil, err
	}
	auth.ClearCookies(ctx)
	return &model.SignOutPayload{EndedSessionID: sessionID(p.SID(), p.Session)}, nil
}

// EndSession ends a session of a user of the caller's account. What is not one is
// not found, whosever it is.
func (r mutation) EndSession(ctx context.Context, input model.EndSessionInput) (*model.EndSessionPayload, error) {
	typeName, key, _ := relay.ParseID(input.SessionID)
	user, sid, ok := strings.Cut(key, "/")
	if typeName != "Session" || !ok {
		return nil, problem.Input("This is no id of a session.", "input", "sessionId")
	}
	if err := r.Identity.MayEndSession(ctx, actor(ctx), user); err != nil {
		return nil, err
	}
	if err := r.Auth.EndSession(ctx, user, sid); err != nil {
		return nil, err
	}
	return &model.EndSessionPayload{EndedSessionID: input.SessionID}, nil
}

// EndUserSessions ends all sessions of a user of the caller's account.
func (r mutation) EndUserSessions(ctx context.Context, input model.EndUserSessionsInput) (*model.EndUserSessionsPayload, error) {
	user, err := check.ID("User", input.UserID, "input", "userId")
	if err != nil {
		return nil, err
	}
	if err := r.Identity.MayEndSession(ctx, actor(ctx), user); err != nil {
		return nil, err
	}
	ended, err := r.Auth.EndSessions(ctx, user)
	if err != nil {
		return nil, err
	}
	return &model.EndUserSessionsPayload{EndedSessions: ended}, nil
}

// maxListed bounds what Account.sessions asks of Redis, and what it answers. It never answers with a part of the sessions:
// one that is not seen is one that nobody ends.
const (
	maxListedUsers = 500
	// MaxListedSessions is how many sessions Account.sessions has at most.
	MaxListedSessions = 1000
)

func (r account) Sessions(ctx context.Context, _ *model.Account) ([]*model.Session, error) {
	users, err := r.Root.Users.Users(ctx, upstream.NewScope(auth.From(ctx).Account, policy.NewFields()), identity.UserFilter{}, upstream.Page{First: maxListedUsers})
	if err != nil {
		return nil, err
	}
	tooMany := &problem.Error{
		Code: problem.LimitExceeded, Limit: "sessions", Most: MaxListedSessions,
		Message: fmt.Sprintf("The account has more than %d users, or than %d sessions. Read users { sessions } by pages.", maxListedUsers, MaxListedSessions),
	}
	if users.HasNext {
		return nil, tooMany
	}
	var all []*model.Session
	for _, u := range users.Items {
		of, err := r.sessions(ctx, u.Sid)
		if err != nil {
			return nil, err
		}
		if all = append(all, of...); len(all) > MaxListedSessions {
			return nil, tooMany
		}
	}
	slices.SortStableFunc(all, func(a, b *model.Session) int { return b.DateCreated.Compare(a.DateCreated) })
	return all, nil
}

func (r user) Sessions(ctx context.Context, obj *model.User) ([]*model.Session, error) {
	// The SID is there in any case; the global id only when it was asked for.
	return r.sessions(ctx, obj.Sid)
}

func (r *Root) sessions(ctx context.Context, user string) ([]*model.Session, error) {
	live, err := r.Auth.Sessions(ctx, user)
	if err != nil {
		return nil, err
	}
	sessions := make([]*model.Session, len(live))
	for i, s := range live {
		sessions[i] = &model.Session{
			ID: sessionID(s.User, s.ID), UserSid: s.User, Client: s.Client,
			DateCreated: s.Created, LastSeen: s.Seen, Expires: s.Expires,
		}
	}
	return sessions, nil
}

// sessionID is a session's global id. It names the user too, whose sessions are
// kept together.
func sessionID(user, session string) string { return relay.GlobalID("Session", user+"/"+session) }

func actor(ctx context.Context) identity.Actor {
	p := auth.From(ctx)
	return identity.Actor{SID: p.User, Account: p.Account, Roles: p.Roles, Client: p.Client}
}

func seconds(d time.Duration) int { return int(d / time.Second) }
