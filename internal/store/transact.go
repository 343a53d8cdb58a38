package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/fieldgate/fieldgate/internal/identity"
)

const (
	// maxAttempts is how often a transaction is tried that collides with others.
	maxAttempts = 10
	// firstPause and maxPause bound how long it waits before it is tried again.
	firstPause, maxPause = 20 * time.Millisecond, 500 * time.Millisecond
)

// Transact runs do in a serializable transaction, which is undone by do's error. It is
// tried again, from the start, when it collides with another, so what do does besides
// must bear repeating. SERVICE_UNAVAILABLE with identity.ErrUndone says that it has collided too often.
func (s *Store) Transact(ctx context.Context, do func(tx *sql.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, do)
		if err == nil || !isBusy(err) {
			return err
		}
		if attempt == maxAttempts || !pause(ctx, attempt) {
			return fmt.Errorf("%w: %w", identity.ErrUndone, failed(ctx, "a transaction that collides with others", err))
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

// pause waits longer each time, by chance so that two that collided do not do so again.
// It is false when ctx ends first.
func pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(rand.N(min(firstPause<<(attempt-1), maxPause)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
