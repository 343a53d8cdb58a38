package store_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// TestStore is what a store must do on every database.
func TestStore(t *testing.T) { storetest.Each(t, battery) }

func battery(t *testing.T, db storetest.Database) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s *store.Store)
	}{
		{"lists are whole, in order and filtered", testLists},
		{"pages are bounded and positions checked", testPages},
		{"only permitted columns are read", testPermitted},
		{"every field is what its column holds", testValues},
		{"an account sees nothing of another", testTenancy},
		{"API keys", testAPIKeys},
		{"idempotency", testIdempotency},
		{"input of API keys", testAPIKeyInput},
		{"auth token", testAuthToken},
		{"text that cannot be kept", testUnkeepable},
		{"phone numbers bought, configured and released", testPhoneNumbers},
		{"one phone number that many buy at the same time", testOneHolder},
		{"configurations of phone numbers", testPhoneNumberInput},
		{"patterns of phone numbers", testPhonePatterns},
		{"settings", testSettings},
		{"who may say who manages Administrators", testOnlyOwner},
		{"registrations of sender IDs", testSenderIDs},
		{"input of sender IDs", testSenderIDInput},
		{"account, settings and billing", testSingles},
		{"money is exact", testMoney},
		{"billing settings", testBillingSettings},
		{"payment methods", testPaymentMethods},
		{"input of payment methods", testPaymentMethodInput},
		{"payment methods that are made at the same time", testDefaultOnce},
		{"usage triggers", testUsageTriggers},
		{"input of usage triggers", testUsageTriggerInput},
		{"customer profiles", testCustomerProfiles},
		{"input of customer profiles", testCustomerProfileInput},
		{"users and sign-in", testUsers},
		{"roles and the outbox", testSetRoles},
		{"roles that the rules forbid", testSetRolesRefused},
		{"changes of roles at the same time", testConcurrentSetRoles},
		{"invitations", testInvitations},
		{"an invitation that many accept at the same time", testInvitationOnce},
		{"users are invited", testInvite},
		{"an address that many invite at the same time", testInvitesAtOnce},
		{"an invitation that is accepted and revoked at the same time", testAcceptRacesRevoke},
		{"users are removed", testRemoveUser},
		{"who was removed does not come back by their issuer", testRemovedIdentity},
		{"ownership is transferred", testTransfer},
		{"transfers at the same time", testTransfersAtOnce},
		{"a removal, a change of roles and a transfer at the same time", testRemovalRacesRoles},
		{"a removal and an admission at the same time", testRemovalRacesAdmission},
		{"OAuth clients", testOAuthClients},
		{"OAuth clients that are made at the same time", testOAuthClientsOnce},
		{"SIMs in all their states", testSimStatuses},
		{"input of SIMs, fleets and profiles", testIoTInput},
		{"fleets", testFleets},
		{"constraints of SIMs, fleets and profiles", testIoTConstraints},
		{"bills of SIMs", testSimBill},
		{"applications", testApplications},
		{"applications that phone numbers name", testApplicationOfNumbers},
		{"input of applications", testApplicationInput},
		{"the configuration of Flex", testFlexConfiguration},
		{"Flex in accounts from before it", testFlexOfOldAccounts},
		{"constraints hold without the program", testConstraints},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, db.Demo(t)) })
	}
}

// testLists walks through each list with pages of several sizes and compares it with
// what the rows of its base say.
func testLists(t *testing.T, s *store.Store) {
	account := demo.Main().SID
	bases := map[string][]any{}
	for _, l := range allListings(t, s, account) {
		t.Run(l.name, func(t *testing.T) {
			scope := everything(account, l.object)
			items, positions := walk(t, s, l, scope, 1000)
			var want []any
			if l.keep == nil {
				for i := range len(items) - 1 {
					if !l.ordered(items[i], items[i+1]) {
						t.Fatalf("item %d does not come before item %d", i, i+1)
					}
				}
				bases[l.base], want = items, items
			}
			for _, item := range bases[l.base] {
				if l.keep != nil && l.keep(item) {
					want = append(want, item)
				}
			}
			if want == nil && !strings.Contains(l.name, "usageRecords") {
				t.Fatal("the demo has nothing that the filter finds")
			}
			if !reflect.DeepEqual(items, want) {
				t.Fatalf("%d items, want %d, or in another order", len(items), len(want))
			}
			for _, size := range []int{7, max(len(items), 1), len(items) + 1} {
				if size == 7 && len(items) > 1300 || size > 1000 {
					continue // for the time it takes
				}
				again, at := walk(t, s, l, scope, size)
				if !reflect.DeepEqual(again, items) || !reflect.DeepEqual(at, positions) {
					t.Errorf("pages of %d do not make up the list", size)
				}
			}
		})
	}
	for base, table := range map[string]string{"calls": "calls", "messages": "messages", "alerts": "alerts", "phoneNumbers": "phone_numbers"} {
		var want int
		if err := s.DB().QueryRow("SELECT COUNT(*) FROM "+table+" WHERE account_sid = $1", account).Scan(&want); err != nil {
			t.Fatal(err)
		}
		if len(bases[base]) != want {
			t.Errorf("%s: %d items, want %d", base, len(bases[base]), want)
		}
	}
}

func testPages(t *testing.T, s *store.Store) {
	account := demo.Main().SID
	for _, l := range allListings(t, s, account) {
		if l.keep != nil {
			continue
		}
		scope := everything(account, l.object)
		p, err := l.call(t.Context(), s, scope, upstream.Page{First: 1})
		if err != nil {
			t.Fatal(err)
		}
		at := p.positions[0]
		for _, row := range []struct {
			name  string
			first int
			after []string
			path  string
		}{
			{"no items", 0, nil, "first"},
			{"less than none", -1, nil, "first"},
			{"too many", 1001, nil, "first"},
			{"empty position", 1, []string{}, "after"},
			{"position too long", 1, append(append([]string{}, at...), "x"), "after"},
			{"position too short", 1, append([]string{}, at[1:]...), "after"},
			{"no SID", 1, with(at, len(at)-1, ""), "after"},
			{"SID with a quote", 1, with(at, len(at)-1, "x' OR '1'='1"), "after"},
			{"SID with a zero byte", 1, with(at, len(at)-1, "x\x00"), "after"},
			{"SID too long", 1, with(at, len(at)-1, strings.Repeat("a", 65)), "after"},
			{"no first key", 1, with(at, 0, ""), "after"},
			{"first key with a blank", 1, with(at, 0, " 1"), "after"},
			{"first key with a sign", 1, with(at, 0, "+1"), "after"},
			{"first key out of range", 1, with(at, 0, "9223372036854775808999999999999999999999999999999999999999999999999"), "after"},
		} {
			t.Run(l.name+"/"+row.name, func(t *testing.T) {
				_, err := l.call(t.Context(), s, scope, upstream.Page{First: row.first, After: row.after})
				wantProblem(t, err, problem.BadUserInput, row.path)
			})
		}
	}
}

// with is a copy of a position with another part.
func with(position []string, i int, part string) []string {
	changed := append([]string{}, position...)
	changed[i] = part
	return changed
}

// wantProblem checks an error's code and path.
func wantProblem(t *testing.T, err error, code problem.Code, path ...string) {
	t.Helper()
	p, ok := err.(*problem.Error)
	if !ok || p.Code != code {
		t.Fatalf("error %v (%T), want %s", err, err, code)
	}
	if strings.Join(p.InputPath, ".") != strings.Join(path, ".") {
		t.Errorf("path %q, want %q", p.InputPath, path)
	}
}

// testPermitted asks for each field alone and looks at the statement and at the item.
func testPermitted(t *testing.T, s *store.Store) {
	account := demo.Main().SID
	var statements []string
	s.Trace(func(query string, _ []any) { statements = append(statements, query) })
	for _, l := range allListings(t, s, account) {
		if l.keep != nil {
			continue
		}
		seen := map[string]bool{}
		for _, field := range fieldsOf(l.object) {
			t.Run(l.name+"/"+field, func(t *testing.T) {
				statements = nil
				p, err := l.call(t.Context(), s, upstream.NewScope(account, policy.NewFields(field)), upstream.Page{First: 1000})
				if err != nil {
					t.Fatal(err)
				}
				if len(statements) != 1 {
					t.Fatalf("%d statements for one page", len(statements))
				}
				allowed := map[string]bool{}
				for _, c := range append(columnsOf(l.table, field), orderOf(l.table)...) {
					allowed[c] = true
				}
				for _, c := range selected(statements[0]) {
					if !allowed[c] {
						t.Errorf("column %s is read for the field %s", c, field)
					}
				}
				for _, item := range p.items {
					for name, value := range fieldValues(item) {
						switch {
						case name == field && value != "null" && value != `""` && value != "false":
							seen[field] = true
						case name != field && name != "sid" && !isZero(item, name):
							t.Fatalf("%s is set though only %s may be read", name, field)
						}
					}
				}
				if !seen[field] {
					t.Errorf("%s is never set, though it may be read", field)
				}
			})
		}
	}
	statements = nil
	if _, err := s.Call(t.Context(), upstream.NewScope(account, policy.NewFields("status")), "CA1"); err == nil {
		t.Fatal("found a call that does not exist")
	}
	if want := "SELECT start_time, sid, status FROM calls WHERE account_sid = $1 AND sid = $2"; statements[0] != want {
		t.Errorf("statement\n%s\nwant\n%s", statements[0], want)
	}
}

// selected are the columns between SELECT and FROM.
func selected(statement string) []string {
	columns, _, _ := strings.Cut(strings.TrimPrefix(statement, "SELECT "), " FROM ")
	return strings.Split(columns, ", ")
}

// isZero says whether a field of an item is the zero value.
func isZero(item any, field string) bool {
	v := reflect.ValueOf(item)
	for f, value := range v.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == field {
			return value.IsZero()
		}
	}
	return false
}

// fieldValues are an item's fields as JSON.
func fieldValues(item any) map[string]string {
	values := map[string]string{}
	for f, value := range reflect.ValueOf(item).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		text, _ := json.Marshal(value.Interface()) // cannot fail for a model
		values[name] = string(text)
	}
	return values
}

// testTenancy goes to one account with what belongs to another.
func testTenancy(t *testing.T, s *store.Store) {
	main, second := demo.Main().SID, demo.Second().SID
	for _, l := range allListings(t, s, main) {
		if l.keep != nil || l.shared {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			theirs, positions := walk(t, s, l, everything(main, l.object), 1000)
			own, _ := walk(t, s, l, everything(second, l.object), 1000)
			if len(own) == 0 {
				t.Fatal("the second account has none of these")
			}
			foreign := map[string]bool{}
			for _, item := range theirs {
				foreign[identityOf(item)] = true
			}
			for _, item := range own {
				if foreign[identityOf(item)] && l.table != "usage_records" {
					t.Fatal("an object is in both accounts")
				}
			}
			// A position of the other account leads nowhere but into one's own list.
			p, err := l.call(t.Context(), s, everything(second, l.object), upstream.Page{First: 1000, After: positions[0]})
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range p.items {
				if foreign[identityOf(item)] && l.table != "usage_records" {
					t.Fatal("a position of another account led into that account")
				}
			}
			for _, account := range []string{"", "AC1", "' OR ''='"} {
				p, err := l.call(t.Context(), s, everything(account, l.object), upstream.Page{First: 10})
				if err != nil || len(p.items) != 0 || p.hasNext {
					t.Errorf("account %q: %d items, error %v", account, len(p.items), err)
				}
			}
		})
	}
	for _, g := range getters(s) {
		t.Run("get "+g.name, func(t *testing.T) {
			sid := someSID(t, s, g.table, main)
			object, err := g.get(t.Context(), everything(main, g.object), sid)
			if err != nil {
				t.Fatal(err)
			}
			values := fieldValues(object)
			if values["sid"] != fmt.Sprintf("%q", sid) || values["id"] != fmt.Sprintf("%q", relay.GlobalID(g.name, sid)) {
				t.Errorf("got sid %s and id %s of %s", values["sid"], values["id"], sid)
			}
			for _, account := range []string{second, "", "AC1"} {
				_, err := g.get(t.Context(), everything(account, g.object), sid)
				wantProblem(t, err, problem.NotFound)
			}
			for _, other := range []string{"", "x", "' OR ''='", someSID(t, s, g.table, second)} {
				_, err := g.get(t.Context(), everything(main, g.object), other)
				wantProblem(t, err, problem.NotFound)
			}
		})
	}
}

// identityOf is what tells an item from others.
func identityOf(item any) string {
	return fieldValues(item)["sid"]
}
