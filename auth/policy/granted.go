package policy

import (
	"errors"
	"fmt"
	"slices"
)

// ErrGrants says that a list of grants cannot be granted as it stands.
var ErrGrants = errors.New("grants cannot be given")

// Granted returns what these grants come to by themselves: each action of a permission, with the same action of all
// that the permission implies. An unknown permission or action adds nothing. The set is of nobody until it is cut to
// what someone holds (Cut).
func (m *Matrix) Granted(grants []Grant) Set {
	s := Set{signedIn: true}
	for _, g := range grants {
		row, known := m.index[g.Permission]
		if !known {
			continue
		}
		for _, a := range g.Actions {
			s.held[row] |= a.bit()
			for _, implied := range m.implied[row] {
				s.held[implied] |= a.bit()
			}
		}
	}
	return s
}

// Cut returns what is in both sets: a ceiling, whichever of the two comes to more. It is of a guest when either is.
func (s Set) Cut(to Set) Set {
	if !s.signedIn || !to.signedIn {
		return Set{}
	}
	for i := range s.held {
		s.held[i] &= to.held[i]
	}
	return s
}

// ValidGrants checks that grants say something, in one way: at least one permission, each known and named once, with at
// least one action, each known and named once. Its error is an ErrGrants.
func (m *Matrix) ValidGrants(grants []Grant) error {
	if len(grants) == 0 {
		return fmt.Errorf("%w: none are given", ErrGrants)
	}
	named := map[Permission]bool{}
	for _, g := range grants {
		_, known := m.index[g.Permission]
		switch {
		case !known:
			return fmt.Errorf("%w: there is no permission %q", ErrGrants, g.Permission)
		case named[g.Permission]:
			return fmt.Errorf("%w: %s is named twice", ErrGrants, g.Permission)
		case len(g.Actions) == 0:
			return fmt.Errorf("%w: %s has no actions", ErrGrants, g.Permission)
		}
		named[g.Permission] = true
		for i, a := range g.Actions {
			switch {
			case a.bit() == 0:
				return fmt.Errorf("%w: there is no action %q", ErrGrants, a)
			case slices.Contains(g.Actions[:i], a):
				return fmt.Errorf("%w: %s of %s is named twice", ErrGrants, a, g.Permission)
			}
		}
	}
	return nil
}

// Beyond returns the first permission and action among the grants that s does not hold, and whether there is one. Those
// that the grants imply come with them, so whoever holds a set that roles made, or grants, holds them too.
func (m *Matrix) Beyond(grants []Grant, s Set) (Permission, Action, bool) {
	for _, g := range grants {
		for _, a := range g.Actions {
			if !m.Grants(g.Permission, a, s) {
				return g.Permission, a, true
			}
		}
	}
	return "", "", false
}
