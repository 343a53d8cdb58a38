package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func apiKeyTable() table[model.APIKey] {
	type object = model.APIKey
	return table[object]{
		name: "api_keys", typeName: "ApiKey", account: "account_sid",
		identity: func(k *object) (id, sid *string) { return &k.ID, &k.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"friendlyName", "friendly_name", func(k *object) any { return &k.FriendlyName }},
			{"dateCreated", "date_created", func(k *object) any { return (*instant)(&k.DateCreated) }},
			{"dateUpdated", "date_updated", func(k *object) any { return (*instant)(&k.DateUpdated) }},
		},
	}
}

// APIKeys lists the account's API keys, newest first.
func (s *Store) APIKeys(
	ctx context.Context, scope upstream.Scope, f upstream.APIKeyFilter, p upstream.Page,
) (upstream.List[model.APIKey], error) {
	return list(ctx, s, &s.apiKeys, scope, p, equal("friendly_name", f.FriendlyName))
}

// APIKey reads one of the account's API keys.
func (s *Store) APIKey(ctx context.Context, scope upstream.Scope, sid string) (*model.APIKey, error) {
	return get(ctx, s, &s.apiKeys, scope, sid)
}

// UpdateAPIKey renames one of the account's API keys. A name that is empty, has more
// than 64 characters or a control character is BAD_USER_INPUT.
func (s *Store) UpdateAPIKey(ctx context.Context, c upstream.Change, sid string, n model.UpdateAPIKeyInput) (*model.APIKey, error) {
	return update(ctx, s, c, &s.apiKeys, sid, func(*sql.Tx) (columns, error) {
		var in input
		in.text("friendlyName", "friendly_name", n.FriendlyName, check.Name)
		return in.done()
	})
}

// DeleteAPIKey deletes one of the account's API keys.
func (s *Store) DeleteAPIKey(ctx context.Context, c upstream.Change, sid string) error {
	return remove(ctx, s, c, &s.apiKeys, sid)
}
