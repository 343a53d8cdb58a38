package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"

	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// RotateAuthToken gives the account another auth token: 128 random bits, of which only a hash is kept.
func (s *Store) RotateAuthToken(ctx context.Context, c upstream.Change) (upstream.AuthToken, error) {
	var random [16]byte
	rand.Read(random[:]) // never fails
	token := upstream.AuthToken{Secret: hex.EncodeToString(random[:]), Rotated: s.now()}
	err := s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		t := &s.accounts
		if err := s.has(ctx, tx, t.name, t.account, c.Account(), c.Account()); err != nil {
			return audit.Change{}, err
		}
		var set columns
		set.add("authToken", "auth_token_hash", hashOf(token.Secret))
		set.add("", "auth_token_rotated", micros(token.Rotated))
		return audit.Change{Type: t.typeName, SID: c.Account(), Fields: set.fields()}, s.set(ctx, tx, t.name, t.account, c.Account(), c.Account(), set)
	})
	if err != nil {
		return upstream.AuthToken{}, err
	}
	return token, nil
}
