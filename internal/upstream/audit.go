package upstream

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
)

// AuditFilter narrows the list of audit events; nil fields do not. DateCreatedAfter is
// inclusive, DateCreatedBefore is not.
type AuditFilter struct {
	DateCreatedAfter, DateCreatedBefore         *time.Time
	UserSid, ClientSid, Coordinate, ResourceSid *string
	Decision                                    *model.AuditDecision
}

// Audit serves the account's audit trail, newest first.
type Audit interface {
	AuditEvents(ctx context.Context, s Scope, f AuditFilter, p Page) (List[model.AuditEvent], error)
	AuditEvent(ctx context.Context, s Scope, sid string) (*model.AuditEvent, error)
}
