package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/scalar"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) UsageRecords(ctx context.Context, _ *model.Account, first *int, after *string, category *model.UsageCategory, granularity model.UsageGranularity, start, end *scalar.Date) (*model.UsageRecordConnection, error) {
	if start != nil && end != nil && *start > *end {
		return nil, problem.Input("start is not after end.", "start")
	}
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

// usageTriggers names the list in its cursors, which an edge of a new trigger shares.
const usageTriggers = "Account.usageTriggers"

func (r account) UsageTriggers(ctx context.Context, _ *model.Account, first *int, after *string, usageCategory *model.UsageCategory, recurring *model.UsageTriggerRecurring) (*model.UsageTriggerConnection, error) {
	f := upstream.UsageTriggerFilter{UsageCategory: usageCategory, Recurring: recurring}
	c, err := r.connect(ctx, usageTriggers, first, after, f)
	if err != nil {
		return nil, err
	}
	triggers, err := r.Upstream.UsageTriggers(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, triggers, usageTriggerEdge)
	return &model.UsageTriggerConnection{Edges: all, PageInfo: info}, nil
}

func usageTriggerEdge(cursor string, u model.UsageTrigger) *model.UsageTriggerEdge {
	return &model.UsageTriggerEdge{Cursor: cursor, Node: u}
}

func (r mutation) CreateUsageTrigger(ctx context.Context, input model.CreateUsageTriggerInput) (*model.CreateUsageTriggerPayload, error) {
	made, err := r.Upstream.CreateUsageTrigger(ctx, change(ctx, "usageTrigger", "usageTriggerEdge.node"), input)
	if err != nil {
		return nil, err
	}
	cursor, err := r.cursor(ctx, usageTriggers, made.Position, upstream.UsageTriggerFilter{})
	if err != nil {
		return nil, err
	}
	return &model.CreateUsageTriggerPayload{UsageTrigger: made.Object, UsageTriggerEdge: usageTriggerEdge(cursor, *made.Object)}, nil
}

func (r mutation) DeleteUsageTrigger(ctx context.Context, input model.DeleteUsageTriggerInput) (*model.DeleteUsageTriggerPayload, error) {
	sid, err := sidOf("UsageTrigger", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.DeleteUsageTrigger(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteUsageTriggerPayload{DeletedUsageTriggerID: input.ID}, nil
}
