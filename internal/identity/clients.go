package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const (
	// maxClients is how many clients of OAuth one user may have made.
	maxClients = 20

	// A client lives for a year unless it is told another end, which is within ten.
	clientLife    = 365 * 24 * time.Hour
	maxClientLife = 3653 * 24 * time.Hour

	// secretPrefix lets whoever finds a secret where it should not be, such as a scanner of repositories, tell what it is.
	secretPrefix = "fieldgate_"
	secretBytes  = 32
)

// Client is a client of OAuth as the gateway needs to know it to let it in.
type Client struct {
	SID     string
	Account string
	Creator string // SID of the user who made it
	Name    string
	Grants  []policy.Grant
	Expires time.Time
}

// ClientCredential is a client with the SHA-256 of its secret, in hexadecimal.
type ClientCredential struct {
	Client
	SecretHash string
}

// ClientFilter narrows the list of clients; nil fields do not.
type ClientFilter struct{ Name, CreatedBySID *string }

// NewClient is a client that is to be made.
type NewClient struct {
	Name   string
	Grants []policy.Grant
	// Expires is when it stops working; nil for the usual time.
	Expires        *time.Time
	IdempotencyKey graphql.Omittable[*string]
}

// KeptClient is what is kept of a new client.
type KeptClient struct {
	NewClient
	Creator    string
	SecretHash string
	Ends       time.Time
	// Most is how many clients the creator may have, this one included.
	Most int
}

// Clients is where clients of OAuth are kept. NOT_FOUND is a *problem.Error.
type Clients interface {
	OAuthClients(ctx context.Context, s upstream.Scope, f ClientFilter, p upstream.Page) (upstream.List[model.OAuthClient], error)
	OAuthClient(ctx context.Context, s upstream.Scope, sid string) (*model.OAuthClient, error)
	// CreateOAuthClient keeps a client. It is a CONFLICT when its creator has too many, BAD_USER_INPUT for a name or an
	// idempotency key that cannot be.
	CreateOAuthClient(ctx context.Context, c upstream.Change, n KeptClient) (upstream.Made[model.OAuthClient], error)
	DeleteOAuthClient(ctx context.Context, c upstream.Change, sid string) error

	// ClientCredential finds a client of any account by its SID.
	ClientCredential(ctx context.Context, sid string) (ClientCredential, error)
	// ClientUsed notes when a client was given a token.
	ClientUsed(ctx context.Context, sid string, at time.Time) error
}

// CreateClient makes a client of OAuth with these grants, of which the actor must hold each now: nobody grants what they
// do not hold. Of its secret only a hash is kept.
//
// Errors: BAD_USER_INPUT for a name, grants or an end that cannot be; FORBIDDEN for grants that the actor does not hold,
// and for an actor that is a client; CONFLICT when the actor has made as many clients as they may.
func (s *Service) CreateClient(ctx context.Context, actor Actor, c upstream.Change, n NewClient) (upstream.Made[model.OAuthClient], error) {
	var none upstream.Made[model.OAuthClient]
	if err := actor.Person("makes OAuth clients"); err != nil {
		return none, err
	}
	if err := s.matrix.ValidGrants(n.Grants); err != nil {
		return none, &problem.Error{
			Code: problem.BadUserInput, InputPath: []string{"input", "grants"}, Cause: err,
			Message: "Grants name one permission at least, each once, with one action at least, each once.",
		}
	}
	ends, err := s.clientEnd(n.Expires)
	if err != nil {
		return none, err
	}
	held, err := s.matrix.Set(actor.Roles...)
	if err != nil {
		return none, fmt.Errorf("identity: the actor's roles: %w", err)
	}
	if permission, action, beyond := s.matrix.Beyond(n.Grants, held); beyond {
		return none, problem.New(problem.Forbidden,
			fmt.Sprintf("You cannot grant %s (%s), which you do not hold.", permission, action))
	}
	secret := newClientSecret()
	made, err := s.users.CreateOAuthClient(ctx, c, KeptClient{
		NewClient: n, Creator: actor.SID, SecretHash: hashOfSecret(secret), Ends: ends, Most: maxClients,
	})
	if made.Fresh {
		made.Secret = &secret
	}
	return made, err
}

// clientEnd is when a client stops working that was told this.
func (s *Service) clientEnd(told *time.Time) (time.Time, error) {
	now := s.now()
	switch {
	case told == nil:
		return now.Add(clientLife), nil
	case !told.After(now):
		return time.Time{}, problem.Input("expiresAt lies in the future.", "input", "expiresAt")
	case told.After(now.Add(maxClientLife)):
		return time.Time{}, problem.Input("expiresAt is within ten years.", "input", "expiresAt")
	}
	return *told, nil
}

// DeleteClient deletes a client of the actor's account, and ends its sessions. Errors: NOT_FOUND for a client that is not
// in the account; FORBIDDEN for an actor that is a client; SERVICE_UNAVAILABLE when its sessions cannot be ended, and then
// it is not deleted.
//
// The sessions end first, and new ones are held back: whatever fails in between leaves the client with less access.
func (s *Service) DeleteClient(ctx context.Context, actor Actor, c upstream.Change, sid string) error {
	if err := actor.Person("deletes OAuth clients"); err != nil {
		return err
	}
	found, err := s.users.ClientCredential(ctx, sid)
	if err != nil {
		return err
	}
	if found.Account != actor.Account {
		return problem.Missing()
	}
	// A client that goes away must not stop this half-way.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout)
	defer cancel()
	c.Intent.Intend(ctx, audit.Change{Type: "OAuthClient", SID: sid})
	if _, err := s.sessions.EndClient(ctx, found.Creator, sid, blockTTL); err != nil {
		return &problem.Error{
			Code:    problem.Unavailable,
			Message: "The client cannot be deleted right now, because its sessions cannot be reached. Try again in a moment.",
			Cause:   err,
		}
	}
	return s.users.DeleteOAuthClient(ctx, c, sid)
}

// AuthenticateClient returns the client with this SID if the secret is its own, it has not expired, and whoever made it is
// still vouched for (see Trust), and notes that it was used. Anything else is UNAUTHENTICATED, in the same words and after the same work.
func (s *Service) AuthenticateClient(ctx context.Context, sid, secret string) (Client, error) {
	found, err := s.users.ClientCredential(ctx, sid)
	if err != nil && problem.CodeOf(err) != problem.NotFound {
		return Client{}, fmt.Errorf("identity: finding a client: %w", err)
	}
	known := err == nil
	matches := subtle.ConstantTimeCompare([]byte(hashOfSecret(secret)), []byte(found.SecretHash)) == 1
	now := s.now()
	if known {
		audit.From(ctx).Concerns(found.Account, found.Creator)
	}
	if !known || !matches || !found.Expires.After(now) {
		return Client{}, unknownClient()
	}
	creator, err := s.users.MemberOf(ctx, found.Creator)
	switch {
	case problem.CodeOf(err) == problem.NotFound:
		return Client{}, unknownClient()
	case err != nil:
		return Client{}, fmt.Errorf("identity: finding who made a client: %w", err)
	case !s.vouched(creator, now):
		s.log.InfoContext(ctx, "an OAuth client was refused: whoever made it has not signed in for too long, or their identity provider is not configured",
			"requestId", problem.RequestID(ctx), "client", sid)
		return Client{}, unknownClient()
	}
	if err := s.users.ClientUsed(ctx, sid, now); err != nil {
		s.log.WarnContext(ctx, "that a client was used was not noted", "error", err)
	}
	return found.Client, nil
}

func unknownClient() error {
	return problem.New(problem.Unauthenticated, "The client is not known, or its secret is wrong.")
}

// vouched says whether someone is the gateway's own, or what their issuer has said of them is not too long ago. The
// gateway does not hear of who leaves there.
func (s *Service) vouched(m Member, now time.Time) bool {
	if m.Issuer == "" {
		return true
	}
	if s.trust == nil {
		return false
	}
	longest, known := s.trust(m.Issuer)
	return known && now.Sub(m.Asserted) <= longest
}

// newClientSecret is a new secret: 256 random bits behind the prefix.
func newClientSecret() string {
	var random [secretBytes]byte
	rand.Read(random[:]) // never fails
	return secretPrefix + base64.RawURLEncoding.EncodeToString(random[:])
}

// hashOfSecret is plain SHA-256: what a slow hash is for is a secret that can be guessed, and nobody guesses 256 random
// bits; nor would it do for each of a service's tokens to take as long as a sign-in.
func hashOfSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Person refuses an actor that is a client of OAuth: what it may do, it does for itself. To make others of its kind, or to
// decide over people, is for people, whatever it was granted.
func (a Actor) Person(does string) error {
	if a.Client != "" {
		return problem.New(problem.Forbidden, "No OAuth client "+does+": that is for people alone.")
	}
	return nil
}
