package policy

// Set is what a caller holds, by the rows of the matrix that made it: it means nothing to another matrix. It is
// comparable. The zero value is a guest, who is not signed in and holds nothing.
type Set struct {
	signedIn bool
	held     [maxMatrixRows]uint8
}

// Grant is a permission with the actions that are held of it.
type Grant struct {
	Permission Permission
	Actions    []Action
}

// SignedIn tells a signed-in caller from a guest.
func (s Set) SignedIn() bool {
	return s.signedIn
}

// Set returns what someone with these roles holds: the union of their rows with all that these imply. Roles that
// cannot be held together are an ErrRoles, with which comes the Set of a guest.
func (m *Matrix) Set(roles ...Role) (Set, error) {
	if err := ValidRoles(roles); err != nil {
		return Set{}, err
	}
	s := Set{signedIn: true}
	for i, row := range m.rows {
		if !overlap(row.Roles, roles) {
			continue
		}
		s.held[i] = everyAction
		for _, implied := range m.implied[i] {
			s.held[implied] = everyAction
		}
	}
	return s, nil
}

// overlap tells whether some role stands in both lists.
func overlap(a, b []Role) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// Grants tells whether s holds the action of the permission. An unknown permission or action is not held.
func (m *Matrix) Grants(p Permission, a Action, s Set) bool {
	row, known := m.index[p]
	return known && s.held[row]&a.bit() != 0
}

// Held lists what s holds, in the order of the matrix.
func (m *Matrix) Held(s Set) []Grant {
	var held []Grant
	for _, row := range m.rows {
		var actions []Action
		for _, a := range Actions() {
			if m.Grants(row.Permission, a, s) {
				actions = append(actions, a)
			}
		}
		if actions != nil {
			held = append(held, Grant{row.Permission, actions})
		}
	}
	return held
}
