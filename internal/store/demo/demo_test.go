package demo_test

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// query gives the rows of a query as text.
func query(t *testing.T, s *store.Store, statement string, args ...any) [][]string {
	t.Helper()
	var all [][]string
	err := s.Transact(t.Context(), func(tx *sql.Tx) error {
		rows, err := tx.Query(statement, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.ColumnTypes()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, places := make([]sql.NullString, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			if err := rows.Scan(places...); err != nil {
				return err
			}
			row := make([]string, len(columns))
			for i, v := range values {
				row[i] = v.String
				switch {
				case !v.Valid:
					row[i] = "NULL"
				case strings.HasPrefix(columns[i].DatabaseTypeName(), "BOOL"): // which SQLite keeps as numbers
					row[i] = strconv.FormatBool(v.String == "1" || v.String == "true")
				}
			}
			all = append(all, row)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return all
}

func tables() []string {
	return []string{
		"accounts", "users", "api_keys", "oauth_clients", "phone_numbers", "invoices", "payment_methods", "billing_settings",
		"calls", "messages", "alerts", "usage_records",
		"network_access_profiles", "fleets", "sims", "usage_triggers", "customer_profiles", "trust_products",
		"available_phone_numbers", "sender_id_registrations", "applications", "studio_flows", "function_services", "functions",
		"flex_configurations", "workers", "task_queues",
		"invitations", "audit_events", "audit_heads",
		"facts",
	}
}

// fingerprint is a hash over all that a database holds.
func fingerprint(t *testing.T, s *store.Store) string {
	t.Helper()
	h := sha256.New()
	for _, table := range tables() {
		rows := query(t, s, "SELECT * FROM "+table)
		slices.SortFunc(rows, slices.Compare)
		fmt.Fprintf(h, "%s %q\n", table, rows)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func fill(t *testing.T, db storetest.Database, hash string, now time.Time) *store.Store {
	t.Helper()
	s := db.Empty(t)
	if err := demo.Fill(t.Context(), s, hash, now); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFillIsDeterministic: what is filled is the same each time and on each kind of database.
func TestFillIsDeterministic(t *testing.T) {
	want := fingerprint(t, storetest.Demo(t))
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		lateThatDay := time.Date(2026, time.March, 14, 23, 59, 59, 0, time.UTC)
		if fingerprint(t, fill(t, db, storetest.PasswordHash, lateThatDay)) != want {
			t.Error("two fills of one day differ")
		}
		if fingerprint(t, fill(t, db, storetest.PasswordHash, lateThatDay.Add(time.Second))) == want {
			t.Error("fills of two days are the same")
		}
		if fingerprint(t, fill(t, db, "another hash", lateThatDay)) == want {
			t.Error("the password's hash is not kept")
		}
	})
}

func TestFillOnlyOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		before := fingerprint(t, s)
		if err := demo.Fill(t.Context(), s, "x", storetest.Now()); !errors.Is(err, demo.ErrNotEmpty) {
			t.Errorf("error %v, want ErrNotEmpty", err)
		}
		if fingerprint(t, s) != before {
			t.Error("the second fill changed something")
		}
	})
}

// TestFillAtTheSameTime: of several that fill one database, one does.
func TestFillAtTheSameTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Empty(t)
		var wait sync.WaitGroup
		errs := make([]error, 3)
		for i := range errs {
			wait.Go(func() { errs[i] = demo.Fill(t.Context(), s, storetest.PasswordHash, storetest.Now()) })
		}
		wait.Wait()
		filled := 0
		for _, err := range errs {
			if err == nil {
				filled++
			} else if !errors.Is(err, demo.ErrNotEmpty) {
				t.Errorf("error %v, want ErrNotEmpty", err)
			}
		}
		if filled != 1 {
			t.Errorf("%d have filled it", filled)
		}
		if fingerprint(t, s) != fingerprint(t, storetest.Demo(t)) {
			t.Error("it holds something else than one demo")
		}
	})
}

// TestFillOnAnyDay fills on days on which calendars are odd.
func TestFillOnAnyDay(t *testing.T) {
	for _, day := range []string{"2026-03-01", "2024-02-29", "2026-12-31", "2026-01-01", "2026-07-15"} {
		t.Run(day, func(t *testing.T) {
			now, err := time.Parse(time.DateOnly, day)
			if err != nil {
				t.Fatal(err)
			}
			s := fill(t, storetest.Databases()[0], "x", now)
			for _, column := range []string{
				"accounts.date_updated", "users.last_sign_in", "users.date_updated", "api_keys.date_updated", "phone_numbers.date_updated",
				"invoices.date_created", "payment_methods.date_created", "calls.start_time", "messages.date_created",
				"alerts.date_updated", "usage_records.as_of", "usage_triggers.date_updated", "customer_profiles.date_updated",
				"trust_products.date_updated",
				"alerts.date_updated", "sender_id_registrations.date_updated", "usage_records.as_of",
			} {
				table, name, _ := strings.Cut(column, ".")
				late := query(t, s, "SELECT COUNT(*) FROM "+table+" WHERE "+name+" > $1", now.UnixMicro())
				if late[0][0] != "0" {
					t.Errorf("%s of %s rows lies in the future", column, late[0][0])
				}
			}
			invoices := query(t, s, "SELECT COUNT(*) FROM invoices WHERE account_sid = $1", demo.Main().SID)
			if invoices[0][0] != "24" {
				t.Errorf("%s invoices, want 24", invoices[0][0])
			}
		})
	}
}

func TestPeople(t *testing.T) {
	s := storetest.Demo(t)
	for _, want := range []struct {
		email   string
		account demo.Account
		role    policy.Role
	}{
		{"owner@example.com", demo.Main(), policy.Owner},
		{"administrator@example.com", demo.Main(), policy.Administrator},
		{"developer@example.com", demo.Main(), policy.Developer},
		{"billing@example.com", demo.Main(), policy.BillingManager},
		{"support@example.com", demo.Main(), policy.Support},
		{"owner@second.example.com", demo.Second(), policy.Owner},
		{"support@second.example.com", demo.Second(), policy.Support},
	} {
		t.Run(want.email, func(t *testing.T) {
			got, err := s.CredentialOf(t.Context(), want.email)
			if err != nil {
				t.Fatal(err)
			}
			user := want.account.With(want.role)
			if got.SID != user.SID || got.Account != want.account.SID || got.Email != user.Email ||
				len(got.Roles) != 1 || got.Roles[0] != want.role || got.PasswordHash != storetest.PasswordHash {
				t.Errorf("got %+v, want %+v of %s", got.Member, user, want.account.SID)
			}
		})
	}
	if users := query(t, s, "SELECT COUNT(*) FROM users"); users[0][0] != "7" {
		t.Errorf("%s users, want 7", users[0][0])
	}
	if nobody := demo.Second().With(policy.Developer); nobody != (demo.User{}) {
		t.Errorf("the second account has the developer %+v", nobody)
	}
}

func TestAmounts(t *testing.T) {
	s := storetest.Demo(t)
	for _, want := range []struct {
		table        string
		main, second int
	}{
		{"phone_numbers", 1000, 5}, {"api_keys", 40, 5}, {"invoices", 24, 5}, {"payment_methods", 3, 5},
		{"calls", 5000, 5}, {"messages", 5000, 5}, {"alerts", 500, 5}, {"usage_records", 24 * 30 * 8, 5},
		{"usage_triggers", 32, 32}, {"customer_profiles", 10, 10}, {"trust_products", 10, 10},
		{"calls", 5000, 5}, {"messages", 5000, 5}, {"alerts", 500, 5}, {"sender_id_registrations", 20, 5}, {"usage_records", 24 * 30 * 8, 5},
	} {
		for account, least := range map[string]int{demo.Main().SID: want.main, demo.Second().SID: want.second} {
			got := query(t, s, "SELECT COUNT(*) >= $1, COUNT(*) FROM "+want.table+" WHERE account_sid = $2", least, account)
			if got[0][0] != "1" && got[0][0] != "true" {
				t.Errorf("%s: %s rows, want at least %d", want.table, got[0][1], least)
			}
		}
	}
}

// TestUsageSums checks that months, years and the whole time are the exact sums of days.
func TestUsageSums(t *testing.T) {
	s := storetest.Demo(t)
	for _, granularity := range []string{"MONTHLY", "YEARLY", "ALL_TIME"} {
		rows := query(t, s, `SELECT p.start_date, p.category, p.event_count, p.usage_micros, p.price_micros,
			SUM(d.event_count), SUM(d.usage_micros), SUM(d.price_micros)
			FROM usage_records p JOIN usage_records d ON d.account_sid = p.account_sid AND d.category = p.category
			AND d.granularity = 'DAILY' AND d.start_date >= p.start_date AND d.end_date <= p.end_date
			WHERE p.granularity = $1 GROUP BY p.account_sid, p.start_date, p.category, p.event_count, p.usage_micros, p.price_micros`, granularity)
		if len(rows) < 16 {
			t.Errorf("%s: %d rows", granularity, len(rows))
		}
		for _, r := range rows {
			if r[2] != r[5] || r[3] != r[6] || r[4] != r[7] {
				t.Errorf("%s %s %s: %v are not the sums %v", granularity, r[0], r[1], r[2:5], r[5:8])
			}
		}
	}
	if days := query(t, s, "SELECT COUNT(DISTINCT category), COUNT(DISTINCT start_date) FROM usage_records WHERE granularity = 'DAILY' AND account_sid = $1", demo.Main().SID); days[0][0] != "8" || days[0][1] != "743" {
		t.Errorf("%s categories on %s days, want 8 on 743", days[0][0], days[0][1])
	}
}

// TestInvoicesAgreeWithUsage checks that a month's invoice is of what its usage cost.
func TestInvoicesAgreeWithUsage(t *testing.T) {
	s := storetest.Demo(t)
	rows := query(t, s, `SELECT i.period_start, i.subtotal_micros, SUM(u.price_micros)
		FROM invoices i JOIN usage_records u ON u.account_sid = i.account_sid AND u.granularity = 'MONTHLY'
		AND u.start_date = i.period_start AND u.end_date = i.period_end
		GROUP BY i.sid, i.period_start, i.subtotal_micros`)
	if len(rows) != 24+6 {
		t.Errorf("%d invoices have usage, want 30", len(rows))
	}
	for _, r := range rows {
		if r[1] != r[2] || r[1] == "0" {
			t.Errorf("%s: subtotal %s, usage %s", r[0], r[1], r[2])
		}
	}
}

// TestVariety checks that what a screen tells apart is there to be told apart.
func TestVariety(t *testing.T) {
	s := storetest.Demo(t)
	for column, want := range map[string]int{
		"invoices.status": len(model.AllInvoiceStatus), "payment_methods.type": len(model.AllPaymentMethodType),
		"calls.direction": len(model.AllCallDirection), "messages.direction": len(model.AllMessageDirection),
		"alerts.log_level": len(model.AllLogLevel), "alerts.error_code": 8, "calls.status": 7, "messages.status": 12,
		"customer_profiles.status": len(model.AllTrustHubStatus), "trust_products.status": len(model.AllTrustHubStatus),
		"usage_triggers.trigger_by": len(model.AllUsageTriggerBy), "usage_triggers.recurring": len(model.AllUsageTriggerRecurring),
		"phone_numbers.origin": 2, "phone_numbers.address_requirements": len(model.AllAddressRequirement),
		"sender_id_registrations.status": len(model.AllSenderIDStatus),
	} {
		table, name, _ := strings.Cut(column, ".")
		got := query(t, s, "SELECT COUNT(DISTINCT "+name+") FROM "+table+" WHERE account_sid = $1", demo.Main().SID)
		var n int
		if _, err := fmt.Sscan(got[0][0], &n); err != nil || n < want {
			t.Errorf("%s has %d values, want %d", column, n, want)
		}
	}
	for _, rule := range []string{
		"SELECT 1 FROM calls WHERE status IN ('QUEUED', 'RINGING', 'IN_PROGRESS') AND (price_micros IS NOT NULL OR end_time IS NOT NULL)",
		"SELECT 1 FROM calls WHERE end_time < start_time OR (status = 'COMPLETED') <> (duration > 0)",
		"SELECT 1 FROM messages WHERE (error_code IS NULL) = (status IN ('FAILED', 'UNDELIVERED'))",
		"SELECT 1 FROM messages WHERE date_sent IS NULL AND price_micros IS NOT NULL",
		"SELECT 1 FROM invoices WHERE (status = 'PAID') <> (date_paid IS NOT NULL)",
		"SELECT 1 FROM invoices WHERE status = 'OVERDUE' AND due_date >= '2026-03-14' OR status = 'OPEN' AND due_date < '2026-03-14'",
		"SELECT 1 FROM customer_profiles WHERE (status = 'TWILIO_REJECTED') <> (failure_reason IS NOT NULL)",
		"SELECT 1 FROM trust_products WHERE (status = 'TWILIO_REJECTED') <> (failure_reason IS NOT NULL)",
		"SELECT 1 FROM usage_triggers WHERE (current_value_micros >= trigger_value_micros) <> (date_fired IS NOT NULL)",
		"SELECT 1 FROM phone_numbers n WHERE (origin = 'twilio') <> EXISTS (SELECT 1 FROM available_phone_numbers a WHERE a.phone_number = n.phone_number)",
		"SELECT 1 FROM available_phone_numbers a WHERE available = EXISTS (SELECT 1 FROM phone_numbers n WHERE n.phone_number = a.phone_number)",
		"SELECT 1 FROM alerts a WHERE NOT EXISTS (SELECT 1 FROM calls c WHERE c.sid = a.resource_sid) AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.sid = a.resource_sid)",
		"SELECT 1 FROM calls c WHERE NOT EXISTS (SELECT 1 FROM phone_numbers n WHERE n.sid = c.phone_number_sid AND n.account_sid = c.account_sid AND n.phone_number IN (c.from_party, c.to_party))",
	} {
		if broken := query(t, s, rule); len(broken) > 0 {
			t.Errorf("%d rows: %s", len(broken), rule)
		}
	}
	for _, some := range []string{
		"SELECT 1 FROM available_phone_numbers WHERE available AND type = 'MOBILE'", "SELECT 1 FROM available_phone_numbers WHERE available AND type = 'TOLL_FREE'",
		"SELECT 1 FROM calls WHERE status = 'COMPLETED' AND price_micros IS NULL", "SELECT 1 FROM calls WHERE price_micros < 0",
		"SELECT 1 FROM calls WHERE parent_call_sid IS NOT NULL", "SELECT 1 FROM messages WHERE price_micros < 0",
		"SELECT 1 FROM messages WHERE from_party IS NULL", "SELECT 1 FROM messages WHERE sid LIKE 'MM%' AND num_media > 0",
	} {
		if len(query(t, s, some)) == 0 {
			t.Errorf("no row: %s", some)
		}
	}
}

// TestNothingReal checks that every number and address is one that nobody has.
func TestNothingReal(t *testing.T) {
	s := storetest.Demo(t)
	fictional := regexp.MustCompile(`^\+(1[2-9]\d\d55501\d\d|44(207946|161496|808157)0\d{3}|447700900\d{3}|61[23]5550\d{4}|33(19900|46571)\d{4}|49(3023125|4066969)\d{3}|3532091\d{5}|468465004\d\d)$`)
	for _, numbers := range []string{
		"SELECT phone_number FROM phone_numbers", "SELECT phone_number FROM available_phone_numbers", "SELECT to_party FROM calls", "SELECT from_party FROM calls",
		"SELECT forwarded_from FROM calls WHERE forwarded_from IS NOT NULL",
		"SELECT to_party FROM messages", "SELECT from_party FROM messages WHERE from_party IS NOT NULL",
	} {
		for _, r := range query(t, s, numbers) {
			if !fictional.MatchString(r[0]) {
				t.Fatalf("%s: %s is in no range kept for fiction", numbers, r[0])
			}
		}
	}
	address := regexp.MustCompile(`^https://(?:warehouse:demo-password@)?[a-z]+(\.second)?\.example\.com/|^https://(?:warehouse:demo-password@)?second\.example\.com/`)
	for _, r := range query(t, s, "SELECT voice_url FROM phone_numbers WHERE voice_url IS NOT NULL") {
		if !address.MatchString(r[0]) {
			t.Fatalf("%s is not under example.com", r[0])
		}
	}
	if twice := query(t, s, "SELECT phone_number FROM phone_numbers GROUP BY phone_number HAVING COUNT(*) > 1"); len(twice) > 0 {
		t.Errorf("numbers that are there twice: %v", twice)
	}
	sid := regexp.MustCompile(`^(AC|US|SK|PN|IV|PM|CA|SM|MM|NO|OC|AI|HS|HF|HA|UT|BU|AP|FW|ZS|ZH|WK|WQ|IN|AE)[0-9a-f]{32}$`)
	for _, table := range tables() {
		if slices.Contains([]string{"billing_settings", "usage_records", "available_phone_numbers", "flex_configurations", "audit_heads", "facts"}, table) {
			continue // which have none
		}
		for _, r := range query(t, s, "SELECT sid FROM "+table) {
			if !sid.MatchString(r[0]) {
				t.Fatalf("%s: %s is no SID", table, r[0])
			}
		}
	}
}
