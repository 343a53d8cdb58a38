// Package policy decides what a caller may see and do. It is pure: the matrix of roles and permissions and the rules
// written in the schema go in, a table of decisions comes out, and a decision is one bit test.
//
// Deny is the zero value everywhere: of a Set, a Rule, a Check, a Grants and a Mask.
package policy

import (
	"errors"
	"fmt"
	"slices"
)

// Permission is a row of the matrix, such as "API_CREDENTIALS". The schema's enum Permission lists the same names.
type Permission string

// PersonalData is the permission that shows text marked @personalData as it is.
const PersonalData Permission = "PERSONAL_DATA"

// Role is a column of the matrix, named as in the schema's enum Role.
type Role string

// The five built-in roles.
const (
	Owner          Role = "OWNER"
	Administrator  Role = "ADMINISTRATOR"
	Developer      Role = "DEVELOPER"
	BillingManager Role = "BILLING_MANAGER"
	Support        Role = "SUPPORT"
)

// Roles lists the built-in roles in the matrix's order of columns.
func Roles() []Role {
	return []Role{Owner, Administrator, Developer, BillingManager, Support}
}

// Action is what is done under a permission, named as in the schema's enum Action.
type Action string

// The four actions.
const (
	Read   Action = "READ"
	Create Action = "CREATE"
	Update Action = "UPDATE"
	Delete Action = "DELETE"
)

// Actions lists the four actions in the schema's order.
func Actions() []Action {
	return []Action{Read, Create, Update, Delete}
}

// everyAction is what a built-in role holds of a row: the bits of all four actions.
const everyAction = 1<<4 - 1

// bit is the action's bit in a Set. An unknown action has none and so is never held.
func (a Action) bit() uint8 {
	if i := slices.Index(Actions(), a); i >= 0 {
		return 1 << i
	}
	return 0
}

// ErrRoles says that roles cannot be held together, or that one does not exist.
var ErrRoles = errors.New("roles cannot be held")

// ValidRoles checks Twilio's rule on the roles of one user: at least one; Owner and Administrator alone; Developer,
// Billing Manager and Support in any combination; none twice. Its error is an ErrRoles.
func ValidRoles(roles []Role) error {
	if len(roles) == 0 {
		return fmt.Errorf("%w: none given", ErrRoles)
	}
	for i, role := range roles {
		switch {
		case !slices.Contains(Roles(), role):
			return fmt.Errorf("%w: unknown role %q", ErrRoles, role)
		case slices.Contains(roles[:i], role):
			return fmt.Errorf("%w: %s is repeated", ErrRoles, role)
		case len(roles) > 1 && (role == Owner || role == Administrator):
			return fmt.Errorf("%w: %s stands alone", ErrRoles, role)
		}
	}
	return nil
}
