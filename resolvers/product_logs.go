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
	c, err := r.connect(ctx, "Account.calls", first, after, f)
	if err != nil {
		return nil, err
	}
	calls, err := r.Upstream.Calls(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, calls, func(cursor string, call model.Call) *model.CallEdge {
		return &model.CallEdge{Cursor: cursor, Node: call}
	})
	return &model.CallConnection{Edges: all, PageInfo: info}, nil
}

func (r account) Messages(ctx context.Context, _ *model.Account, first *int, after *string, dateCreatedAfter, dateCreatedBefore *time.Time, status *model.MessageStatus, direction *model.MessageDirection, from, to *string) (*model.MessageConnection, error) {
	f := upstream.MessageFilter{
		DateCreatedAfter: dateCreatedAfter, DateCreatedBefore: dateCreatedBefore,
		Status: status, Direction: direction, From: from, To: to,
	}
	c, err := r.connect(ctx, "Account.messages", first, after, f)
	if err != nil {
		return nil, err
	}
	messages, err := r.Upstream.Messages(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, messages, func(cursor string, m model.Message) *model.MessageEdge {
		return &model.MessageEdge{Cursor: cursor, Node: m}
	})
	return &model.MessageConnection{Edges: all, PageInfo: info}, nil
}

func (r account) Alerts(ctx context.Context, _ *model.Account, first *int, after *string, dateGeneratedAfter, dateGeneratedBefore *time.Time, logLevel *model.LogLevel, errorCode *string) (*model.AlertConnection, error) {
	f := upstream.AlertFilter{
		DateGeneratedAfter: dateGeneratedAfter, DateGeneratedBefore: dateGeneratedBefore,
		LogLevel: logLevel, ErrorCode: errorCode,
	}
	c, err := r.connect(ctx, "Account.alerts", first, after, f)
	if err != nil {
		return nil, err
	}
	alerts, err := r.Upstream.Alerts(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, alerts, func(cursor string, a model.Alert) *model.AlertEdge {
		return &model.AlertEdge{Cursor: cursor, Node: a}
	})
	return &model.AlertConnection{Edges: all, PageInfo: info}, nil
}
