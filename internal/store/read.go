package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// maxFirst is the longest page (upstream.Page).
const maxFirst = 1000

// list reads a page of the account's objects.
func list[T any](
	ctx context.Context, s *Store, t *table[T], scope upstream.Scope, page upstream.Page, filters ...filter,
) (upstream.List[T], error) {
	own := func(st *statement) { st.write(t.account, " = ", st.arg(scope.Account())) }
	return listWhere(ctx, s, t, scope, page, own, filters...)
}

// listWhere reads a page of the objects of which a condition holds. It asks for one more than the page holds, to know
// whether more follow.
func listWhere[T any](
	ctx context.Context, s *Store, t *table[T], scope upstream.Scope, page upstream.Page, condition filter, filters ...filter,
) (upstream.List[T], error) {
	if page.First < 1 || page.First > maxFirst {
		return upstream.List[T]{}, problem.Input("A page has 1 to 1000 items.", "first")
	}
	st, row := t.selecting(scope.Fields())
	condition(st)
	for _, add := range filters {
		if add != nil {
			add(st)
		}
	}
	if err := t.goOn(st, page.After); err != nil {
		return upstream.List[T]{}, err
	}
	st.write(" ORDER BY ", t.orderBy(), " LIMIT ", st.arg(page.First+1))

	rows, err := s.query(ctx, s.db, st)
	if err != nil {
		return upstream.List[T]{}, failed(ctx, "listing "+t.name, err)
	}
	defer rows.Close()
	found, err := row.page(rows, page.First)
	if err != nil {
		return upstream.List[T]{}, failed(ctx, "listing "+t.name, err)
	}
	return found, nil
}

// get reads the account's object of this SID. Another account's is NOT_FOUND.
func get[T any](ctx context.Context, s *Store, t *table[T], scope upstream.Scope, sid string) (*T, error) {
	object, _, err := locate(ctx, s, s.db, t, scope, sid)
	return object, err
}

// locate is get with the object's position in its list.
func locate[T any](
	ctx context.Context, s *Store, q querier, t *table[T], scope upstream.Scope, sid string,
) (object *T, position []string, err error) {
	st, row := t.selecting(scope.Fields())
	st.write(t.account, " = ", st.arg(scope.Account()), " AND sid = ", st.arg(sid))
	return one(ctx, s, q, st, row)
}

// only reads the one object of its type that the account has.
func only[T any](ctx context.Context, s *Store, q querier, t *table[T], scope upstream.Scope) (*T, error) {
	st, row := t.selecting(scope.Fields())
	st.write(t.account, " = ", st.arg(scope.Account()))
	object, _, err := one(ctx, s, q, st, row)
	return object, err
}

// one runs a statement that answers with one object.
func one[T any](ctx context.Context, s *Store, q querier, st *statement, row *row[T]) (*T, []string, error) {
	err := s.scanOne(ctx, q, st, row.places...)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil, problem.Missing()
	case err != nil:
		return nil, nil, failed(ctx, "reading "+row.table.name, err)
	}
	row.identify()
	return &row.object, position(row.keys), nil
}

// scanOne runs a statement that finds its row by an index, and reads it. Without one it is sql.ErrNoRows.
func (s *Store) scanOne(ctx context.Context, q querier, st *statement, places ...any) error {
	if s.embedded && q == querier(s.db) {
		// What can take long is the wait for a connection. To have a goroutine watch ctx while the row is read, as
		// database/sql and the driver each do, takes as long as to read it.
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		ctx, q = context.WithoutCancel(ctx), conn
	}
	rows, err := s.query(ctx, q, st)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	if err := rows.Scan(places...); err != nil {
		return err
	}
	return rows.Close()
}

// readAll runs a statement and reads all of its rows, each into these places. doing is what an error says that went wrong.
func readAll[T any](ctx context.Context, s *Store, doing string, st *statement, places func(*T) []any) ([]T, error) {
	rows, err := s.query(ctx, s.db, st)
	if err != nil {
		return nil, failed(ctx, doing, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(places(&one)...); err != nil {
			return nil, failed(ctx, doing, err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, failed(ctx, doing, err)
	}
	return all, nil
}

// finds says whether a statement finds anything.
func (s *Store) finds(ctx context.Context, q querier, st *statement) (bool, error) {
	var anything any
	err := s.scanOne(ctx, q, st, &anything)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
