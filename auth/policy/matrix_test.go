package policy

import (
	"slices"
	"strings"
	"testing"
)

// published is Twilio's matrix with the two rows added to it, typed out from the design and not read from the file:
// who holds what, in the order Owner, Administrator, Developer, Billing Manager, Support.
var published = []struct {
	permission Permission
	title      string
	implies    string
	holds      string
}{
	{"API_CREDENTIALS", "API Credentials", "", "xxx  "},
	{"ALPHANUMERIC_SENDER_ID_WRITE", "Alphanumeric Sender ID - Write/Delete Registration Application",
		"ALPHANUMERIC_SENDER_ID_READ", "xxx  "},
	{"ALPHANUMERIC_SENDER_ID_READ", "Alphanumeric Sender ID - Read", "", "xxx x"},
	{"BILLING_HISTORY_AND_SETTINGS", "Billing History & Settings", "", "xx x "},
	{"DEV_TOOLS", "Dev Tools", "", "xxx  "},
	{"FLEX_READ_ONLY_ADMIN_ACCESS", "Flex: Read-Only Admin Access", "", "    x"},
	{"IOT_CONSOLE_ACCESS", "IoT: Console Access", "", "xxx x"},
	{"IOT_MANAGE", "IoT: Manage SIMs, Fleets & Network Access Profiles", "IOT_CONSOLE_ACCESS", "xxx  "},
	{"MANAGE_PHONE_NUMBERS", "Manage Phone Numbers", "", "xxx  "},
	{"PRODUCT_LOGS", "Product Logs", "", "xxxxx"},
	{"PROJECT_SETTINGS", "Project Settings", "", "xx   "},
	{"TRUST_HUB", "Trust Hub", "", "xx   "},
	{"USAGE", "Usage", "", "xxxxx"},
	{"USER_MANAGEMENT", "User Management", "", "xx   "},
	{"FLEX_ADMIN", "Flex: full access", "FLEX_READ_ONLY_ADMIN_ACCESS", "xxx  "},
	{"PERSONAL_DATA", "Personal data unmasked", "", "xxxxx"},
}

func TestPublishedRows(t *testing.T) {
	rows := Published().Rows()
	if len(rows) != len(published) {
		t.Fatalf("%d rows, want %d", len(rows), len(published))
	}
	for i, want := range published {
		row := rows[i]
		var implies []string
		for _, p := range row.Implies {
			implies = append(implies, string(p))
		}
		if row.Permission != want.permission || row.Title != want.title || strings.Join(implies, ";") != want.implies {
			t.Errorf("row %d is %v, want %v", i, row, want)
		}
		if !strings.HasPrefix(row.Source, "published") && !strings.HasPrefix(row.Source, "added: ") {
			t.Errorf("%s comes from %q", row.Permission, row.Source)
		}
		for j, role := range Roles() {
			if got := slices.Contains(row.Roles, role); got != (want.holds[j] == 'x') {
				t.Errorf("%s holds %s: %v", role, row.Permission, got)
			}
		}
	}
}

// TestPublishedSets checks each role's set, which also has what its rows imply: Flex's full access brings the reading
// of Flex, which the published row gives to Support alone.
func TestPublishedSets(t *testing.T) {
	m := Published()
	for j, role := range Roles() {
		s, err := m.Set(role)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range published {
			holds := want.holds[j] == 'x' || want.permission == "FLEX_READ_ONLY_ADMIN_ACCESS" && j < 3
			for _, a := range Actions() {
				if m.Grants(want.permission, a, s) != holds {
					t.Errorf("%s may %s %s: %v, want %v", role, a, want.permission, !holds, holds)
				}
			}
		}
	}
}

func TestRowsAreACopy(t *testing.T) {
	m := Published()
	rows := m.Rows()
	rows[0].Permission, rows[0].Roles[0], rows[1].Implies[0] = "NOTHING", Support, "USAGE"
	if again := m.Rows(); again[0].Permission != "API_CREDENTIALS" || again[0].Roles[0] != Owner ||
		again[1].Implies[0] != "ALPHANUMERIC_SENDER_ID_READ" {
		t.Error("the matrix changed through its rows")
	}
}

func TestMustPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a faulty matrix was taken")
		}
	}()
	must(ParseMatrix(strings.NewReader("")))
}

const matrixHeader = "permission,title,implies,owner,administrator,developer,billing_manager,support,source\n"

// parse reads a matrix that must be right.
func parse(t *testing.T, text string) *Matrix {
	t.Helper()
	m, err := ParseMatrix(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestVersion(t *testing.T) {
	base := matrixHeader + "A,a,B;C,x,,,,,s\nB,b,,,,,,,s\nC,c,,,,,,,s\n"
	tests := []struct {
		name, text string
		same       bool
	}{
		{"another title and source", matrixHeader + "A,aa,B;C,x,,,,,ss\nB,b,,,,,,,s\nC,c,,,,,,,s\n", true},
		{"another order", matrixHeader + "C,c,,,,,,,s\nB,b,,,,,,,s\nA,a,C;B,x,,,,,s\n", true},
		{"as a spreadsheet writes it", "\uFEFF" + strings.ReplaceAll(base, "\n", "\r\n"), true},
		{"another cell", matrixHeader + "A,a,B;C,x,x,,,,s\nB,b,,,,,,,s\nC,c,,,,,,,s\n", false},
		{"another implication", matrixHeader + "A,a,B,x,,,,,s\nB,b,,,,,,,s\nC,c,,,,,,,s\n", false},
		{"another name", matrixHeader + "A,a,B;D,x,,,,,s\nB,b,,,,,,,s\nD,c,,,,,,,s\n", false},
		{"a row less", matrixHeader + "A,a,B,x,,,,,s\nB,b,,,,,,,s\n", false},
	}
	version := parse(t, base).Version()
	if len(version) != 16 || strings.Trim(version, "0123456789abcdef") != "" {
		t.Errorf("version %q, want 16 hex digits", version)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := parse(t, test.text).Version(); (got == version) != test.same {
				t.Errorf("version %s beside %s, want the same: %v", got, version, test.same)
			}
		})
	}
}

// TestImpliedClosure follows implications of implications, by way of two and by two ways.
func TestImpliedClosure(t *testing.T) {
	m := parse(t, matrixHeader+"TOP,t,LEFT;RIGHT,,,x,,,s\nLEFT,l,BOTTOM,,,,x,,s\nRIGHT,r,BOTTOM,,,,,x,s\n"+
		"BOTTOM,b,,,,,,,s\nOTHER,o,,x,x,x,x,x,s\n")
	tests := []struct {
		name  string
		roles []Role
		want  string
	}{
		{"all below the top", []Role{Developer}, "TOP LEFT RIGHT BOTTOM OTHER"},
		{"below the left", []Role{BillingManager}, "LEFT BOTTOM OTHER"},
		{"below the right", []Role{Support}, "RIGHT BOTTOM OTHER"},
		{"both sides, not the top", []Role{Support, BillingManager}, "LEFT RIGHT BOTTOM OTHER"},
		{"nothing implied", []Role{Owner}, "OTHER"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := m.Set(test.roles...)
			if err != nil {
				t.Fatal(err)
			}
			var held []string
			for _, g := range m.Held(s) {
				held = append(held, string(g.Permission))
				if !slices.Equal(g.Actions, Actions()) {
					t.Errorf("%s is held with %v, want every action", g.Permission, g.Actions)
				}
			}
			if got := strings.Join(held, " "); got != test.want {
				t.Errorf("holds %s, want %s", got, test.want)
			}
		})
	}
}

func TestUnknownPermissionsImplyNothing(t *testing.T) {
	// The first row implies the second, so that an unknown name taken for row 0 would show.
	m := parse(t, matrixHeader+"A,a,B,,,,,,\nB,b,A2,,,,,,\nA2,a,,,,,,,\n")
	if !m.implies("A", "A2") || m.implies("NOTHING", "B") || m.implies("B", "NOTHING") || m.implies("B", "A") {
		t.Error("implications are made up or lost")
	}
}

func TestGuestHoldsNothing(t *testing.T) {
	m := Published()
	var guest Set
	if guest.SignedIn() || m.Held(guest) != nil {
		t.Errorf("a guest is signed in or holds %v", m.Held(guest))
	}
	if s, err := m.Set(Owner, Support); err == nil || s != guest {
		t.Errorf("roles that exclude each other hold %v, error %v", m.Held(s), err)
	}
	s, err := m.Set(Owner)
	if err != nil || !s.SignedIn() {
		t.Errorf("the owner is not signed in: %v", err)
	}
	if m.Grants("NOTHING", Read, s) || m.Grants("USAGE", "WRITE", s) {
		t.Error("the owner holds what does not exist")
	}
}

// TestSomeActions holds that single actions, which custom roles will have, are kept apart.
func TestSomeActions(t *testing.T) {
	m := Published()
	s := Set{signedIn: true}
	s.held[0] = Read.bit() | Delete.bit()
	held := m.Held(s)
	if len(held) != 1 || !slices.Equal(held[0].Actions, []Action{Read, Delete}) {
		t.Errorf("holds %v", held)
	}
	if m.Grants("API_CREDENTIALS", Update, s) || !m.Grants("API_CREDENTIALS", Read, s) {
		t.Error("one action stands for another")
	}
}
