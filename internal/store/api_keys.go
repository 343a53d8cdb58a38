package store

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func apiKeyTable() table[model.APIKey] {
	type object = model.APIKey
	return table[object]{
		name: "api_keys", typeName: "ApiKey", account: "account_sid",
		identity: func(k *object) (id, sid *string) { return &k.ID, &k.Sid },
		order:    []key{{column: "date_created", kind: moment, descending: true}, {column: "sid", kind: text, descending: true}},
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
func (s *Store) UpdateAPIKey(
	ctx context.Context, scope upstream.Scope, sid, friendlyName string,
) (*model.APIKey, error) {
	if err := checkFriendlyName(friendlyName); err != nil {
		return nil, err
	}
	columns := s.apiKeys.permitted(scope.Fields())
	st := new(statement)
	st.write("UPDATE api_keys SET friendly_name = ", st.arg(friendlyName), ", date_updated = ", st.arg(micros(s.now())))
	st.write(" WHERE account_sid = ", st.arg(scope.Account()), " AND sid = ", st.arg(sid))
	st.write(" RETURNING ", names(s.apiKeys.orderNames(), columns))
	key, _, err := one(ctx, s, s.db, &s.apiKeys, st, columns, scope)
	return key, err
}

// DeleteAPIKey deletes one of the account's API keys.
func (s *Store) DeleteAPIKey(ctx context.Context, scope upstream.Scope, sid string) error {
	st := new(statement)
	st.write("DELETE FROM api_keys WHERE account_sid = ", st.arg(scope.Account()), " AND sid = ", st.arg(sid))
	changed, err := s.exec(ctx, s.db, st)
	if err != nil {
		return failed(ctx, "deleting an API key", err)
	}
	if changed == 0 {
		return problem.Missing()
	}
	return nil
}
