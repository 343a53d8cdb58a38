package resolvers

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) AuditEvents(ctx context.Context, _ *model.Account, first *int, after *string, dateCreatedAfter, dateCreatedBefore *time.Time, userSid, clientSid, coordinate *string, decision *model.AuditDecision, resourceSid *string) (*model.AuditEventConnection, error) {
	f := upstream.AuditFilter{
		DateCreatedAfter: dateCreatedAfter, DateCreatedBefore: dateCreatedBefore,
		UserSid: userSid, ClientSid: clientSid, Coordinate: coordinate, ResourceSid: resourceSid, Decision: decision,
	}
	return list[model.AuditEventConnection](ctx, r.Root, first, after, f, r.Upstream.AuditEvents)
}
