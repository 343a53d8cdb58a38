package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/fieldgate/fieldgate/internal/audit"
)

// ErrNotBroken says that a trail goes on as it is.
var ErrNotBroken = errors.New("store: the end of the audit trail is as it was written, and so nothing is done")

// BrokenTrails are the accounts to whose trails nothing can be added, as their heads are not as they were written. unknown are those
// of them whose heads are under a key that the store was not given.
func (s *Store) BrokenTrails(ctx context.Context) (broken, unknown []string, err error) {
	if s.audit == nil {
		return nil, nil, errNoAuditKey
	}
	st := new(statement)
	st.write("SELECT account_sid, sequence, mac, key_id, seal FROM audit_heads ORDER BY account_sid")
	heads, err := readAll(ctx, s, "looking at the ends of the audit trails", st, func(h *audit.Head) []any {
		return []any{&h.Account, &h.Sequence, &h.MAC, &h.Key, &h.Seal}
	})
	if err != nil {
		return nil, nil, err
	}
	for _, h := range heads {
		if !s.audit.Sealed(h) {
			broken = append(broken, h.Account)
		}
		if !s.audit.Knows(h.Key) {
			unknown = append(unknown, h.Account)
		}
	}
	return broken, unknown, nil
}

// ResealAudit has an account's trail go on whose end is not as it was written: after the last event that is there stands one that says
// so, with the number of faults. What is wrong before it stays as it is, and shows. ErrNotBroken says that the trail goes on anyway.
func (s *Store) ResealAudit(ctx context.Context, account string) (made audit.Record, faults []string, err error) {
	var last audit.Record
	_, end, faults, err := s.VerifyAudit(ctx, account, func(r audit.Record) { last = r })
	if err != nil {
		return made, nil, err
	}
	if last.Sequence != end { // no number that the gateway gives
		last = audit.Record{}
	}
	err = s.Transact(ctx, func(tx *sql.Tx) error {
		head, err := s.auditHead(ctx, tx, account, s.forUpdate)
		if err != nil {
			return err
		}
		if head == nil && last.Sequence == 0 || head != nil && s.audit.Sealed(*head) {
			return ErrNotBroken
		}
		e := audit.Event{Account: account, Time: s.now(), Decision: audit.Allowed, Outcome: audit.Done, Count: len(faults)}
		e.Coordinate = audit.Resealed
		made = audit.RecordOf(newSID("AE"), e)
		next, err := s.audit.Reseal(account, last, &made)
		if err != nil {
			return err
		}
		return s.keep(ctx, tx, []audit.Record{made}, head == nil, next)
	})
	return made, faults, err
}
