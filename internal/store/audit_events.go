package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func auditEventTable() table[model.AuditEvent] {
	type object = model.AuditEvent
	return table[object]{
		name: "audit_events", typeName: "AuditEvent", account: "account_sid",
		identity: func(e *object) (id, sid *string) { return &e.ID, &e.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"sequence", "sequence", func(e *object) any { return (*number)(&e.Sequence) }},
			{"dateCreated", "date_created", func(e *object) any { return (*instant)(&e.DateCreated) }},
			{"userSid", "user_sid", func(e *object) any { return textOrEmpty[string]{&e.UserSid} }},
			{"clientSid", "client_sid", func(e *object) any { return textOrEmpty[string]{&e.ClientSid} }},
			{"sessionId", "session_id", func(e *object) any { return textOrEmpty[string]{&e.SessionID} }},
			{"agent", "agent", func(e *object) any { return textOrEmpty[string]{&e.Agent} }},
			{"coordinate", "coordinate", func(e *object) any { return textOrEmpty[string]{&e.Coordinate} }},
			{"permission", "permission", func(e *object) any { return textOrEmpty[model.Permission]{&e.Permission} }},
			{"action", "action", func(e *object) any { return textOrEmpty[model.Action]{&e.Action} }},
			{"decision", "decision", func(e *object) any { return (*string)(&e.Decision) }},
			{"outcome", "outcome", func(e *object) any { return (*string)(&e.Outcome) }},
			{"code", "code", func(e *object) any { return textOrEmpty[string]{&e.Code} }},
			{"count", "count", func(e *object) any { return (*number)(&e.Count) }},
			{"requestId", "request_id", func(e *object) any { return textOrEmpty[string]{&e.RequestID} }},
			{"resourceType", "resource_type", func(e *object) any { return textOrEmpty[string]{&e.ResourceType} }},
			{"resourceSid", "resource_sid", func(e *object) any { return textOrEmpty[string]{&e.ResourceSid} }},
			{"fields", "fields", func(e *object) any { return wordList[string]{&e.Fields} }},
		},
	}
}

// AuditEvents lists the account's audit trail, newest first.
func (s *Store) AuditEvents(
	ctx context.Context, scope upstream.Scope, f upstream.AuditFilter, p upstream.Page,
) (upstream.List[model.AuditEvent], error) {
	return list(ctx, s, &s.auditEvents, scope, p,
		notBefore("date_created", f.DateCreatedAfter), before("date_created", f.DateCreatedBefore),
		equal("user_sid", f.UserSid), equal("client_sid", f.ClientSid), equal("coordinate", f.Coordinate),
		equal("decision", f.Decision), equal("resource_sid", f.ResourceSid))
}

// AuditEvent reads one event of the account's audit trail.
func (s *Store) AuditEvent(ctx context.Context, scope upstream.Scope, sid string) (*model.AuditEvent, error) {
	return get(ctx, s, &s.auditEvents, scope, sid)
}
