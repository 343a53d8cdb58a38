package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// settle tells the sessions of a committed change and takes it out of the outbox.
func (s *Service) settle(ctx context.Context, change RoleChange) error {
	if err := s.tell(ctx, change); err != nil {
		return err
	}
	if err := s.users.RoleChangeDone(ctx, change.ID); err != nil {
		return fmt.Errorf("identity: closing a change of roles: %w", err)
	}
	return nil
}

// tell gives the user's sessions the roles that stand in SQL and lifts the block of
// this change, unless another change has blocked them since and will do so itself. The
// sessions' store compares the generation once more, so a change that begins between
// the reading of the roles and the telling wins.
func (s *Service) tell(ctx context.Context, change RoleChange) error {
	current, err := s.sessions.Generation(ctx, change.User)
	if err != nil {
		return fmt.Errorf("identity: a change of roles: %w", err)
	}
	if current > change.Generation {
		return nil
	}
	member, err := s.users.MemberOf(ctx, change.User)
	if err != nil && problem.CodeOf(err) != problem.NotFound {
		return fmt.Errorf("identity: reading changed roles: %w", err)
	}
	// Who is no longer a user, or is suspended, holds no roles, and with none their sessions end.
	names := make([]string, len(member.Roles))
	for i, role := range member.Roles {
		names[i] = string(role)
	}
	if err := s.sessions.Reconcile(ctx, change.User, change.Generation, names, s.version); err != nil {
		if now, again := s.sessions.Generation(ctx, change.User); again == nil && now > change.Generation {
			return nil // someone else has told them meanwhile
		}
		return fmt.Errorf("identity: a change of roles: %w", err)
	}
	return nil
}

// drainBatch is how many changes are read from the outbox at a time.
const drainBatch = 100

// Reconcile tells the sessions of every change of roles that is still in the outbox,
// as after a crash. A change that fails stays there and does not keep the others from
// being told; the error joins what went wrong. It takes no longer than a change may, so
// that a connection that has gone dead does not hold up those to come.
func (s *Service) Reconcile(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	for {
		pending, err := s.users.PendingRoleChanges(ctx, drainBatch)
		if err != nil {
			return fmt.Errorf("identity: reading the outbox: %w", err)
		}
		var failed []error
		for _, change := range pending {
			if err := s.settle(ctx, change); err != nil {
				failed = append(failed, fmt.Errorf("change %d: %w", change.ID, err))
			}
		}
		if len(failed) > 0 || len(pending) < drainBatch {
			return errors.Join(failed...)
		}
	}
}

// Run reconciles now and then every so often, until ctx ends. Failures are logged by
// the number of the change.
func (s *Service) Run(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := s.Reconcile(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "changes of roles wait for the sessions to be told", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
