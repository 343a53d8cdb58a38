package resolvers

import (
	"context"
	"slices"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// ProductLogs follows the account's logs. An event says no more than that there is a log:
// each stream reads it itself, by its own filters and of its type the fields that are
// selected and permitted.
func (r subscription) ProductLogs(ctx context.Context, kinds []model.ProductLogKind, callStatus *model.CallStatus, callDirection *model.CallDirection, callFrom, callTo *string, messageStatus *model.MessageStatus, messageDirection *model.MessageDirection, messageFrom, messageTo *string, alertLogLevel *model.LogLevel) (<-chan model.ProductLog, error) {
	f := logFilters{
		kinds:    kinds,
		calls:    upstream.CallFilter{Status: callStatus, Direction: callDirection, From: callFrom, To: callTo},
		messages: upstream.MessageFilter{Status: messageStatus, Direction: messageDirection, From: messageFrom, To: messageTo},
		alerts:   upstream.AlertFilter{LogLevel: alertLogLevel},
	}
	events, err := r.Events.FollowLogs(ctx, auth.From(ctx).Account)
	if err != nil {
		return nil, err
	}
	logs := make(chan model.ProductLog)
	go func() {
		defer close(logs)
		defer events.Close()
		for {
			log, err := r.nextLog(ctx, events, f)
			if err != nil {
				engine.EndStream(ctx, err)
				return
			}
			select {
			case logs <- log:
			case <-ctx.Done():
				return
			}
		}
	}()
	return logs, nil
}

// logFilters are the arguments of productLogs.
type logFilters struct {
	kinds    []model.ProductLogKind // nil for all
	calls    upstream.CallFilter
	messages upstream.MessageFilter
	alerts   upstream.AlertFilter
}

// nextLog waits for the next event that the filters let through, and reads its log.
func (r subscription) nextLog(ctx context.Context, events upstream.LogStream, f logFilters) (model.ProductLog, error) {
	for {
		e, err := events.Next(ctx)
		if err != nil {
			return nil, err
		}
		if f.kinds != nil && !slices.Contains(f.kinds, e.Kind) {
			continue
		}
		log, err := r.readLog(ctx, e, f)
		if log != nil || err != nil {
			return log, err
		}
	}
}

// readLog reads the log of an event: nil when the filters leave it out, or it is no more.
func (r subscription) readLog(ctx context.Context, e upstream.LogEvent, f logFilters) (model.ProductLog, error) {
	switch e.Kind {
	case model.ProductLogKindCall:
		f.calls.Sid = &e.Sid
		return theOne(r.Upstream.Calls(ctx, scopeOf(ctx, "Call"), f.calls, upstream.Page{First: 1}))
	case model.ProductLogKindMessage:
		f.messages.Sid = &e.Sid
		return theOne(r.Upstream.Messages(ctx, scopeOf(ctx, "Message"), f.messages, upstream.Page{First: 1}))
	case model.ProductLogKindAlert:
		f.alerts.Sid = &e.Sid
		return theOne(r.Upstream.Alerts(ctx, scopeOf(ctx, "Alert"), f.alerts, upstream.Page{First: 1}))
	}
	return nil, nil
}

// scopeOf is scope for an object of one of the types that the resolved field may have.
func scopeOf(ctx context.Context, object string) upstream.Scope {
	return upstream.NewScope(auth.From(ctx).Account, engine.FieldsOf(ctx, object, ""))
}

// theOne is what a list of one at most has, and nil for none.
func theOne[T model.ProductLog](list upstream.List[T], err error) (model.ProductLog, error) {
	if err != nil || len(list.Items) == 0 {
		return nil, err
	}
	return list.Items[0], nil
}
