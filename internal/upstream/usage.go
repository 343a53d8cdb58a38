package upstream

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/scalar"
)

// UsageFilter narrows the list of usage records; nil fields do not. Start and End are inclusive.
type UsageFilter struct {
	Category    *model.UsageCategory
	Granularity model.UsageGranularity
	Start, End  *scalar.Date
}

// UsageTriggerFilter narrows the list of usage triggers; nil fields do not.
type UsageTriggerFilter struct {
	UsageCategory *model.UsageCategory
	Recurring     *model.UsageTriggerRecurring
}

// Usage serves what was used, newest period first and by category within it, and what is called when it is so much,
// newest first.
type Usage interface {
	UsageRecords(ctx context.Context, s Scope, f UsageFilter, p Page) (List[model.UsageRecord], error)
	UsageTriggers(ctx context.Context, s Scope, f UsageTriggerFilter, p Page) (List[model.UsageTrigger], error)
	UsageTrigger(ctx context.Context, s Scope, sid string) (*model.UsageTrigger, error)
	CreateUsageTrigger(ctx context.Context, c Change, n model.CreateUsageTriggerInput) (Made[model.UsageTrigger], error)
	DeleteUsageTrigger(ctx context.Context, c Change, sid string) error
}
