package upstream

import "github.com/fieldgate/fieldgate/internal/audit"

// Change is a Scope within which something is changed, with the intent that is written
// into the audit trail together with the change. There is no call that changes anything
// without one. The zero Change changes nothing.
type Change struct {
	Scope
	Intent audit.Intent
}

// NewChange is a change within this scope, by this intent.
func NewChange(s Scope, i audit.Intent) Change { return Change{s, i} }
