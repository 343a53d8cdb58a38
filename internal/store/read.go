package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/fieldgate/fieldgate/auth/policy"
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
	columns := t.permitted(scope.Fields())
	st := new(statement)
	st.write("SELECT ", names(t.orderNames(), columns), " FROM ", t.name, " WHERE ")
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
	found, err := t.scanPage(rows, columns, scope.Fields(), page.First)
	if err != nil {
		return upstream.List[T]{}, failed(ctx, "listing "+t.name, err)
	}
	return found, nil
}

// scanPage reads at most first objects and whether there is one more.
func (t *table[T]) scanPage(
	rows *sql.Rows, columns []column[T], fields policy.Fields, first int,
) (upstream.List[T], error) {
	var found upstream.List[T]
	position := make([]positionPart, len(t.order))
	places := make([]any, len(t.order)+len(columns))
	for i := range position {
		places[i] = &position[i]
	}
	for rows.Next() {
		if len(found.Items) == first {
			found.HasNext = true
			break
		}
		found.Items = append(found.Items, *new(T))
		item := &found.Items[len(found.Items)-1]
		for i, c := range columns {
			places[len(position)+i] = c.place(item)
		}
		if err := rows.Scan(places...); err != nil {
			return upstream.List[T]{}, err
		}
		at := make([]string, len(position))
		for i, part := range position {
			at[i] = string(part)
		}
		t.identify(item, at[len(at)-1], fields)
		found.Positions = append(found.Positions, at)
	}
	return found, rows.Err()
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
	columns := t.permitted(scope.Fields())
	st := new(statement)
	st.write("SELECT ", names(t.orderNames(), columns), " FROM ", t.name,
		" WHERE ", t.account, " = ", st.arg(scope.Account()), " AND sid = ", st.arg(sid))
	return one(ctx, s, q, t, st, columns, scope)
}

// only reads the one object of its type that the account has.
func only[T any](ctx context.Context, s *Store, q querier, t *table[T], scope upstream.Scope) (*T, error) {
	columns := t.permitted(scope.Fields())
	st := new(statement)
	st.write("SELECT ", names(t.orderNames(), columns), " FROM ", t.name,
		" WHERE ", t.account, " = ", st.arg(scope.Account()))
	object, _, err := one(ctx, s, q, t, st, columns, scope)
	return object, err
}

// one runs a statement that answers with one object: the columns of its position, then
// the permitted ones.
func one[T any](
	ctx context.Context, s *Store, q querier, t *table[T], st *statement, columns []column[T], scope upstream.Scope,
) (object *T, position []string, err error) {
	rows, err := s.query(ctx, q, st)
	if err != nil {
		return nil, nil, failed(ctx, "reading "+t.name, err)
	}
	defer rows.Close()
	found, err := t.scanPage(rows, columns, scope.Fields(), 1)
	if err == nil {
		err = rows.Close()
	}
	if err != nil {
		return nil, nil, failed(ctx, "reading "+t.name, err)
	}
	if len(found.Items) == 0 {
		return nil, nil, problem.Missing()
	}
	return &found.Items[0], found.Positions[0], nil
}

// scanOne runs a statement and reads its first row. Without one it is sql.ErrNoRows.
func (s *Store) scanOne(ctx context.Context, q querier, st *statement, places ...any) error {
	rows, err := s.query(ctx, q, st)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return errors.Join(rows.Err(), sql.ErrNoRows)
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
