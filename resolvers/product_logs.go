package resolvers

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) Calls(ctx context.Context, _ *model.Account, first *int, after *string, startTimeAfter, startTimeBefore *time.Time, status *model.CallStatus, direction *model.CallDirection, from, to *string) (*model.CallConnection, error) {
	f := upstream.CallFilter{
		StartTimeAfter: startTimeAfter, StartTimeBefore: startTimeBefore,
		Status: status, Direction: direction, From: from, To: to,
	}
	return list[model.CallConnection](ctx, r.Root, first, after, f, r.Upstream.Calls)
}

func (r account) Messages(ctx context.Context, _ *model.Account, first *int, after *string, dateCreatedAfter, dateCreatedBefore *time.Time, status *model.MessageStatus, direction *model.MessageDirection, from, to *string) (*model.MessageConnection, error) {
	f := upstream.MessageFilter{
		DateCreatedAfter: dateCreatedAfter, DateCreatedBefore: dateCreatedBefore,
		Status: status, Direction: direction, From: from, To: to,
	}
	return list[model.MessageConnection](ctx, r.Root, first, after, f, r.Upstream.Messages)
}

func (r account) Alerts(ctx context.Context, _ *model.Account, first *int, after *string, dateGeneratedAfter, dateGeneratedBefore *time.Time, logLevel *model.LogLevel, errorCode *string) (*model.AlertConnection, error) {
	f := upstream.AlertFilter{
		DateGeneratedAfter: dateGeneratedAfter, DateGeneratedBefore: dateGeneratedBefore,
		LogLevel: logLevel, ErrorCode: errorCode,
	}
	return list[model.AlertConnection](ctx, r.Root, first, after, f, r.Upstream.Alerts)
}
