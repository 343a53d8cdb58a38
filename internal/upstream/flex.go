package upstream

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

// WorkerFilter narrows the list of workers; nil fields do not.
type WorkerFilter struct {
	Available    *bool
	ActivityName *string
}

// Flex serves the account's contact center; lists newest first.
type Flex interface {
	FlexConfiguration(ctx context.Context, s Scope) (*model.FlexConfiguration, error)
	UpdateFlexConfiguration(ctx context.Context, c Change, n model.UpdateFlexConfigurationInput) (*model.FlexConfiguration, error)
	Workers(ctx context.Context, s Scope, f WorkerFilter, p Page) (List[model.Worker], error)
	Worker(ctx context.Context, s Scope, sid string) (*model.Worker, error)
	TaskQueues(ctx context.Context, s Scope, p Page) (List[model.TaskQueue], error)
	TaskQueue(ctx context.Context, s Scope, sid string) (*model.TaskQueue, error)
}
