package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// claim takes the idempotency key, if there is one, for the object that a mutation is
// about to make. If it is taken, it returns the SID of what it was taken for.
func (s *Store) claim(ctx context.Context, tx *sql.Tx, c upstream.Change, n creation, sid string) (string, error) {
	key := n.key.Value()
	if key == nil {
		return sid, nil
	}
	account, principal := c.Account(), c.Intent.Principal()
	if principal == "" {
		return "", errors.New("store: an idempotency key of no principal")
	}
	_, mutation, _ := strings.Cut(c.Intent.Coordinate, ".")
	of, err := json.Marshal(n.input)
	if err != nil {
		return "", fmt.Errorf("store: an input that cannot be told apart: %w", err)
	}
	input := hashOf(string(of))
	st := new(statement)
	st.write("INSERT INTO idempotency_keys (account_sid, principal, mutation, idempotency_key, input_hash, resource_sid, date_created) VALUES (",
		st.arg(account), ", ", st.arg(principal), ", ", st.arg(mutation), ", ", st.arg(*key), ", ",
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
		" AND principal = ", st.arg(principal), " AND mutation = ", st.arg(mutation),
		" AND idempotency_key = ", st.arg(*key))
	var before, kept string
	if err := s.scanOne(ctx, tx, st, &before, &kept); err != nil {
		return "", failed(ctx, "reading an idempotency key", err)
	}
	if before != input {
		return "", problem.New(problem.Conflict, "The idempotency key was used before, with another input.")
	}
	return kept, nil
}
