package oauth

import (
	"context"

	"github.com/fieldgate/fieldgate/auth"
)

// RefreshToken is the grant type of RefreshTokens.
const RefreshToken = "refresh_token"

// RefreshTokens is the grant of RFC 6749, section 6: a refresh token is good once, and gives tokens with the roles
// that the user holds now. refresh is auth.Service's.
//
// Refresh tokens belong to people and to no client: one that only names itself is let pass, and one that comes with a
// secret has none.
func RefreshTokens(refresh func(ctx context.Context, refreshToken string) (auth.Tokens, error)) Grant {
	return func(ctx context.Context, r Request) (Answer, error) {
		given := r.Params["refresh_token"]
		switch {
		case r.Client != nil && r.Client.Secret != "":
			return Answer{}, refuse(UnauthorizedClient, "A client with a secret has no refresh tokens: it asks with client_credentials.")
		case given == "":
			return Answer{}, refuse(InvalidRequest, "The parameter refresh_token is missing.")
		}
		tokens, err := refresh(ctx, given)
		if err != nil {
			return Answer{}, err
		}
		return Answer{Access: tokens.Access, ExpiresIn: tokens.ExpiresIn, Refresh: tokens.Refresh}, nil
	}
}
