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
	f := upstream.WorkerFilter{Available: available, ActivityName: activityName}
	c, err := r.connect(ctx, "Flex.workers", first, after, f)
	if err != nil {
		return nil, err
	}
	workers, err := r.Upstream.Workers(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, workers, func(cursor string, w model.Worker) *model.WorkerEdge {
		return &model.WorkerEdge{Cursor: cursor, Node: w}
	})
	return &model.WorkerConnection{Edges: all, PageInfo: info}, nil
}

func (r flex) TaskQueues(ctx context.Context, _ *model.Flex, first *int, after *string) (*model.TaskQueueConnection, error) {
	c, err := r.connect(ctx, "Flex.taskQueues", first, after, nil)
	if err != nil {
		return nil, err
	}
	queues, err := r.Upstream.TaskQueues(ctx, scope(ctx, "edges.node"), c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, queues, func(cursor string, q model.TaskQueue) *model.TaskQueueEdge {
		return &model.TaskQueueEdge{Cursor: cursor, Node: q}
	})
	return &model.TaskQueueConnection{Edges: all, PageInfo: info}, nil
}

func (r mutation) UpdateFlexConfiguration(ctx context.Context, input model.UpdateFlexConfigurationInput) (*model.UpdateFlexConfigurationPayload, error) {
	f, err := r.Upstream.UpdateFlexConfiguration(ctx, change(ctx, "configuration"), input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateFlexConfigurationPayload{Configuration: f}, nil
}
