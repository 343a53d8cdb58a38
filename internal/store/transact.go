package store

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
)

// maxAttempts is how often a transaction is tried that collides with others.
const maxAttempts = 5

// Transact runs do in a serializable transaction, which is undone by do's error. It is
// tried again, from the start, when it collides with another, so what do does besides
// must bear repeating.
func (s *Store) Transact(ctx context.Context, do func(tx *sql.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, do)
		if err == nil || !isBusy(err) || attempt == maxAttempts || !pause(ctx, attempt) {
			return err
		}
	}
}

func (s *Store) attempt(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return failed(ctx, "beginning a transaction", err)
	}
	defer tx.Rollback() // of no effect after a commit
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return failed(ctx, "committing a transaction", err)
	}
	return nil
}

// pause waits a little longer each time, by chance so that two that collided do not do
// so again. It is false when ctx ends first.
func pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(rand.N(time.Duration(attempt) * 20 * time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// exec runs a statement that has no rows to answer with, and returns how many it changed.
func (s *Store) exec(ctx context.Context, q querier, st *statement) (int64, error) {
	query := st.sql.String()
	if s.trace != nil {
		s.trace(query, st.args)
	}
	result, err := q.ExecContext(ctx, query, st.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
