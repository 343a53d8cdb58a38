package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// claim takes the idempotency key, if there is one, for the object that a mutation is
// about to make of an input. If it is taken, it returns the SID of what it was taken for.
func (s *Store) claim(
	ctx context.Context, tx *sql.Tx, account, mutation, of string, by *upstream.Idempotency, sid string,
) (string, error) {
	if by == nil {
		return sid, nil
	}
	if by.Principal == "" {
		return "", errors.New("store: an idempotency key of no principal")
	}
	sum := sha256.Sum256([]byte(of))
	input := hex.EncodeToString(sum[:])
	st := new(statement)
	st.write("INSERT INTO idempotency_keys (account_sid, principal, mutation, idempotency_key, input_hash, resource_sid, date_created) VALUES (",
		st.arg(account), ", ", st.arg(by.Principal), ", ", st.arg(mutation), ", ", st.arg(by.Key), ", ",
		st.arg(input), ", ", st.arg(sid), ", ", st.arg(micros(s.now())),
		") ON CONFLICT (account_sid, principal, mutation, idempotency_key) DO NOTHING")
	changed, err := s.exec(ctx, tx, st)
	if err != nil {
		return "", failed(ctx, "keeping an idempotency key", err)
	}
	if changed > 0 {
		return sid, nil
	}
	st = new(statement)
	st.write("SELECT input_hash, resource_sid FROM idempotency_keys WHERE account_sid = ", st.arg(account),
		" AND principal = ", st.arg(by.Principal), " AND mutation = ", st.arg(mutation),
		" AND idempotency_key = ", st.arg(by.Key))
	var before, kept string
	if err := s.scanOne(ctx, tx, st, &before, &kept); err != nil {
		return "", failed(ctx, "reading an idempotency key", err)
	}
	if before != input {
		return "", problem.New(problem.Conflict, "The idempotency key was used before, with another input.")
	}
	return kept, nil
}
