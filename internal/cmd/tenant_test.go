package cmd

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// tenant is an account with one user for each role, whom the constants owner, administrator and so on name.
type tenant struct {
	*program
	sid    string
	domain string            // of their e-mail addresses
	users  map[string]string // their SIDs, by those constants
}

// demoTenant is the account of the demo.
func demoTenant(p *program) tenant {
	p.t.Helper()
	in := tenant{program: p, domain: "example.com", users: map[string]string{}}
	a := p.as(owner).do(`{ account { sid users { edges { node { sid email } } } } }`, nil).ok(p.t)
	in.sid = a.text("account", "sid")
	for _, user := range a.all("account", "users", "edges", "node") {
		user := user.(map[string]any)
		in.users[user["email"].(string)] = user["sid"].(string)
	}
	return in
}

// email is the address of one of the account's users.
func (in tenant) email(who string) string { return strings.TrimSuffix(who, "example.com") + in.domain }

// as is one of them, who has signed in once.
func (in tenant) as(who string) client { return in.program.as(in.email(who)) }

// signIn opens a new session of one of them.
func (in tenant) signIn(who string) client { return in.program.signIn(in.email(who)) }

// user is the global id of one of them.
func (in tenant) user(who string) string { return encodeID("User", in.users[who]) }

// row puts a row into a table, for what cannot be made through the API, and returns its SID. The account and the
// moments are filled in; a prefix, "" for none, makes an SID.
func (in tenant) row(table, prefix string, columns vars) (sid string) {
	in.t.Helper()
	of := in.kind(table)
	now := time.Now().UnixMicro()
	all := vars{"account_sid": in.sid, "date_created": now, "date_updated": now}
	for column := range all {
		if !slices.Contains(of.columns, column) {
			delete(all, column)
		}
	}
	if prefix != "" {
		sid = newSID(prefix)
		all["sid"] = sid
	}
	maps.Copy(all, columns)
	insert(in.t, in.aside().db, table, all)
	return sid
}

// newSID is an SID that nothing has.
func newSID(prefix string) string {
	random := make([]byte, 16)
	rand.Read(random)
	return prefix + hex.EncodeToString(random)
}

// insert puts a row into a table, by a connection or in a transaction.
func insert(t testing.TB, by interface {
	Exec(statement string, args ...any) (sql.Result, error)
}, table string, row vars) {
	t.Helper()
	var names, places []string
	var values []any
	for _, column := range slices.Sorted(maps.Keys(row)) {
		names, values = append(names, column), append(values, row[column])
		places = append(places, fmt.Sprintf("$%d", len(values)))
	}
	_, err := by.Exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(places, ", ")+")", values...)
	if err != nil {
		t.Fatalf("a row of %s: %v", table, err)
	}
}

// kind is a table of the database.
func (p *program) kind(table string) *kind {
	p.t.Helper()
	all := p.aside().kinds
	i := slices.IndexFunc(all, func(k *kind) bool { return k.name == table })
	if i < 0 {
		p.t.Fatalf("there is no table %s", table)
	}
	return all[i]
}

var anySID = regexp.MustCompile(`^[A-Z]{2}[0-9a-f]{32}$`)

// newTenant makes an account, which has what fieldgate init gives one, and a user for each role.
func (p *program) newTenant() tenant {
	p.t.Helper()
	in := tenant{program: p, domain: strings.ToLower(rand.Text()) + ".example.com", users: map[string]string{}}
	sids := map[string]string{}
	renamed := func(value any) any {
		text, is := value.(string)
		switch {
		case !is:
			return value
		case anySID.MatchString(text):
			if sids[text] == "" {
				sids[text] = newSID(text[:2])
			}
			return sids[text]
		}
		return strings.ReplaceAll(text, ada, in.email(owner))
	}
	header := published(p.t).header
	var rows []seed
	first, err := seeds()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, first := range first {
		row := seed{first.table, vars{}}
		for column, value := range first.row {
			row.row[column] = renamed(value)
		}
		if row.table == "accounts" {
			in.sid = row.row["sid"].(string)
		}
		if row.table != "users" {
			rows = append(rows, row)
			continue
		}
		for i, who := range columns {
			user := maps.Clone(row.row)
			if user["email"], user["roles"], user["password_hash"] = in.email(who), strings.ToUpper(header[firstRole+i]), storetest.PasswordHash; who != owner {
				user["sid"] = newSID("US")
			}
			in.users[who] = user["sid"].(string)
			rows = append(rows, seed{"users", user})
		}
	}
	tx, err := p.aside().db.Begin()
	if err != nil {
		p.t.Fatal(err)
	}
	defer tx.Rollback()
	for _, s := range rows {
		insert(p.t, tx, s.table, s.row)
	}
	if err := tx.Commit(); err != nil {
		p.t.Fatal(err)
	}
	return in
}

// seed is a row that a new account has.
type seed struct {
	table string
	row   vars
}

// seeds are the rows of an account that fieldgate init has made, those that others refer to before them.
var seeds = sync.OnceValues(func() (all []seed, err error) {
	data, err := os.MkdirTemp("", "fieldgate-test-")
	if err != nil {
		return nil, err
	}
	problems := newWritten()
	if status := run(context.Background(), []string{"init", "--account-name", "Halyard Freight", "--owner", ada, "--data", data}, io.Discard, problems); status != 0 {
		return nil, fmt.Errorf("making an account: %s", problems)
	}
	db, err := sql.Open("sqlite", sqliteFile(data))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	kinds, err := kindsOf(db, sqliteColumns)
	if err != nil {
		return nil, err
	}
	kinds = slices.DeleteFunc(kinds, func(k *kind) bool {
		return k.account < 0 || k.name == "invitations" || slices.Contains(apart, k.name)
	})
	rank := func(k *kind) int { return slices.Index([]string{"users", "accounts"}, k.name) }
	slices.SortStableFunc(kinds, func(a, b *kind) int { return rank(b) - rank(a) })
	for _, k := range kinds {
		err := each(db, k, func(values []any) {
			row := vars{}
			for i, name := range k.columns {
				if row[name] = values[i]; slices.Contains(k.flags, i) {
					row[name] = values[i] == int64(1)
				}
			}
			all = append(all, seed{k.name, row})
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
})
