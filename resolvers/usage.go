package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/scalar"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) UsageRecords(ctx context.Context, _ *model.Account, first *int, after *string, category *model.UsageCategory, granularity model.UsageGranularity, start, end *scalar.Date) (*model.UsageRecordConnection, error) {
	f := upstream.UsageFilter{Category: category, Granularity: granularity, Start: start, End: end}
	c, err := r.connect(ctx, "Account.usageRecords", first, after, f)
	if err != nil {
		return nil, err
	}
	records, err := r.Upstream.UsageRecords(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, records, func(cursor string, u model.UsageRecord) *model.UsageRecordEdge {
		return &model.UsageRecordEdge{Cursor: cursor, Node: u}
	})
	return &model.UsageRecordConnection{Edges: all, PageInfo: info}, nil
}
