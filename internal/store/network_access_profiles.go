package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const maxNetworks = 100

func networkAccessProfileTable() table[model.NetworkAccessProfile] {
	type object = model.NetworkAccessProfile
	return table[object]{
		name: "network_access_profiles", typeName: "NetworkAccessProfile", account: "account_sid",
		identity: func(p *object) (id, sid *string) { return &p.ID, &p.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"uniqueName", "unique_name", func(p *object) any { return textOrNull[string]{&p.UniqueName} }},
			{"networkSids", "network_sids", func(p *object) any { return wordList[string]{&p.NetworkSids} }},
			{"dateCreated", "date_created", func(p *object) any { return (*instant)(&p.DateCreated) }},
			{"dateUpdated", "date_updated", func(p *object) any { return (*instant)(&p.DateUpdated) }},
		},
	}
}

// NetworkAccessProfiles lists the account's network access profiles, newest first.
func (s *Store) NetworkAccessProfiles(
	ctx context.Context, scope upstream.Scope, p upstream.Page,
) (upstream.List[model.NetworkAccessProfile], error) {
	return list(ctx, s, &s.networkAccessProfiles, scope, p)
}

// NetworkAccessProfile reads one of the account's network access profiles.
func (s *Store) NetworkAccessProfile(ctx context.Context, scope upstream.Scope, sid string) (*model.NetworkAccessProfile, error) {
	return get(ctx, s, &s.networkAccessProfiles, scope, sid)
}

// CreateNetworkAccessProfile makes a network access profile for the account.
func (s *Store) CreateNetworkAccessProfile(
	ctx context.Context, c upstream.Change, n model.CreateNetworkAccessProfileInput,
) (upstream.Made[model.NetworkAccessProfile], error) {
	return create(ctx, s, c, &s.networkAccessProfiles, creation{prefix: "HA", key: n.IdempotencyKey, input: n, columns: func(*sql.Tx) (columns, error) {
		return networkAccessProfileInput(n.UniqueName, n.NetworkSids)
	}})
}

// UpdateNetworkAccessProfile changes one of the account's network access profiles.
func (s *Store) UpdateNetworkAccessProfile(
	ctx context.Context, c upstream.Change, sid string, n model.UpdateNetworkAccessProfileInput,
) (*model.NetworkAccessProfile, error) {
	return update(ctx, s, c, &s.networkAccessProfiles, sid, func(*sql.Tx) (columns, error) {
		return networkAccessProfileInput(n.UniqueName, n.NetworkSids)
	})
}

// networkAccessProfileInput reads what a network access profile is given, be it new or not.
func networkAccessProfileInput(uniqueName graphql.Omittable[*string], networks graphql.Omittable[[]string]) (columns, error) {
	var in input
	in.textOrNull("uniqueName", "unique_name", uniqueName, check.Name)
	if sids, ok := networks.ValueOK(); ok && in.notNull("networkSids", sids == nil) {
		if len(sids) > maxNetworks {
			in.must(problem.Input("networkSids has at most "+strconv.Itoa(maxNetworks)+" SIDs.", "input", "networkSids"))
		}
		for i, sid := range sids {
			if check.SID("HW")(sid) != nil || slices.Contains(sids[:i], sid) {
				in.must(problem.Input("networkSids has SIDs, HW and 32 hexadecimal digits, each once.", "input", "networkSids", strconv.Itoa(i)))
			}
		}
		in.add("networkSids", "network_sids", strings.Join(sids, ","))
	}
	return in.done()
}
