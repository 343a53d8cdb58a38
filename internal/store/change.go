package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// change runs do in a serializable transaction and writes its audit event into the same
// one, so that there is no change without its event. do says what it has changed; it is
// called again when the transaction collides with another. A change of no intent is an
// error of the program: it is not made.
func (s *Store) change(ctx context.Context, c upstream.Change, do func(tx *sql.Tx) (audit.Change, error)) error {
	if c.Account() == "" {
		return problem.Missing()
	}
	if c.Intent.Coordinate == "" {
		return errors.New("store: a change of which nobody says who makes it")
	}
	err := s.inTurn(ctx, c.Account(), func(tx *sql.Tx) ([]audit.Event, error) {
		changed, err := do(tx)
		if err != nil {
			return nil, err
		}
		return []audit.Event{audit.EventOf(c.Account(), c.Intent, changed, s.now())}, nil
	})
	if err == nil {
		c.Intent.Wrote()
	}
	return err
}

// creation is an object that is to be made.
type creation struct {
	// prefix is that of its SID.
	prefix string
	// key is the caller's idempotency key, if there is one.
	key graphql.Omittable[*string]
	// input is what a call that repeats this one must have been given too. It is kept as a hash.
	input any
	// columns checks the input, and gives what is kept besides the SID, the account and the moments. It is
	// not called for a call that repeats an earlier one.
	columns func(tx *sql.Tx) (columns, error)
}

// create makes an object within c's account, and writes its audit event. The table has
// the columns sid, account_sid, date_created and date_updated.
func create[T any](ctx context.Context, s *Store, c upstream.Change, t *table[T], n creation) (upstream.Made[T], error) {
	var made upstream.Made[T]
	if key := n.key.Value(); key != nil {
		if err := check.Text(maxIdempotencyKey)(*key, "input", "idempotencyKey"); err != nil {
			return made, err
		}
	}
	err := s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		fresh := newSID(n.prefix)
		sid, err := s.claim(ctx, tx, c, n, fresh)
		if err != nil {
			return audit.Change{}, err
		}
		changed := audit.Change{Type: t.typeName, SID: sid}
		if made.Fresh = sid == fresh; made.Fresh {
			set, err := n.columns(tx)
			if err != nil {
				return audit.Change{}, err
			}
			now := micros(s.now())
			all := append(columns{{"", "sid", sid}, {"", t.account, c.Account()}, {"", "date_created", now}, {"", "date_updated", now}}, set...)
			if err := s.insert(ctx, tx, t.name, all); err != nil {
				return audit.Change{}, err
			}
			changed.Fields = set.fields()
		}
		made.Object, made.Position, err = locate(ctx, s, tx, t, c.Scope, sid)
		return changed, err
	})
	if err != nil {
		return upstream.Made[T]{}, err
	}
	return made, nil
}

// insert writes a row.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, table string, set columns) error {
	st := new(statement)
	st.write("INSERT INTO ", table, " (")
	for i, c := range set {
		st.write(separator(i), c.column)
	}
	st.write(") VALUES (")
	for i, c := range set {
		st.write(separator(i), st.arg(c.value))
	}
	st.write(")")
	if _, err := s.exec(ctx, tx, st); err != nil {
		return taken(table, failed(ctx, "making a row of "+table, err))
	}
	return nil
}

// uniques are what no two objects of a table may have in common.
var uniques = map[string]string{
	"fleets":                  "uniqueName",
	"network_access_profiles": "uniqueName",
	"sims":                    "uniqueName",
	"sender_id_registrations": "senderId and isoCountry",
}

// taken is an error of a change, a CONFLICT when it was refused for being what another row of the table is already.
func taken(table string, err error) error {
	if isDuplicate(err) {
		what := cmp.Or(uniques[table], "what no two may have in common")
		return &problem.Error{Code: problem.Conflict, Message: "Another one of the account has this already: " + what + ".", Cause: err}
	}
	return err
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// update gives an object of c's account what set says, and writes its audit event. set
// may read in the transaction what the object is now; with no columns nothing is changed.
// NOT_FOUND says that the account has no such object: set is not called then.
func update[T any](
	ctx context.Context, s *Store, c upstream.Change, t *table[T], sid string, set func(tx *sql.Tx) (columns, error),
) (*T, error) {
	var object *T
	err := s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		if err := s.has(ctx, tx, t.name, t.account, c.Account(), sid); err != nil {
			return audit.Change{}, err
		}
		to, err := set(tx)
		if err != nil {
			return audit.Change{}, err
		}
		if err := s.set(ctx, tx, t.name, t.account, c.Account(), sid, to); err != nil {
			return audit.Change{}, err
		}
		object, _, err = locate(ctx, s, tx, t, c.Scope, sid)
		return audit.Change{Type: t.typeName, SID: sid, Fields: to.fields()}, err
	})
	if err != nil {
		return nil, err
	}
	return object, nil
}

// updateOnly is update for what an account has one of, which its SID is the key of.
func updateOnly[T any](
	ctx context.Context, s *Store, c upstream.Change, t *table[T], set func(tx *sql.Tx) (columns, error),
) (*T, error) {
	var object *T
	err := s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		to, err := set(tx)
		if err != nil {
			return audit.Change{}, err
		}
		if len(to) > 0 {
			st := s.assign(t.name, to)
			st.write(" WHERE ", t.account, " = ", st.arg(c.Account()))
			if _, err := s.exec(ctx, tx, st); err != nil {
				return audit.Change{}, failed(ctx, "changing "+t.name, err)
			}
		}
		object, err = only(ctx, s, tx, t, c.Scope)
		return audit.Change{Type: t.typeName, SID: c.Account(), Fields: to.fields()}, err
	})
	if err != nil {
		return nil, err
	}
	return object, nil
}

// has says by NOT_FOUND that an account has no such object. Others that would change it wait from here on.
func (s *Store) has(ctx context.Context, tx *sql.Tx, table, accountColumn, account, sid string) error {
	st := new(statement)
	st.write("SELECT sid FROM ", table, " WHERE ", accountColumn, " = ", st.arg(account), " AND sid = ", st.arg(sid), s.forUpdate)
	var found string
	err := s.scanOne(ctx, tx, st, &found)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return problem.Missing()
	case err != nil:
		return failed(ctx, "looking into "+table, err)
	}
	return nil
}

// reference is the SID of the object of c's account that a global id in a field of the input names.
// NOT_FOUND says that the account has none such.
func reference[T any](
	ctx context.Context, s *Store, tx *sql.Tx, c upstream.Change, t *table[T], id, field string,
) (sid string, err error) {
	if sid, err = check.ID(t.typeName, id, "input", field); err != nil {
		return "", err
	}
	return sid, s.has(ctx, tx, t.name, t.account, c.Account(), sid)
}

// set writes columns of a row, and when it was changed.
func (s *Store) set(ctx context.Context, tx *sql.Tx, table, accountColumn, account, sid string, to columns) error {
	if len(to) == 0 {
		return nil
	}
	st := s.assign(table, to)
	st.write(" WHERE ", accountColumn, " = ", st.arg(account), " AND sid = ", st.arg(sid))
	if _, err := s.exec(ctx, tx, st); err != nil {
		return taken(table, failed(ctx, "changing "+table, err))
	}
	return nil
}

// assign is an UPDATE up to its WHERE: of columns, and of when the row was changed.
func (s *Store) assign(table string, to columns) *statement {
	st := new(statement)
	st.write("UPDATE ", table, " SET date_updated = ", st.arg(micros(s.now())))
	for _, c := range to {
		st.write(", ", c.column, " = ", st.arg(c.value))
	}
	return st
}

// remove deletes an object of c's account, and writes its audit event, unless one of those that look at it before says
// why not.
func remove[T any](
	ctx context.Context, s *Store, c upstream.Change, t *table[T], sid string, before ...func(tx *sql.Tx) error,
) error {
	return s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		for _, look := range before {
			if err := look(tx); err != nil {
				return audit.Change{}, err
			}
		}
		st := new(statement)
		st.write("DELETE FROM ", t.name, " WHERE ", t.account, " = ", st.arg(c.Account()), " AND sid = ", st.arg(sid))
		changed, err := s.exec(ctx, tx, st)
		if err != nil {
			return audit.Change{}, failed(ctx, "deleting from "+t.name, err)
		}
		if changed == 0 {
			return audit.Change{}, problem.Missing()
		}
		return audit.Change{Type: t.typeName, SID: sid}, nil
	})
}
