package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// statement is SQL in the making, with the values of its placeholders.
type statement struct {
	sql  strings.Builder
	args []any
}

// write adds pieces of SQL, which are never anything that came from outside.
func (st *statement) write(pieces ...string) {
	for _, piece := range pieces {
		st.sql.WriteString(piece)
	}
}

// arg is a new placeholder for a value.
func (st *statement) arg(value any) string {
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
	query := st.sql.String()
	if s.trace != nil {
		s.trace(query, st.args)
	}
	return q.QueryContext(ctx, query, st.args...)
}

// failed wraps an error of the database. An error after the context has ended is the
// context's, whatever the driver calls it.
func failed(ctx context.Context, doing string, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("store: %s: %w: %w", doing, ended, err)
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}
