package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Kind says what a Rule asks of a caller.
type Kind uint8

// The kinds of rule, from the one that nobody passes to the one that asks for a permission.
const (
	Deny Kind = iota
	Public
	SignedIn
	HasPermission
)

// Rule is one condition on a caller. The zero value denies everyone. Permission and Action are set when Kind is
// HasPermission, and empty otherwise.
type Rule struct {
	Kind       Kind
	Permission Permission
	Action     Action
}

// String reads "deny", "public", "signed in" or, say, "API_CREDENTIALS READ".
func (r Rule) String() string {
	switch r.Kind {
	case Public:
		return "public"
	case SignedIn:
		return "signed in"
	case HasPermission:
		return string(r.Permission) + " " + string(r.Action)
	default:
		return "deny"
	}
}

// weaker tells whether r asks less of a caller than other by kind alone: public asks less than signed in, and signed
// in less than a permission.
func (r Rule) weaker(other Rule) bool {
	return r.Kind < other.Kind
}

// Check numbers a conjunction of rules. Zero denies; every other number follows from the schema alone, so that
// generated code may hold it.
type Check uint16

// The checks that every table has.
const (
	CheckPublic   Check = 1
	CheckSignedIn Check = 2
	// firstCheck is the number of the first conjunction that asks for a permission.
	firstCheck Check = 3
)

// conjunction is what a caller must pass in full, in its one canonical form: sorted, nothing twice, nothing that the
// rest makes superfluous. The empty conjunction denies.
type conjunction []Rule

// conjoin brings rules into canonical form.
func conjoin(rules ...Rule) conjunction {
	strongest := Public
	for _, r := range rules {
		if r.Kind == Deny {
			return nil
		}
		strongest = max(strongest, r.Kind)
	}
	all := make(conjunction, 0, len(rules))
	for _, r := range rules {
		if r.Kind == strongest {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Rule) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(all)
}

// String joins the rules: "BILLING_HISTORY_AND_SETTINGS READ & PERSONAL_DATA READ".
func (c conjunction) String() string {
	if len(c) == 0 {
		return Rule{}.String()
	}
	names := make([]string, len(c))
	for i, r := range c {
		names[i] = r.String()
	}
	return strings.Join(names, " & ")
}
