package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/fieldgate/fieldgate/internal/audit"
)

// errNoAuditKey is an error of the program: whoever may change something opens the store with Options.Audit.
var errNoAuditKey = errors.New("store: opened without a key of the audit trail, and so for reading alone")

// RecordEvents writes events of one account to the end of its trail, in a transaction of their own. It is
// for what changes nothing in the database; a change writes its event itself.
func (s *Store) RecordEvents(ctx context.Context, account string, events ...audit.Event) error {
	return s.inTurn(ctx, account, func(*sql.Tx) ([]audit.Event, error) { return events, nil })
}

// inTurn is audited for events of this account. Those of one account take turns, as each has to begin where the one before has
// ended: gateways that share a database still collide, and then try again.
func (s *Store) inTurn(ctx context.Context, account string, do func(tx *sql.Tx) ([]audit.Event, error)) error {
	over, err := s.turns.take(ctx, account)
	if err != nil {
		return failed(ctx, "waiting for other changes of the account", err)
	}
	defer over()
	return s.audited(ctx, account, do)
}

// audited runs do in a serializable transaction, and writes the events that it gives into the same one: all of this account, or
// of one that the first of them names.
func (s *Store) audited(ctx context.Context, account string, do func(tx *sql.Tx) ([]audit.Event, error)) error {
	var written []audit.Record
	err := s.Transact(ctx, func(tx *sql.Tx) error {
		written = nil
		events, err := do(tx)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			written = append(written, audit.RecordOf(newSID("AE"), e))
		}
		return s.AppendRecords(ctx, tx, cmp.Or(account, events[0].Account), written)
	})
	if err == nil && s.committed != nil {
		for _, r := range written {
			s.committed(r)
		}
	}
	return err
}

// AppendRecords writes records at the end of an account's trail, where they are given their places. It comes last in a
// transaction: others wait for the head. ErrBroken says that the trail is not as it was written. It is for the store itself and
// for demo data.
func (s *Store) AppendRecords(ctx context.Context, tx *sql.Tx, account string, records []audit.Record) error {
	if s.audit == nil {
		return errNoAuditKey
	}
	head, err := s.auditHead(ctx, tx, account, s.forUpdate)
	if err != nil {
		return err
	}
	first := head == nil
	if first {
		if head, err = s.firstHead(ctx, tx, account); err != nil {
			return err
		}
	}
	next, err := s.audit.Append(*head, records)
	if err != nil {
		return err
	}
	return s.keep(ctx, tx, records, first, next)
}

// keep writes records and the head after them, which is the trail's first or not. The head comes before them: two gateways that
// begin a trail collide there, and the one that is refused tries again.
func (s *Store) keep(ctx context.Context, tx *sql.Tx, records []audit.Record, first bool, head audit.Head) error {
	if err := s.setHead(ctx, tx, first, head); err != nil {
		return err
	}
	for i := range records {
		if err := s.insert(ctx, tx, "audit_events", recordColumns(&records[i])); err != nil {
			return err
		}
	}
	return nil
}

// recordColumns are all columns of a record.
func recordColumns(r *audit.Record) columns {
	var set columns
	for _, c := range r.Columns() {
		if c.Number != nil {
			set.add("", c.Name, *c.Number)
		} else {
			set.add("", c.Name, *c.Text)
		}
	}
	set.add("", "mac", r.MAC)
	return set
}

// auditHead is where an account's trail ends, nil for one that has none.
func (s *Store) auditHead(ctx context.Context, q querier, account, lock string) (*audit.Head, error) {
	st := new(statement)
	st.write("SELECT sequence, mac, key_id, seal FROM audit_heads WHERE account_sid = ", st.arg(account), lock)
	h := audit.Head{Account: account}
	err := s.scanOne(ctx, q, st, &h.Sequence, &h.MAC, &h.Key, &h.Seal)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, failed(ctx, "finding the end of the audit trail", err)
	}
	return &h, nil
}

// firstHead is the head of a trail that has not begun. One with events and no head has been tampered with.
func (s *Store) firstHead(ctx context.Context, tx *sql.Tx, account string) (*audit.Head, error) {
	st := new(statement)
	st.write("SELECT sequence FROM audit_events WHERE account_sid = ", st.arg(account), " LIMIT 1")
	var sequence int64
	switch err := s.scanOne(ctx, tx, st, &sequence); {
	case errors.Is(err, sql.ErrNoRows):
		return &audit.Head{Account: account}, nil
	case err != nil:
		return nil, failed(ctx, "looking for the beginning of the audit trail", err)
	}
	return nil, audit.ErrBroken
}

func (s *Store) setHead(ctx context.Context, tx *sql.Tx, first bool, h audit.Head) error {
	st := new(statement)
	if first {
		st.write("INSERT INTO audit_heads (account_sid, sequence, mac, key_id, seal) VALUES (", st.arg(h.Account), ", ", st.arg(h.Sequence), ", ",
			st.arg(h.MAC), ", ", st.arg(h.Key), ", ", st.arg(h.Seal), ") ON CONFLICT (account_sid) DO NOTHING") // which Postgres calls a collision
		if _, err := s.exec(ctx, tx, st); err != nil {
			return failed(ctx, "beginning the audit trail", err)
		}
		return nil
	}
	st.write("UPDATE audit_heads SET sequence = ", st.arg(h.Sequence), ", mac = ", st.arg(h.MAC), ", key_id = ", st.arg(h.Key),
		", seal = ", st.arg(h.Seal), " WHERE account_sid = ", st.arg(h.Account))
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "moving the end of the audit trail", err)
	}
	return nil
}
