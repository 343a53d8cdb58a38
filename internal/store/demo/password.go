package demo

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/internal/store"
)

// SetPassword gives all users of the demo the password of this hash, a PHC string.
// Other users that a demo database may have by now keep theirs.
func SetPassword(ctx context.Context, s *store.Store, passwordHash string) error {
	return s.Transact(ctx, func(tx *sql.Tx) error {
		for _, a := range []Account{Main(), Second()} {
			for _, u := range a.Users {
				if _, err := tx.ExecContext(ctx, "UPDATE users SET password_hash = $1 WHERE sid = $2", passwordHash, u.SID); err != nil {
					return store.Failed(ctx, "setting a demo user's password", err)
				}
			}
		}
		return nil
	})
}
