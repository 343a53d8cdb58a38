package store_test

import (
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// eachStatement runs every list, from its start and from within, and every read of one
// object, and has check look at the statement. index is the one that is made for it:
// its name, or its beginning where several would do; that of a primary key ends in _pkey.
func eachStatement(t *testing.T, s *store.Store, check func(t *testing.T, s *store.Store, query string, args []any, index string)) {
	account := demo.Main().SID
	var query string
	var args []any
	all := allListings(t, s, account)
	s.Trace(func(q string, a []any) { query, args = q, a })
	for _, l := range all {
		t.Run(l.name, func(t *testing.T) {
			p, err := l.call(t.Context(), s, everything(account, l.object), upstream.Page{First: 1})
			if err != nil {
				t.Fatal(err)
			}
			check(t, s, query, args, indexOf(l))
			if len(p.positions) == 0 {
				return
			}
			if _, err := l.call(t.Context(), s, everything(account, l.object), upstream.Page{First: 1, After: p.positions[0]}); err != nil {
				t.Fatal(err)
			}
			check(t, s, query, args, indexOf(l))
		})
	}
	for _, g := range getters(s) {
		t.Run(g.name, func(t *testing.T) {
			if _, err := g.get(t.Context(), everything(account, g.object), someSID(t, s, g.table, account)); err != nil {
				t.Fatal(err)
			}
			check(t, s, query, args, g.table+"_pkey")
		})
	}
}

// indexOf is the index that is made for a list with a filter.
func indexOf(l listing) string {
	_, filter, _ := strings.Cut(l.name, " by ")
	switch {
	case filter == "sid" || l.table == "usage_records" && filter == "category":
		return l.table + "_pkey"
	case l.shared && (filter == "contains" || strings.HasSuffix(filter, "Enabled")):
		return l.table + "_list"
	case filter == "" || filter == "start" || filter == "end" || strings.HasSuffix(filter, "After") || strings.HasSuffix(filter, "Before"):
		return l.table + "_list"
	case strings.HasPrefix(filter, "role "):
		return "users_" + strings.ToLower(strings.TrimPrefix(filter, "role "))
	case strings.Contains(filter, "several") || strings.Contains(filter, " and "):
		return l.table + "_"
	}
	return l.table + "_" + snake(filter)
}
