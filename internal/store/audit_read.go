package store

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/fieldgate/fieldgate/internal/audit"
)

// auditPage is how many records are read at a time.
const auditPage = 1000

// AuditAccounts are the SIDs of all accounts that there are, and of those that have something of a trail.
func (s *Store) AuditAccounts(ctx context.Context) ([]string, error) {
	st := new(statement)
	st.write("SELECT sid FROM accounts UNION SELECT account_sid FROM audit_events UNION SELECT account_sid FROM audit_heads ORDER BY 1")
	return readAll(ctx, s, "listing accounts", st, func(sid *string) []any { return []any{sid} })
}

// AuditTrail hands each record of an account's trail from this sequence on to each, in their order.
func (s *Store) AuditTrail(ctx context.Context, account string, from int64, each func(audit.Record) error) error {
	for {
		records, err := s.auditRecords(ctx, account, from)
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := each(r); err != nil {
				return err
			}
		}
		if len(records) < auditPage {
			return nil
		}
		next := records[len(records)-1].Sequence + 1
		if next <= from { // they are no numbers
			return fmt.Errorf("store: the audit trail of %s cannot be read beyond event %d", account, from)
		}
		from = next
	}
}

func (s *Store) auditRecords(ctx context.Context, account string, from int64) ([]audit.Record, error) {
	var names []string
	for _, c := range new(audit.Record).Columns() {
		names = append(names, c.Name)
	}
	st := new(statement)
	st.write("SELECT ", strings.Join(names, ", "), ", mac FROM audit_events WHERE account_sid = ", st.arg(account),
		" AND sequence >= ", st.arg(from), " ORDER BY sequence LIMIT ", st.arg(auditPage))
	rows, err := s.query(ctx, s.db, st)
	if err != nil {
		return nil, failed(ctx, "reading the audit trail", err)
	}
	defer rows.Close()
	var records []audit.Record
	for rows.Next() {
		var r audit.Record
		var places []any
		other := false
		for _, c := range append(r.Columns(), audit.Column{Text: &r.MAC}) {
			places = append(places, exact{c, &other})
		}
		if err := rows.Scan(places...); err != nil {
			return nil, failed(ctx, "reading the audit trail", err)
		}
		if other {
			r.SID = "" // which has no MAC
		}
		records = append(records, r)
	}
	if err := rows.Err(); err != nil {
		return nil, failed(ctx, "reading the audit trail", err)
	}
	return records, nil
}

// exact reads a column that has the type that the gateway writes. Anything else is noted in other: a text that was made a
// BLOB, as SQLite allows, has the same MAC, and no filter finds it.
type exact struct {
	audit.Column
	other *bool
}

// Scan implements sql.Scanner.
func (e exact) Scan(value any) error {
	text, isText := value.(string)
	n, isNumber := value.(int64)
	switch {
	case isText && e.Text != nil:
		*e.Text = text
	case isNumber && e.Number != nil:
		*e.Number = n
	default:
		*e.other = true
	}
	return nil
}

// VerifyAudit says how many records an account's trail has, where it ends, and what of it is not as it was written. It may
// be written meanwhile. Each record is handed to each, if that is not nil.
func (s *Store) VerifyAudit(ctx context.Context, account string, each func(audit.Record)) (records int64, last int64, faults []string, err error) {
	if s.audit == nil {
		return 0, 0, nil, errNoAuditKey
	}
	v := s.audit.Verifier(account)
	from := int64(math.MinInt64)
	for {
		read := v.Records
		err := s.AuditTrail(ctx, account, from, func(r audit.Record) error {
			from = r.Sequence + 1
			v.Next(r)
			if each != nil {
				each(r)
			}
			return nil
		})
		if err != nil {
			return 0, 0, nil, err
		}
		// The head is read after the records, so that what was written meanwhile is read once more.
		head, err := s.auditHead(ctx, s.db, account, "")
		if err != nil {
			return 0, 0, nil, err
		}
		if head == nil || head.Sequence <= v.Last() || v.Records == read {
			return v.Records, v.Last(), v.End(head), nil
		}
	}
}
