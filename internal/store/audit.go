package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/fieldgate/fieldgate/internal/audit"
)

// appendEvent writes an event at the end of its account's trail.
func (s *Store) appendEvent(ctx context.Context, tx *sql.Tx, e audit.Event) error {
	st := new(statement)
	st.write("SELECT COALESCE(MAX(sequence), 0) + 1 FROM audit_events WHERE account_sid = ", st.arg(e.Account))
	var sequence int64
	if err := s.scanOne(ctx, tx, st, &sequence); err != nil {
		return failed(ctx, "finding the end of the audit trail", err)
	}
	return s.insert(ctx, tx, "audit_events", columns{
		{"", "account_sid", e.Account}, {"", "sequence", sequence}, {"", "sid", newSID("AE")}, {"", "date_created", micros(e.Time)},
		{"", "user_sid", e.User}, {"", "client_sid", e.Client}, {"", "session_id", e.Session}, {"", "agent", e.Agent},
		{"", "coordinate", e.Coordinate}, {"", "permission", string(e.Permission)}, {"", "action", string(e.Action)},
		{"", "decision", string(e.Decision)}, {"", "request_id", e.RequestID},
		{"", "resource_type", e.Type}, {"", "resource_sid", e.SID}, {"", "fields", strings.Join(e.Fields, ",")},
	})
}
