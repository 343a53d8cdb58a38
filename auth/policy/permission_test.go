package policy

import (
	"errors"
	"slices"
	"testing"
)

func TestValidRoles(t *testing.T) {
	tests := []struct {
		name  string
		roles []Role
		ok    bool
	}{
		{"owner", []Role{Owner}, true},
		{"administrator", []Role{Administrator}, true},
		{"developer", []Role{Developer}, true},
		{"billing manager", []Role{BillingManager}, true},
		{"support", []Role{Support}, true},
		{"two that combine", []Role{Support, Developer}, true},
		{"three that combine", []Role{Developer, BillingManager, Support}, true},
		{"none", nil, false},
		{"unknown", []Role{"JANITOR"}, false},
		{"lower case", []Role{"owner"}, false},
		{"known and unknown", []Role{Support, ""}, false},
		{"repeated", []Role{Support, Support}, false},
		{"owner first, with another", []Role{Owner, Developer}, false},
		{"owner last, with another", []Role{Developer, Owner}, false},
		{"administrator with another", []Role{Support, Administrator}, false},
		{"owner and administrator", []Role{Owner, Administrator}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := ValidRoles(test.roles)
			if (err == nil) != test.ok {
				t.Errorf("error %v, want none: %v", err, test.ok)
			}
			if err != nil && !errors.Is(err, ErrRoles) {
				t.Errorf("%v is no ErrRoles", err)
			}
		})
	}
}

func TestUnknownActionHasNoBit(t *testing.T) {
	for _, a := range []Action{"", "read", "WRITE"} {
		if a.bit() != 0 {
			t.Errorf("%q has the bit %d", a, a.bit())
		}
	}
}

func TestFields(t *testing.T) {
	names := []string{"to", "from", "to", "body"}
	f := NewFields(names...)
	names[0] = "price"
	if want := []string{"body", "from", "to"}; !slices.Equal(f.Names(), want) || f.Len() != len(want) {
		t.Errorf("%d names %q, want %q", f.Len(), f.Names(), want)
	}
	f.Names()[0] = "price"
	if f.Has("price") || !f.Has("body") || !f.Has("to") {
		t.Error("the set changed after it was made")
	}
	var none Fields
	if none.Has("") || none.Has("to") || none.Len() != 0 || len(none.Names()) != 0 {
		t.Error("the zero value holds something")
	}
}
