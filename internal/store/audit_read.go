package store

import (
	"context"
	"math"
	"strings"

	"github.com/fieldgate/fieldgate/internal/audit"
)

// auditPage is how many records are read at a time.
const auditPage = 1000

// AuditAccounts are the SIDs of all accounts that there are, and of those that have something of a trail.
func (s *Store) AuditAccounts(ctx context.Context) ([]string, error) {
	return s.words(ctx, "listing accounts",
		"SELECT sid FROM accounts UNION SELECT account_sid FROM audit_events UNION SELECT account_sid FROM audit_heads ORDER BY 1")
}

// AuditKeys are the ids of the keys under which the ends of all trails stand.
func (s *Store) AuditKeys(ctx context.Context) ([]string, error) {
	return s.words(ctx, "finding the keys of the audit trails", "SELECT DISTINCT key_id FROM audit_heads ORDER BY 1")
}

// words are the texts that a statement finds.
func (s *Store) words(ctx context.Context, doing, text string) ([]string, error) {
	st := new(statement)
	st.write(text)
	rows, err := s.query(ctx, s.db, st)
	if err != nil {
		return nil, failed(ctx, doing, err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, failed(ctx, doing, err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, failed(ctx, doing, err)
	}
	return all, nil
}

// AuditTrail hands each record of an account's trail after this sequence to each, in their order.
func (s *Store) AuditTrail(ctx context.Context, account string, after int64, each func(audit.Record) error) error {
	for {
		records, err := s.auditRecords(ctx, account, after)
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := each(r); err != nil {
				return err
			}
			after = r.Sequence
		}
		if len(records) < auditPage {
			return nil
		}
	}
}

func (s *Store) auditRecords(ctx context.Context, account string, after int64) ([]audit.Record, error) {
	var names []string
	for _, c := range new(audit.Record).Columns() {
		names = append(names, c.Name)
	}
	st := new(statement)
	st.write("SELECT ", strings.Join(names, ", "), ", mac FROM audit_events WHERE account_sid = ", st.arg(account),
		" AND sequence > ", st.arg(after), " ORDER BY sequence LIMIT ", st.arg(auditPage))
	rows, err := s.query(ctx, s.db, st)
	if err != nil {
		return nil, failed(ctx, "reading the audit trail", err)
	}
	defer rows.Close()
	var records []audit.Record
	for rows.Next() {
		var r audit.Record
		var places []any
		for _, c := range r.Columns() {
			if c.Number != nil {
				places = append(places, c.Number)
			} else {
				places = append(places, c.Text)
			}
		}
		if err := rows.Scan(append(places, &r.MAC)...); err != nil {
			return nil, failed(ctx, "reading the audit trail", err)
		}
		records = append(records, r)
	}
	if err := rows.Err(); err != nil {
		return nil, failed(ctx, "reading the audit trail", err)
	}
	return records, nil
}

// VerifyAudit says how many records an account's trail has, where it ends, and what of it is not as it was written. It may
// be written meanwhile. Each record is handed to each, if that is not nil.
func (s *Store) VerifyAudit(ctx context.Context, account string, each func(audit.Record)) (records int64, last int64, faults []string, err error) {
	if s.audit == nil {
		return 0, 0, nil, errNoAuditKey
	}
	v := s.audit.Verifier(account)
	after := int64(math.MinInt64)
	for {
		read := v.Records
		err := s.AuditTrail(ctx, account, after, func(r audit.Record) error {
			after = r.Sequence
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
