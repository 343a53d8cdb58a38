package resolvers

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const (
	defaultPage = 50
	maxPage     = 1000
)

// connectionOf is the form of all connections, and edgeOf that of their edges.
type (
	connectionOf[E any] interface {
		~struct {
			Edges    []*E           `json:"edges"`
			PageInfo model.PageInfo `json:"pageInfo"`
		}
	}
	edgeOf[T any] interface {
		~struct {
			Cursor string `json:"cursor"`
			Node   T      `json:"node"`
		}
	}
)

// list answers the field being resolved with a page of a list, as read gives it by this filter.
func list[C connectionOf[E], E edgeOf[T], T any, F comparable](
	ctx context.Context, r *Root, first *int, after *string, filter F,
	read func(context.Context, upstream.Scope, F, upstream.Page) (upstream.List[T], error),
) (*C, error) {
	field := graphql.GetFieldContext(ctx)
	bound := listScope(ctx, field.Object+"."+field.Field.Name)
	var none F
	if filter != none {
		text, err := json.Marshal(filter)
		if err != nil {
			return nil, fmt.Errorf("encoding the filter of %s: %w", bound[1], err)
		}
		bound = append(bound, string(text))
	}
	cursors := r.Cursors.In(bound)
	page, err := pageOf(cursors, first, after)
	if err != nil {
		return nil, err
	}
	found, err := read(ctx, scope(ctx, "edges.node"), filter, page)
	if err != nil {
		return nil, err
	}
	info := model.PageInfo{HasNextPage: found.HasNext, HasPreviousPage: page.After != nil}
	last := len(found.Items) - 1
	if asked := engine.Fields(ctx, "pageInfo"); last >= 0 && (asked.Has("startCursor") || asked.Has("endCursor")) {
		start, end := cursors.Encode(found.Position(0)), cursors.Encode(found.Position(last))
		info.StartCursor, info.EndCursor = &start, &end
	}
	all, edges := make([]E, len(found.Items)), make([]*E, len(found.Items))
	each := engine.Fields(ctx, "edges").Has("cursor")
	for i := range found.Items {
		cursor := "" // that nobody asks for is not made
		if each {
			cursor = cursors.Encode(found.Position(i))
		}
		all[i] = E{Cursor: cursor, Node: found.Items[i]}
		edges[i] = &all[i]
	}
	return &C{Edges: edges, PageInfo: info}, nil
}

// unfiltered makes of a list that has no filters one that list takes, with noFilter.
func unfiltered[T any](
	read func(context.Context, upstream.Scope, upstream.Page) (upstream.List[T], error),
) func(context.Context, upstream.Scope, noFilter, upstream.Page) (upstream.List[T], error) {
	return func(ctx context.Context, s upstream.Scope, _ noFilter, p upstream.Page) (upstream.List[T], error) {
		return read(ctx, s, p)
	}
}

type noFilter struct{}

// newEdge is the edge of a new object in the list of this field, such as Account.apiKeys, without filters.
func newEdge[E edgeOf[T], T any](ctx context.Context, r *Root, field string, made upstream.Made[T]) *E {
	return &E{Cursor: r.Cursors.In(listScope(ctx, field)).Encode(made.Position), Node: *made.Object}
}

// listScope is what the cursors of a list without filters are bound to.
func listScope(ctx context.Context, field string) []string {
	return []string{auth.From(ctx).Account, field}
}

// pageOf reads the arguments of a list that has these cursors.
func pageOf(cursors *relay.List, first *int, after *string) (upstream.Page, error) {
	page := upstream.Page{First: defaultPage}
	if first != nil {
		page.First = *first
	}
	if page.First < 1 || page.First > maxPage {
		return page, problem.Input(fmt.Sprintf("first is between 1 and %d.", maxPage), "first")
	}
	if after != nil {
		position, err := cursors.Decode(*after)
		if err != nil {
			return page, problem.Input("after is no cursor of this list with these filters.", "after")
		}
		page.After = position
	}
	return page, nil
}
