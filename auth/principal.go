// Package auth knows who is asking: it turns an access token into a Principal, and
// signs in, refreshes and signs out.
//
// A token alone says nothing about now. At each request it is believed as far as its
// session agrees with it, of which package session tells: what Redis says or, under a
// lease, what is kept of that.
package auth

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
)

// Principal is who is asking. The zero value is a guest, who holds nothing.
type Principal struct {
	User    string        // SID; for a client, of the user who made it
	Client  string        // SID of the client of OAuth that asks, "" for a person
	Account string        // SID of the account that the session is bound to
	Session string        // id of the session
	Issuer  string        // the name of the issuer whose Outsider this is, and User stands for; "" for the gateway's own users
	Roles   []policy.Role // a client has none
	Creator []policy.Role // for a client, the roles of the user who made it, out of whose budget it is paid
	Set     policy.Set    // what the roles hold; for a client, what it was granted of what its user's roles hold
	// Expires is when the access token is over: whatever outlasts one request ends then.
	Expires time.Time

	key       string // of an Outsider's session in Redis
	unchecked bool   // that the key is not asked for
}

// SignedIn tells whether this is someone with a live session, and not a guest.
func (p Principal) SignedIn() bool {
	return p.User != "" && p.Session != "" && p.Set.SignedIn()
}

// SID is that of who is asking: of the client or, where there is none, of the user.
func (p Principal) SID() string {
	if p.Client != "" {
		return p.Client
	}
	return p.User
}

// watched is by which user and session the log tells of this session.
func (p Principal) watched() (user, sid string) {
	if p.Issuer != "" {
		return p.key, p.key
	}
	return p.User, p.Session
}

// principalKey is the key of the *Principal in a context.
type principalKey struct{}

// Caller is the context of a request with room for who is asking, which Middleware fills in: a guest until then. Without one
// Middleware makes another context, and so another request.
type Caller struct {
	context.Context
	principal *Principal
	cookies   *Cookies // nil for a request that uses none
}

// callerKey is the key of the *Caller in a context.
type callerKey struct{}

// In begins the request in ctx, and returns c.
func (c *Caller) In(ctx context.Context) context.Context {
	c.Context = ctx
	return c
}

// Value implements context.Context.
func (c *Caller) Value(key any) any {
	switch key {
	case principalKey{}:
		return c.principal
	case cookiesKey{}:
		return c.cookies
	case callerKey{}:
		return c
	}
	return c.Context.Value(key)
}

// With returns ctx with the principal in it.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, &p)
}

// From returns the principal that With put into ctx, and a guest where there is none. Requests with one token share what
// it refers to: nobody changes it.
func From(ctx context.Context) Principal {
	if p, _ := ctx.Value(principalKey{}).(*Principal); p != nil {
		return *p
	}
	return Principal{}
}
