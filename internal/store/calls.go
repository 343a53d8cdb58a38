package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func callTable() table[model.Call] {
	type object = model.Call
	return table[object]{
		name: "calls", typeName: "Call", account: "account_sid",
		identity: func(c *object) (id, sid *string) { return &c.ID, &c.Sid },
		order:    newestFirst("start_time"),
		columns: []column[object]{
			{"parentCallSid", "parent_call_sid", func(c *object) any { return textOrNull[string]{&c.ParentCallSid} }},
			{"to", "to_party", func(c *object) any { return &c.To }},
			{"from", "from_party", func(c *object) any { return &c.From }},
			{"phoneNumberSid", "phone_number_sid", func(c *object) any { return textOrNull[string]{&c.PhoneNumberSid} }},
			{"status", "status", func(c *object) any { return (*string)(&c.Status) }},
			{"direction", "direction", func(c *object) any { return (*string)(&c.Direction) }},
			{"startTime", "start_time", func(c *object) any { return (*instant)(&c.StartTime) }},
			{"endTime", "end_time", func(c *object) any { return instantOrNull{&c.EndTime} }},
			{"duration", "duration", func(c *object) any { return numberOrNull{&c.Duration} }},
			{"queueTime", "queue_time", func(c *object) any { return numberOrNull{&c.QueueTime} }},
			{"answeredBy", "answered_by", func(c *object) any { return textOrNull[string]{&c.AnsweredBy} }},
			{"forwardedFrom", "forwarded_from", func(c *object) any { return textOrNull[string]{&c.ForwardedFrom} }},
			{"callerName", "caller_name", func(c *object) any { return textOrNull[string]{&c.CallerName} }},
			{"price", "price_micros", func(c *object) any { return amountOrNull{&c.Price} }},
			{"price", "price_unit", func(c *object) any { return currencyOf{&c.Price} }},
			{"dateCreated", "date_created", func(c *object) any { return (*instant)(&c.DateCreated) }},
			{"dateUpdated", "date_updated", func(c *object) any { return (*instant)(&c.DateUpdated) }},
		},
	}
}

// Calls lists the account's calls, newest first.
func (s *Store) Calls(
	ctx context.Context, scope upstream.Scope, f upstream.CallFilter, p upstream.Page,
) (upstream.List[model.Call], error) {
	return list(ctx, s, &s.calls, scope, p,
		equal("sid", f.Sid), notBefore("start_time", f.StartTimeAfter), before("start_time", f.StartTimeBefore),
		equal("status", f.Status), equal("direction", f.Direction),
		equal("from_party", f.From), equal("to_party", f.To))
}

// Call reads one of the account's calls.
func (s *Store) Call(ctx context.Context, scope upstream.Scope, sid string) (*model.Call, error) {
	return get(ctx, s, &s.calls, scope, sid)
}
