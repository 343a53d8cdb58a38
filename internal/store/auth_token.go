package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/internal/upstream"
)

// RotateAuthToken gives the account another auth token: 128 random bits, of which only a hash is kept.
func (s *Store) RotateAuthToken(ctx context.Context, c upstream.Change) (upstream.AuthToken, error) {
	token := upstream.AuthToken{Secret: randomHex(), Rotated: s.now()}
	_, err := update(ctx, s, c, &s.accounts, c.Account(), func(*sql.Tx) (columns, error) {
		var set columns
		set.add("authToken", "auth_token_hash", hashOf(token.Secret))
		set.add("", "auth_token_rotated", micros(token.Rotated))
		return set, nil
	})
	if err != nil {
		return upstream.AuthToken{}, err
	}
	return token, nil
}
