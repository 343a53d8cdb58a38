package cmd

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// beside is a connection of the test's own to the program's database, and what tables are in it.
type beside struct {
	sync.Once
	db    *sql.DB
	kinds []*kind
	first []seed // use first
}

// kind is a table: its columns, and which of them say which row it is and whose.
type kind struct {
	name    string
	columns []string
	key     []int // the places of the primary key's columns; all columns where there is none
	account int   // the place of the account's SID; -1 where there is none
}

// record is a row, its values as text in the order of the table's columns.
type record struct {
	*kind
	values []string
}

// get is the value of a column, "" when there is none of this name.
func (r record) get(column string) string {
	if i := slices.Index(r.columns, column); i >= 0 {
		return r.values[i]
	}
	return ""
}

// owner is the SID of the account whose row it is, "" when it does not say.
func (r record) owner() string {
	if r.account < 0 {
		return ""
	}
	return r.values[r.account]
}

// dump is all that a database holds, of all accounts: its rows by their table and primary key.
type dump map[string]record

// aside connects to the program's database when first called.
func (p *program) aside() *beside {
	p.t.Helper()
	p.beside.Do(func() {
		db := p.connect()
		p.t.Cleanup(func() { db.Close() })
		columns := `SELECT m.name, c.name, c.pk FROM sqlite_master m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid`
		if p.database != "" {
			columns = `SELECT c.table_name, c.column_name, COALESCE(k.ordinal_position, 0)
				FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
				LEFT JOIN (information_schema.key_column_usage k JOIN information_schema.table_constraints n
					ON n.constraint_schema = k.constraint_schema AND n.constraint_name = k.constraint_name AND n.constraint_type = 'PRIMARY KEY')
					ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
				WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position`
		}
		p.beside.db, p.beside.kinds = db, kindsOf(p.t, db, columns)
	})
	return &p.beside
}

// kindsOf reads what tables there are.
func kindsOf(t testing.TB, db *sql.DB, columns string) []*kind {
	t.Helper()
	rows, err := db.Query(columns)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []*kind
	for rows.Next() {
		var table, column string
		var key int
		if err := rows.Scan(&table, &column, &key); err != nil {
			t.Fatal(err)
		}
		if len(all) == 0 || all[len(all)-1].name != table {
			all = append(all, &kind{name: table, account: -1})
		}
		k := all[len(all)-1]
		if column == "account_sid" || table == "accounts" && column == "sid" {
			k.account = len(k.columns)
		}
		if key > 0 {
			k.key = append(k.key, len(k.columns))
		}
		k.columns = append(k.columns, column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.key != nil {
			continue
		}
		for i := range k.columns {
			k.key = append(k.key, i)
		}
	}
	return all
}

// dump reads every table of the program's database.
func (p *program) dump() dump {
	p.t.Helper()
	b, all := p.aside(), dump{}
	for _, k := range b.kinds {
		rows, err := b.db.Query("SELECT " + strings.Join(k.columns, ", ") + " FROM " + k.name)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, r := range p.records(k, rows) {
			key := k.name
			for _, i := range k.key {
				key += "\x00" + r.values[i]
			}
			all[key] = r
		}
	}
	return all
}

// records reads rows of a table to their end.
func (p *program) records(k *kind, rows *sql.Rows) []record {
	p.t.Helper()
	defer rows.Close()
	var all []record
	raw, places := make([]sql.RawBytes, len(k.columns)), make([]any, len(k.columns))
	for i := range raw {
		places[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			p.t.Fatal(err)
		}
		r := record{k, make([]string, len(raw))}
		for i, value := range raw {
			if r.values[i] = string(value); value == nil {
				r.values[i] = "NULL"
			}
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// changed is a row that differs between two dumps: how is '+' for one that came, '~' for
// one that changed, and '-' for one that went.
type changed struct {
	how rune
	record
}

// changesTo finds what has changed from one dump to a later one.
func (before dump) changesTo(after dump) []changed {
	var all []changed
	for _, key := range slices.Sorted(maps.Keys(after)) {
		switch was, old := before[key]; {
		case !old:
			all = append(all, changed{'+', after[key]})
		case !slices.Equal(was.values, after[key].values):
			all = append(all, changed{'~', after[key]})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, still := after[key]; !still {
			all = append(all, changed{'-', before[key]})
		}
	}
	return all
}

// counted says how many rows of each table came, changed and went: "sims +1", "sims ~2", by their tables' names.
func counted(all []changed) []string {
	counts := map[string]int{}
	for _, c := range all {
		counts[c.name+" "+string(c.how)]++
	}
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		lines = append(lines, what+strconv.Itoa(counts[what]))
	}
	return lines
}

// TestDump: whatever happens to a row, the comparison of two dumps says so.
func TestDump(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		in := on.startBare(t).newTenant()
		key := in.row("api_keys", "SK", vars{"friendly_name": "before", "secret_hash": "x"})
		for _, row := range []struct {
			statement, how string
			args           []any
		}{
			{"UPDATE api_keys SET friendly_name = 'before' WHERE sid = $1", "", []any{key}},
			{"UPDATE api_keys SET friendly_name = 'after' WHERE sid = $1", "api_keys ~1", []any{key}},
			{"UPDATE users SET last_sign_in = 1 WHERE account_sid = $1", "users ~5", []any{in.sid}},
			{"UPDATE users SET last_sign_in = NULL WHERE account_sid = $1", "users ~5", []any{in.sid}},
			{"DELETE FROM api_keys WHERE sid = $1", "api_keys -1", []any{key}},
			{"INSERT INTO facts (name, value) VALUES ($1, 'x')", "facts +1", []any{"something"}},
		} {
			before := in.dump()
			in.change(row.statement, row.args...)
			differences := before.changesTo(in.dump())
			if got := strings.Join(counted(differences), ", "); got != row.how {
				t.Errorf("%s: got %q, want %q", row.statement, got, row.how)
			}
			for _, d := range differences {
				if d.name != "facts" && d.owner() != in.sid {
					t.Errorf("%s: the row is of the account %q", row.statement, d.owner())
				}
			}
		}
		if got := fmt.Sprint(in.dump()["users\x00"+in.users[support]].get("roles")); got != "SUPPORT" {
			t.Errorf("the user of Support has the roles %s", got)
		}
	})
}
