package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// Flex has nothing of its own: each of its fields is asked for by itself.
func (r account) Flex(context.Context, *model.Account) (*model.Flex, error) {
	return &model.Flex{}, nil
}

func (r flex) Configuration(ctx context.Context, _ *model.Flex) (*model.FlexConfiguration, error) {
	return r.Upstream.FlexConfiguration(ctx, scope(ctx, ""))
}

func (r flex) Workers(ctx context.Context, _ *model.Flex, first *int, after *string, available *bool, activityName *string) (*model.WorkerConnection, error) {
	return list[model.WorkerConnection](ctx, r.Root, first, after, upstream.WorkerFilter{Available: available, ActivityName: activityName}, r.Upstream.Workers)
}

func (r flex) TaskQueues(ctx context.Context, _ *model.Flex, first *int, after *string) (*model.TaskQueueConnection, error) {
	return list[model.TaskQueueConnection](ctx, r.Root, first, after, noFilter{}, unfiltered(r.Upstream.TaskQueues))
}

func (r mutation) UpdateFlexConfiguration(ctx context.Context, input model.UpdateFlexConfigurationInput) (*model.UpdateFlexConfigurationPayload, error) {
	f, err := r.Upstream.UpdateFlexConfiguration(ctx, change(ctx, "configuration"), input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateFlexConfigurationPayload{Configuration: f}, nil
}
