package resolvers

import (
	"context"
	"encoding/json"
	"fmt"

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

// connection is one list being resolved: its page and the cursors that belong to it alone.
type connection struct {
	cursors *relay.Cursors
	scope   []string
	page    upstream.Page
	each    bool // whether the cursor of every edge is asked for
}

// connect reads the arguments of a connection. The filters are part of what a
// cursor is bound to, with the account and the field.
func (r *Root) connect(ctx context.Context, field string, first *int, after *string, filters any) (*connection, error) {
	bound, err := json.Marshal(filters)
	if err != nil {
		return nil, fmt.Errorf("encoding the filters of %s: %w", field, err)
	}
	c := &connection{
		cursors: r.Cursors,
		scope:   []string{auth.From(ctx).Account, field, string(bound)},
		page:    upstream.Page{First: defaultPage},
		each:    engine.Fields(ctx, "edges").Has("cursor"),
	}
	if first != nil {
		c.page.First = *first
	}
	if c.page.First < 1 || c.page.First > maxPage {
		return nil, problem.Input(fmt.Sprintf("first is between 1 and %d.", maxPage), "first")
	}
	if after != nil {
		position, err := r.Cursors.Decode(c.scope, *after)
		if err != nil {
			return nil, problem.Input("after is no cursor of this list with these filters.", "after")
		}
		c.page.After = position
	}
	return c, nil
}

// cursor is that of a new object's edge, at this position of the list without filters: those given are the zero ones.
func (r *Root) cursor(ctx context.Context, field string, position []string, filters any) (string, error) {
	c, err := r.connect(ctx, field, nil, nil, filters)
	if err != nil {
		return "", err
	}
	return c.cursors.Encode(c.scope, position), nil
}

// edges makes the edges of a page, and its pageInfo. Cursors that nobody asked for
// are not made.
func edges[T, E any](c *connection, l upstream.List[T], edge func(cursor string, node T) *E) ([]*E, model.PageInfo) {
	info := model.PageInfo{HasNextPage: l.HasNext, HasPreviousPage: c.page.After != nil}
	all := make([]*E, len(l.Items))
	last := len(l.Items) - 1
	for i, item := range l.Items {
		cursor := ""
		if c.each || i == 0 || i == last {
			cursor = c.cursors.Encode(c.scope, l.Positions[i])
		}
		if i == 0 {
			info.StartCursor = &cursor
		}
		if i == last {
			info.EndCursor = &cursor
		}
		all[i] = edge(cursor, item)
	}
	return all, info
}
