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
	c, err := r.connect(ctx, "Account.auditEvents", first, after, f)
	if err != nil {
		return nil, err
	}
	events, err := r.Upstream.AuditEvents(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, events, func(cursor string, e model.AuditEvent) *model.AuditEventEdge {
		return &model.AuditEventEdge{Cursor: cursor, Node: e}
	})
	return &model.AuditEventConnection{Edges: all, PageInfo: info}, nil
}
