package cmd

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/oauth"
	"github.com/fieldgate/fieldgate/internal/quota"
)

// tokenEndpoint is /oauth/token, with all the grants that there are.
func (g *gateway) tokenEndpoint(log *slog.Logger) http.Handler {
	grants := map[string]oauth.Grant{
		oauth.RefreshToken: oauth.RefreshTokens(func(ctx context.Context, token string) (auth.Tokens, error) {
			if err := g.quotas.attempts.Address(ctx, quota.Refresh); err != nil {
				return auth.Tokens{}, err
			}
			return g.auth.Refresh(ctx, token)
		}),
		oauth.ClientCredentialsType: oauth.ClientCredentials(oauth.Clients{
			Authenticate: g.identity.AuthenticateClient, SignIn: g.auth.SignInClient,
			// By address alone: a secret of 256 bits is not guessed, and whoever knows a client's id could lock it out.
			Attempt: func(ctx context.Context) error { return g.quotas.attempts.Address(ctx, quota.Client) },
		}),
	}
	if g.admission.Any() {
		grants[oauth.TokenExchange] = oauth.TokenExchanges(g.exchange)
	}
	return g.observer.tokens(oauth.New(grants, log), g.health.stopping.Load)
}

// tokens watches what comes to /oauth/token.
func (o *observer) tokens(endpoint *oauth.Endpoint, stopping func() bool) http.Handler {
	if o.metrics != nil {
		o.metrics.ZeroTokens(endpoint.GrantTypes())
		endpoint.Observe = func(_ context.Context, grantType, result string) { o.metrics.Token(grantType, result) }
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		ctx, traced := o.traces.Request(r, "/oauth/token")
		watched := &response{ResponseWriter: w, stopping: stopping}
		defer func() {
			if watched.status == 0 {
				watched.status = http.StatusInternalServerError // the handler panicked, and the server ends the connection
			}
			traced(watched.status)
			o.log.DebugContext(ctx, "a token was asked for", "status", watched.status, "took", time.Since(begun).String())
		}()
		endpoint.ServeHTTP(watched, r.WithContext(ctx))
	})
}
