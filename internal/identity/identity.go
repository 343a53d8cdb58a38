// Package identity knows the people of an account: who they are, how they prove
// it, which roles they hold, and the rules by which roles change.
package identity

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// Member is a user as the gateway needs to know them to let them in.
type Member struct {
	SID     string
	Account string
	Email   string
	Roles   []policy.Role
	// Issuer is whose they are when they come from another issuer, "" for who signs in here.
	Issuer string
	// Asserted is when what that issuer has said of them last was issued; zero for who signs in here.
	Asserted time.Time
}

// Credential is a member with the PHC string of their password's argon2id hash.
type Credential struct {
	Member
	PasswordHash string
}

// UserFilter narrows the list of users; nil fields do not.
type UserFilter struct {
	Email *string
	Role  *policy.Role
}

// RoleChange is a change of a user's roles that was committed and of which the
// user's sessions may not know yet.
type RoleChange struct {
	ID   int64
	User string
	// Generation is what Sessions.Block returned for this change.
	Generation int64
}

// CheckChange is called with who changes whom, as they stand, and whether only the Owner manages Administrators in their
// account. It returns the generation of the target's sessions, which it has blocked.
type CheckChange func(actor, target Member, onlyOwnerManagesAdministrators bool) (generation int64, err error)

// CheckTransfer is called with who hands ownership to whom, as they stand, and returns the generations of both.
type CheckTransfer func(actor, target Member) (actors, targets int64, err error)

// Users is where users are kept. NOT_FOUND is a *problem.Error.
type Users interface {
	// CredentialOf finds a user by e-mail address, without regard to case.
	CredentialOf(ctx context.Context, email string) (Credential, error)
	// MemberOf finds a user by SID, with the roles held now. One who is suspended is not there.
	MemberOf(ctx context.Context, sid string) (Member, error)
	// SignedIn notes when a user signed in.
	SignedIn(ctx context.Context, sid string, at time.Time) error

	Invitations
	Federation
	Clients

	Users(ctx context.Context, s upstream.Scope, f UserFilter, p upstream.Page) (upstream.List[model.User], error)
	User(ctx context.Context, s upstream.Scope, sid string) (*model.User, error)

	// SetRoles gives a user of c's account other roles, and writes the change into
	// the outbox in the same transaction, with its audit event. The actor is the user of c's intent. check is called inside
	// the transaction; its error undoes everything, and the
	// generation that it returns is kept with the change. The transaction is
	// serializable and is tried again, check included, when it collides with
	// another: of two changes of one user, the later one's check is called after
	// the earlier one has been committed. A target that is unknown or of another
	// account is problem.Missing(), and an actor that is so or suspended is FORBIDDEN;
	// check is not called for them. With no roles the target, who comes from another
	// issuer, is suspended, until Admit is told something newer.
	//
	// An error that is a *problem.Error of another code than SERVICE_UNAVAILABLE,
	// TIMEOUT or INTERNAL_SERVER_ERROR, or that is ErrUndone, says that nothing was
	// changed; after any other the change may have been committed.
	SetRoles(ctx context.Context, c upstream.Change, target string, roles []policy.Role, check CheckChange) (RoleChange, error)
	// RemoveUser removes a user of c's account as SetRoles changes one, with their clients and the invitations they sent. Neither they nor
	// who has their address is admitted from another issuer unless it is invited.
	RemoveUser(ctx context.Context, c upstream.Change, target string, check CheckChange) (RoleChange, error)
	// TransferOwnership makes target the Owner and the actor an Administrator, as SetRoles changes one user: both
	// changes are in the outbox.
	TransferOwnership(ctx context.Context, c upstream.Change, target string, check CheckTransfer) ([]RoleChange, error)
	// PendingRoleChanges are those in the outbox, oldest first, at most limit.
	PendingRoleChanges(ctx context.Context, limit int) ([]RoleChange, error)
	// RoleChangeDone takes one out of the outbox. One that is gone is no error.
	RoleChangeDone(ctx context.Context, id int64) error
}

// Sessions is what identity needs of the sessions: it is auth/session's Store,
// whose comments say more.
type Sessions interface {
	// Generation is the number of a user's roles: it grows with every change.
	Generation(ctx context.Context, user string) (int64, error)
	// Block keeps a user's sessions from being used or renewed, for ttl at most, and
	// makes them stale thereafter. The generation it returns names the change.
	Block(ctx context.Context, user string, ttl time.Duration) (generation int64, err error)
	// Reconcile gives a user's sessions the roles held now and lifts the block of
	// the change named by generation; with no roles it ends them. It fails when another
	// change has come since.
	Reconcile(ctx context.Context, user string, generation int64, roles []string, policyVersion string) error
	// EndClient ends the sessions of a client that user has made, and keeps it from having new ones for ttl.
	EndClient(ctx context.Context, user, client string, ttl time.Duration) (ended int, err error)
}
