package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// statement is SQL in the making, with the values of its placeholders.
type statement struct {
	sql  strings.Builder
	args []any
	// unkeepable says that a value is text that Postgres cannot hold.
	unkeepable bool
}

// write adds pieces of SQL, which are never anything that came from outside.
func (st *statement) write(pieces ...string) {
	for _, piece := range pieces {
		st.sql.WriteString(piece)
	}
}

// arg is a new placeholder for a value.
func (st *statement) arg(value any) string {
	if text, is := value.(string); is && (!utf8.ValidString(text) || strings.ContainsRune(text, 0)) {
		st.unkeepable = true
	}
	st.args = append(st.args, value)
	return "$" + strconv.Itoa(len(st.args))
}

// filter adds one more condition to a WHERE; nil adds none.
type filter func(*statement)

// equal is the filter by a column's exact value; none if there is no value.
func equal[S ~string](column string, value *S) filter {
	if value == nil {
		return nil
	}
	return func(st *statement) { st.write(" AND ", column, " = ", st.arg(string(*value))) }
}

// is is the filter by a boolean; none if there is no value.
func is(column string, value *bool) filter {
	if value == nil {
		return nil
	}
	return func(st *statement) { st.write(" AND ", column, " = ", st.arg(*value)) }
}

// notBefore is the filter for a moment or later.
func notBefore(column string, t *time.Time) filter { return compare(column, " >= ", t) }

// before is the filter for all that is earlier than a moment.
func before(column string, t *time.Time) filter { return compare(column, " < ", t) }

// compare is the filter by a moment. It is rounded up to what is kept, which leaves
// both "not before" and "before" exact.
func compare(column, operator string, t *time.Time) filter {
	if t == nil {
		return nil
	}
	bound := micros(t.Add(time.Microsecond - 1))
	return func(st *statement) { st.write(" AND ", column, operator, st.arg(bound)) }
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// query runs a statement that answers with rows.
func (s *Store) query(ctx context.Context, q querier, st *statement) (*sql.Rows, error) {
	query, err := s.ready(st)
	if err != nil {
		return nil, err
	}
	return q.QueryContext(ctx, query, st.args...)
}

// exec runs a statement that has no rows to answer with, and returns how many it changed.
func (s *Store) exec(ctx context.Context, q querier, st *statement) (int64, error) {
	query, err := s.ready(st)
	if err != nil {
		return 0, err
	}
	result, err := q.ExecContext(ctx, query, st.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// ready is the text of a statement that is about to run. Text that Postgres cannot hold
// is refused on SQLite too, so that both give the same answers.
func (s *Store) ready(st *statement) (string, error) {
	query := st.sql.String()
	if s.trace != nil {
		s.trace(query, st.args)
	}
	if st.unkeepable {
		return "", problem.Input("Text is UTF-8 without zero characters.")
	}
	return query, nil
}
