package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func messageTable() table[model.Message] {
	type object = model.Message
	return table[object]{
		name: "messages", typeName: "Message", account: "account_sid",
		identity: func(m *object) (id, sid *string) { return &m.ID, &m.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"messagingServiceSid", "messaging_service_sid", func(m *object) any { return textOrNull[string]{&m.MessagingServiceSid} }},
			{"body", "body", func(m *object) any { return textOrNull[string]{&m.Body} }},
			{"to", "to_party", func(m *object) any { return &m.To }},
			{"from", "from_party", func(m *object) any { return textOrNull[string]{&m.From} }},
			{"status", "status", func(m *object) any { return (*string)(&m.Status) }},
			{"direction", "direction", func(m *object) any { return (*string)(&m.Direction) }},
			{"numSegments", "num_segments", func(m *object) any { return (*number)(&m.NumSegments) }},
			{"numMedia", "num_media", func(m *object) any { return (*number)(&m.NumMedia) }},
			{"errorCode", "error_code", func(m *object) any { return numberOrNull{&m.ErrorCode} }},
			{"errorMessage", "error_message", func(m *object) any { return textOrNull[string]{&m.ErrorMessage} }},
			{"price", "price_micros", func(m *object) any { return amountOrNull{&m.Price} }},
			{"price", "price_unit", func(m *object) any { return currencyOf{&m.Price} }},
			{"dateCreated", "date_created", func(m *object) any { return (*instant)(&m.DateCreated) }},
			{"dateSent", "date_sent", func(m *object) any { return instantOrNull{&m.DateSent} }},
			{"dateUpdated", "date_updated", func(m *object) any { return (*instant)(&m.DateUpdated) }},
		},
	}
}

// Messages lists the account's messages, newest first.
func (s *Store) Messages(
	ctx context.Context, scope upstream.Scope, f upstream.MessageFilter, p upstream.Page,
) (upstream.List[model.Message], error) {
	return list(ctx, s, &s.messages, scope, p,
		equal("sid", f.Sid), notBefore("date_created", f.DateCreatedAfter), before("date_created", f.DateCreatedBefore),
		equal("status", f.Status), equal("direction", f.Direction),
		equal("from_party", f.From), equal("to_party", f.To))
}

// Message reads one of the account's messages.
func (s *Store) Message(ctx context.Context, scope upstream.Scope, sid string) (*model.Message, error) {
	return get(ctx, s, &s.messages, scope, sid)
}
