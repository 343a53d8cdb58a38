package store_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/shopspring/decimal"
)

// columnsOf says, apart from the code under test, which columns a field is kept in: the
// field's name in snake case, but for these.
func columnsOf(table, field string) []string {
	switch table + "." + field {
	case "calls.to", "messages.to":
		return []string{"to_party"}
	case "users.roles":
		return []string{"roles", "suspended_at"}
	case "calls.from", "messages.from":
		return []string{"from_party"}
	case "phone_numbers.capabilities", "available_phone_numbers.capabilities":
		return []string{"voice_capable", "sms_capable", "mms_capable", "fax_capable"}
	case "invoices.number":
		return []string{"invoice_number"}
	case "invoices.subtotal", "invoices.tax", "invoices.total":
		return []string{field + "_micros", "currency"}
	case "calls.price", "messages.price", "usage_records.price":
		return []string{"price_micros", "price_unit"}
	case "billing_settings.autoRechargeThreshold", "billing_settings.autoRechargeAmount":
		return []string{snake(field) + "_micros", "currency"}
	case "accounts.amount":
		return []string{"balance_micros"}
	case "accounts.currency":
		return []string{"balance_unit"}
	case "usage_records.count":
		return []string{"event_count"}
	case "sims.dataTotalBilled":
		return []string{"data_total_billed_micros", "data_total_billed_unit"}
	case "usage_records.usage":
		return []string{"usage_micros"}
	case "usage_triggers.triggerValue", "usage_triggers.currentValue":
		return []string{snake(field) + "_micros"}
	}
	return []string{snake(field)}
}

// orderOf says which columns are always read.
func orderOf(table string) []string {
	switch table {
	case "phone_numbers", "accounts":
		return []string{"sid"}
	case "available_phone_numbers":
		return []string{"phone_number"}
	case "billing_settings", "flex_configurations":
		return []string{"account_sid"}
	case "invoices":
		return []string{"period_start", "sid"}
	case "calls":
		return []string{"start_time", "sid"}
	case "alerts":
		return []string{"date_generated", "sid"}
	case "usage_records":
		return []string{"start_date", "category"}
	}
	return []string{"date_created", "sid"}
}

func snake(field string) string {
	var b strings.Builder
	for _, r := range field {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// testValues compares fields of some rows with the raw columns, so that no two columns
// are exchanged.
func testValues(t *testing.T, s *store.Store) {
	account := demo.Main().SID
	for _, g := range append(getters(s), singles(s)...) {
		t.Run(g.name, func(t *testing.T) {
			where := "account_sid"
			if g.table == "accounts" {
				where = "sid"
			}
			for _, raw := range rawRows(t, s, "SELECT * FROM "+g.table+" WHERE "+where+" = $1 LIMIT 40", account) {
				sid, _ := raw["sid"].(string)
				object, err := g.get(t.Context(), everything(account, g.object), sid)
				if err != nil {
					t.Fatal(err)
				}
				for field, got := range fieldValues(object) {
					if field == "id" {
						continue
					}
					if want := wantValue(g.table, field, raw); got != want {
						t.Fatalf("%s is %s, want %s", field, got, want)
					}
				}
			}
		})
	}
}

// wantValue is a field as JSON, made of a raw row.
func wantValue(table, field string, raw map[string]any) string {
	columns := columnsOf(table, field)
	first := raw[columns[0]]
	if len(columns) == 4 {
		return fmt.Sprintf(`{"voice":%v,"sms":%v,"mms":%v,"fax":%v}`, first, raw[columns[1]], raw[columns[2]], raw[columns[3]])
	}
	if table == "audit_events" && field == "fields" {
		first = strings.FieldsFunc(first.(string), func(r rune) bool { return r == ',' })
	}
	if first == nil || table == "audit_events" && first == "" {
		return "null"
	}
	if strings.HasSuffix(columns[0], "_micros") {
		amount := decimal.NewFromInt(first.(int64)).Div(decimal.NewFromInt(1_000_000)).String()
		if len(columns) == 1 {
			return fmt.Sprintf("%q", amount)
		}
		return fmt.Sprintf(`{"amount":%q,"currency":%q}`, amount, raw[columns[1]])
	}
	if n, ok := first.(int64); ok && isMoment(field) {
		first = time.UnixMicro(n).UTC()
	}
	if field == "roles" {
		first = strings.Split(first.(string), ",")
	}
	switch {
	case table == "sims" && (field == "dataUpload" || field == "dataDownload" || field == "dataTotal"):
		return fmt.Sprintf(`"%d"`, first)
	case table == "network_access_profiles" && field == "networkSids":
		first = strings.Split(first.(string), ",")
	}
	if table == "oauth_clients" && field == "grants" {
		return grantsAsJSON(first.(string))
	}
	text, _ := json.Marshal(first) // cannot fail for what a driver gives
	return string(text)
}

func isMoment(field string) bool {
	return strings.HasPrefix(field, "date") || field == "startTime" || field == "endTime" || field == "lastSignIn" ||
		field == "lastUsed" || field == "expiresAt" || field == "validUntil"
}

// rawRows are rows as the driver gives them, by column, but for booleans, which it may
// give as numbers.
func rawRows(t *testing.T, s *store.Store, query string, args ...any) []map[string]any {
	t.Helper()
	rows, err := s.DB().Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for rows.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		row := map[string]any{}
		for i, c := range columns {
			row[c.Name()] = values[i]
			if strings.HasPrefix(c.DatabaseTypeName(), "BOOL") {
				row[c.Name()] = values[i] == true || values[i] == int64(1)
			}
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal(sql.ErrNoRows)
	}
	return all
}
