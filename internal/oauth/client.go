package oauth

import (
	"context"
	"errors"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// ClientCredentialsType is the grant type of ClientCredentials.
const ClientCredentialsType = "client_credentials"

// Attempt is asked before a client's secret is looked at, with the client's id as it was sent and the address that it was
// sent from. Its error refuses the request: RATE_LIMITED for too many attempts.
type Attempt func(ctx context.Context, client, address string) error

// Clients is what is needed of those who know the clients and make their sessions.
type Clients struct {
	// Authenticate is identity.Service's AuthenticateClient.
	Authenticate func(ctx context.Context, id, secret string) (identity.Client, error)
	// SignIn is auth.Service's SignInClient.
	SignIn func(ctx context.Context, id string, authenticate func(context.Context) (auth.Client, error)) (auth.Tokens, error)
	// Attempt may be nil.
	Attempt Attempt
}

// ClientCredentials is the grant of RFC 6749, section 4.4: a client that shows its secret gets an access token for
// itself, and no refresh token.
func ClientCredentials(c Clients) Grant {
	return func(ctx context.Context, r Request) (Answer, error) {
		if r.Client == nil || r.Client.Secret == "" {
			return Answer{}, refuse(InvalidClient, "A client authenticates itself with its id and its secret.")
		}
		if c.Attempt != nil {
			if err := c.Attempt(ctx, r.Client.ID, r.Address); err != nil {
				return Answer{}, err
			}
		}
		tokens, err := c.SignIn(ctx, r.Client.ID, func(ctx context.Context) (auth.Client, error) {
			known, err := c.Authenticate(ctx, r.Client.ID, r.Client.Secret)
			return auth.Client{
				SID: known.SID, Name: known.Name, Creator: known.Creator, Account: known.Account, Grants: known.Grants, Expires: known.Expires,
			}, err
		})
		var p *problem.Error
		switch {
		case errors.As(err, &p) && p.Code == problem.Unauthenticated:
			return Answer{}, &Error{Code: InvalidClient, Description: p.Message, Cause: err}
		case err != nil:
			return Answer{}, err
		}
		return Answer{Access: tokens.Access, ExpiresIn: tokens.ExpiresIn}, nil
	}
}
