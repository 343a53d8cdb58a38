package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/scalar"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) UsageRecords(ctx context.Context, _ *model.Account, first *int, after *string, category *model.UsageCategory, granularity model.UsageGranularity, start, end *scalar.Date) (*model.UsageRecordConnection, error) {
	if start != nil && end != nil && *start > *end {
		return nil, problem.Input("start is not after end.", "start")
	}
	return list[model.UsageRecordConnection](ctx, r.Root, first, after, upstream.UsageFilter{Category: category, Granularity: granularity, Start: start, End: end}, r.Upstream.UsageRecords)
}

func (r account) UsageTriggers(ctx context.Context, _ *model.Account, first *int, after *string, usageCategory *model.UsageCategory, recurring *model.UsageTriggerRecurring) (*model.UsageTriggerConnection, error) {
	return list[model.UsageTriggerConnection](ctx, r.Root, first, after, upstream.UsageTriggerFilter{UsageCategory: usageCategory, Recurring: recurring}, r.Upstream.UsageTriggers)
}

func (r mutation) CreateUsageTrigger(ctx context.Context, input model.CreateUsageTriggerInput) (*model.CreateUsageTriggerPayload, error) {
	made, err := r.Upstream.CreateUsageTrigger(ctx, change(ctx, "usageTrigger", "usageTriggerEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.CreateUsageTriggerPayload{UsageTrigger: made.Object, UsageTriggerEdge: newEdge[model.UsageTriggerEdge](ctx, r.Root, "Account.usageTriggers", made)}, nil
}

func (r mutation) DeleteUsageTrigger(ctx context.Context, input model.DeleteUsageTriggerInput) (*model.DeleteUsageTriggerPayload, error) {
	sid, err := check.ID("UsageTrigger", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.DeleteUsageTrigger(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteUsageTriggerPayload{DeletedUsageTriggerID: input.ID}, nil
}
