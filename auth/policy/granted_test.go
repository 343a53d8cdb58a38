package policy

import (
	"errors"
	"strings"
	"testing"
)

func read(p Permission) Grant { return Grant{p, []Action{Read}} }

// text writes what a set holds: "USAGE:READ,UPDATE".
func (m *Matrix) text(s Set) string {
	var all []string
	for _, g := range m.Held(s) {
		all = append(all, string(g.Permission)+":"+strings.Join(names(g.Actions), ","))
	}
	return strings.Join(all, " ")
}

// TestCutToHolder: what a client with these grants may do, when whoever made it holds these roles.
func TestCutToHolder(t *testing.T) {
	m := Published()
	tests := []struct {
		name   string
		grants []Grant
		roles  []Role
		want   string
	}{
		{"all of it held", []Grant{read("USAGE"), {"PRODUCT_LOGS", []Action{Read, Delete}}}, []Role{Support}, "PRODUCT_LOGS:READ,DELETE USAGE:READ"},
		{"some of it not", []Grant{read("USAGE"), read("BILLING_HISTORY_AND_SETTINGS")}, []Role{Support}, "USAGE:READ"},
		{"none of it", []Grant{read("TRUST_HUB")}, []Role{Support}, ""},
		{"no grants", nil, []Role{Owner}, ""},
		{"several roles", []Grant{read("API_CREDENTIALS"), read("BILLING_HISTORY_AND_SETTINGS")}, []Role{Developer, BillingManager}, "API_CREDENTIALS:READ BILLING_HISTORY_AND_SETTINGS:READ"},
		{"what is implied comes along, with the same action", []Grant{{"IOT_MANAGE", []Action{Update}}}, []Role{Owner}, "IOT_CONSOLE_ACCESS:UPDATE IOT_MANAGE:UPDATE"},
		{"what is implied and held by itself", []Grant{{"IOT_MANAGE", []Action{Read}}}, []Role{Support}, "IOT_CONSOLE_ACCESS:READ"},
		{"unknown ones hold nothing", []Grant{read("NOTHING"), {"USAGE", []Action{"WRITE", Read}}}, []Role{Owner}, "USAGE:READ"},
		{"an action of one is not that of another", []Grant{read("USAGE"), {"PRODUCT_LOGS", []Action{Create}}}, []Role{Owner}, "PRODUCT_LOGS:CREATE USAGE:READ"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			held, err := m.Set(test.roles...)
			if err != nil {
				t.Fatal(err)
			}
			granted := m.Granted(test.grants)
			for _, cut := range []Set{granted.Cut(held), held.Cut(granted)} {
				if got := m.text(cut); got != test.want || !cut.SignedIn() {
					t.Errorf("holds %q, want %q", got, test.want)
				}
			}
		})
	}
}

func TestCutOfGuests(t *testing.T) {
	m := Published()
	granted := m.Granted([]Grant{read("USAGE")})
	if cut := granted.Cut(Set{}); cut != (Set{}) {
		t.Errorf("cut to a guest, it holds %s", m.text(cut))
	}
	if cut := (Set{}).Cut(granted); cut != (Set{}) {
		t.Errorf("a guest holds %s", m.text(cut))
	}
}

func TestValidGrants(t *testing.T) {
	m := Published()
	tests := []struct {
		name   string
		grants []Grant
		fault  string // "" when they are valid
	}{
		{"one", []Grant{read("USAGE")}, ""},
		{"every action", []Grant{{"USAGE", Actions()}}, ""},
		{"none", nil, "none are given"},
		{"unknown permission", []Grant{read("NOTHING")}, `no permission "NOTHING"`},
		{"one twice", []Grant{read("USAGE"), {"USAGE", []Action{Update}}}, "USAGE is named twice"},
		{"no actions", []Grant{{"USAGE", nil}}, "USAGE has no actions"},
		{"unknown action", []Grant{{"USAGE", []Action{"WRITE"}}}, `no action "WRITE"`},
		{"an action twice", []Grant{{"USAGE", []Action{Read, Read}}}, "READ of USAGE is named twice"},
	}
	for _, test := range tests {
		err := m.ValidGrants(test.grants)
		if (err == nil) != (test.fault == "") || err != nil && (!errors.Is(err, ErrGrants) || !strings.Contains(err.Error(), test.fault)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.fault)
		}
	}
}

func TestBeyond(t *testing.T) {
	m := Published()
	held, err := m.Set(Support)
	if err != nil {
		t.Fatal(err)
	}
	if p, a, beyond := m.Beyond([]Grant{{"USAGE", Actions()}, read("PRODUCT_LOGS")}, held); beyond {
		t.Errorf("%s %s is beyond Support", p, a)
	}
	if p, a, beyond := m.Beyond([]Grant{read("USAGE"), {"TRUST_HUB", []Action{Update}}}, held); !beyond || p != "TRUST_HUB" || a != Update {
		t.Errorf("%s %s, %t", p, a, beyond)
	}
	// Whoever holds grants alone does not hold another action of them.
	if p, a, beyond := m.Beyond([]Grant{{"USAGE", []Action{Read, Delete}}}, m.Granted([]Grant{read("USAGE")})); !beyond || p != "USAGE" || a != Delete {
		t.Errorf("%s %s, %t", p, a, beyond)
	}
}
