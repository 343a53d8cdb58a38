package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func oauthClientTable() table[model.OAuthClient] {
	type object = model.OAuthClient
	return table[object]{
		name: "oauth_clients", typeName: "OAuthClient", account: "account_sid",
		identity: func(c *object) (id, sid *string) { return &c.ID, &c.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"name", "name", func(c *object) any { return &c.Name }},
			{"grants", "grants", func(c *object) any { return modelGrants{&c.Grants} }},
			{"createdBySid", "created_by_sid", func(c *object) any { return &c.CreatedBySid }},
			{"expiresAt", "expires_at", func(c *object) any { return (*instant)(&c.ExpiresAt) }},
			{"lastUsed", "last_used", func(c *object) any { return instantOrNull{&c.LastUsed} }},
			{"dateCreated", "date_created", func(c *object) any { return (*instant)(&c.DateCreated) }},
			{"dateUpdated", "date_updated", func(c *object) any { return (*instant)(&c.DateUpdated) }},
		},
	}
}

// OAuthClients lists the account's clients of OAuth, newest first.
func (s *Store) OAuthClients(
	ctx context.Context, scope upstream.Scope, f identity.ClientFilter, p upstream.Page,
) (upstream.List[model.OAuthClient], error) {
	return list(ctx, s, &s.oauthClients, scope, p, equal("name", f.Name), equal("created_by_sid", f.CreatedBySID))
}

// OAuthClient reads one of the account's clients of OAuth.
func (s *Store) OAuthClient(ctx context.Context, scope upstream.Scope, sid string) (*model.OAuthClient, error) {
	return get(ctx, s, &s.oauthClients, scope, sid)
}

// CreateOAuthClient keeps a new client: see identity.Clients.
func (s *Store) CreateOAuthClient(ctx context.Context, c upstream.Change, n identity.KeptClient) (upstream.Made[model.OAuthClient], error) {
	input := fmt.Sprintf("%q %s", n.Name, grantsText(n.Grants))
	if n.Expires != nil {
		input += " " + n.Expires.UTC().Format(time.RFC3339Nano)
	}
	return create(ctx, s, c, &s.oauthClients, creation{prefix: "OC", key: n.IdempotencyKey, input: input, columns: func(tx *sql.Tx) (columns, error) {
		if err := s.mayHaveClient(ctx, tx, c.Account(), n); err != nil {
			return nil, err
		}
		return clientColumns(n)
	}})
}

func clientColumns(n identity.KeptClient) (columns, error) {
	var in input
	in.text("name", "name", n.Name, check.Name)
	in.add("grants", "grants", grantsText(n.Grants))
	in.add("expiresAt", "expires_at", micros(n.Ends))
	in.add("createdBySid", "created_by_sid", n.Creator)
	in.add("", "secret_hash", n.SecretHash)
	return in.done()
}

// mayHaveClient says whether the creator stands, and has room for one more client.
func (s *Store) mayHaveClient(ctx context.Context, tx *sql.Tx, account string, n identity.KeptClient) error {
	if _, err := s.memberIn(ctx, tx, account, n.Creator, standing); err != nil {
		return err
	}
	st := new(statement)
	st.write("SELECT COUNT(*) FROM oauth_clients WHERE account_sid = ", st.arg(account), " AND created_by_sid = ", st.arg(n.Creator))
	var has int
	if err := s.scanOne(ctx, tx, st, (*number)(&has)); err != nil {
		return failed(ctx, "counting OAuth clients", err)
	}
	if has >= n.Most {
		return problem.New(problem.Conflict, fmt.Sprintf("You have made %d OAuth clients, which is as many as one may. Delete one first.", has))
	}
	return nil
}

// DeleteOAuthClient deletes one of the account's clients of OAuth.
func (s *Store) DeleteOAuthClient(ctx context.Context, c upstream.Change, sid string) error {
	return remove(ctx, s, c, &s.oauthClients, sid)
}

// ClientCredential finds a client of any account by its SID.
func (s *Store) ClientCredential(ctx context.Context, sid string) (identity.ClientCredential, error) {
	var c identity.ClientCredential
	st := new(statement)
	st.write("SELECT sid, account_sid, created_by_sid, name, grants, expires_at, secret_hash FROM oauth_clients WHERE sid = ", st.arg(sid))
	err := s.scanOne(ctx, s.db, st, &c.SID, &c.Account, &c.Creator, &c.Name, policyGrants{&c.Grants}, (*instant)(&c.Expires), &c.SecretHash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return identity.ClientCredential{}, problem.Missing()
	case err != nil:
		return identity.ClientCredential{}, failed(ctx, "reading an OAuth client", err)
	}
	return c, nil
}

// ClientUsed notes when a client was given a token.
func (s *Store) ClientUsed(ctx context.Context, sid string, at time.Time) error {
	st := new(statement)
	st.write("UPDATE oauth_clients SET last_used = ", st.arg(micros(at)), " WHERE sid = ", st.arg(sid))
	changed, err := s.exec(ctx, s.db, st)
	if err != nil {
		return failed(ctx, "noting that an OAuth client was used", err)
	}
	if changed == 0 {
		return problem.Missing()
	}
	return nil
}

// grantsText is how grants are kept: PRODUCT_LOGS:READ USAGE:READ,UPDATE, with the actions in the order of policy.Actions.
func grantsText(grants []policy.Grant) string {
	kept := make([]string, len(grants))
	for i, g := range grants {
		var actions []string
		for _, a := range policy.Actions() {
			for _, given := range g.Actions {
				if given == a {
					actions = append(actions, string(a))
				}
			}
		}
		kept[i] = string(g.Permission) + ":" + strings.Join(actions, ",")
	}
	return strings.Join(kept, " ")
}

// policyGrants is the grants of a client.
type policyGrants struct{ place *[]policy.Grant }

func (p policyGrants) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return unexpected(src, "grants")
	}
	var grants []policy.Grant
	for one := range strings.SplitSeq(text, " ") {
		permission, actions, _ := strings.Cut(one, ":")
		g := policy.Grant{Permission: policy.Permission(permission)}
		for action := range strings.SplitSeq(actions, ",") {
			g.Actions = append(g.Actions, policy.Action(action))
		}
		grants = append(grants, g)
	}
	*p.place = grants
	return nil
}

// modelGrants is the same as the schema has it.
type modelGrants struct{ place *[]*model.OAuthGrant }

func (m modelGrants) Scan(src any) error {
	var grants []policy.Grant
	if err := (policyGrants{&grants}).Scan(src); err != nil {
		return err
	}
	*m.place = make([]*model.OAuthGrant, len(grants))
	for i, g := range grants {
		shown := &model.OAuthGrant{Permission: model.Permission(g.Permission)}
		for _, a := range g.Actions {
			shown.Actions = append(shown.Actions, model.Action(a))
		}
		(*m.place)[i] = shown
	}
	return nil
}
