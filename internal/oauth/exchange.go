package oauth

import (
	"context"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// TokenExchange is the grant type of TokenExchanges.
const TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

// The token types of RFC 8693, section 3, that there are here.
const (
	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
	typeIDToken     = "urn:ietf:params:oauth:token-type:id_token"
	typeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

// TokenExchanges is the grant of RFC 8693: a token of another issuer is exchanged for a session of whom it is about.
// exchange returns the tokens; its UNAUTHENTICATED and FORBIDDEN are invalid_request (section 2.2.2). client is what the session says of
// who asked.
//
// Nobody acts for somebody else here, so there is no actor token; the one kind of token that can be had is an access
// token, which comes with a refresh token that is good as long as the session lasts. What the new token is for cannot
// be chosen: it is for this gateway.
func TokenExchanges(exchange func(ctx context.Context, subjectToken, client string) (auth.Tokens, error)) Grant {
	return func(ctx context.Context, r Request) (Answer, error) {
		given := r.Params
		switch subject := given["subject_token_type"]; {
		case r.Client != nil && r.Client.Secret != "":
			return Answer{}, refuse(UnauthorizedClient, "A client with a secret exchanges nothing: it asks with client_credentials.")
		case given["subject_token"] == "":
			return Answer{}, refuse(InvalidRequest, "The parameter subject_token is missing.")
		case subject != typeAccessToken && subject != typeIDToken && subject != typeJWT:
			return Answer{}, refuse(InvalidRequest, "The subject_token_type is that of a JWT: access_token, id_token or jwt, as a URN.")
		case given["actor_token"] != "" || given["actor_token_type"] != "":
			return Answer{}, refuse(InvalidRequest, "There are no actor tokens here.")
		case given["requested_token_type"] != "" && given["requested_token_type"] != typeAccessToken:
			return Answer{}, refuse(InvalidRequest, "Only an access token can be had.")
		case given["resource"] != "" || given["audience"] != "":
			return Answer{}, refuse(InvalidTarget, "What the token is for cannot be chosen here.")
		}
		tokens, err := exchange(ctx, given["subject_token"], r.Agent)
		switch problem.CodeOf(err) {
		case problem.Unauthenticated:
			return Answer{}, &Error{Code: InvalidRequest, Description: "The subject token is not valid here.", Cause: err}
		case problem.Forbidden:
			return Answer{}, &Error{Code: InvalidRequest, Description: "The subject token is good, but whom it is about cannot be let in: none of their groups gives a role here, they were removed, or the log has another reason.", Cause: err}
		}
		if err != nil {
			return Answer{}, err
		}
		return Answer{Access: tokens.Access, ExpiresIn: tokens.ExpiresIn, Refresh: tokens.Refresh, IssuedType: typeAccessToken}, nil
	}
}
