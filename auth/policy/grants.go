package policy

import "hash/maphash"

// knownSets is how many sets a Table has room to remember what passes for.
const knownSets = 256

// known is what passes for the holder of a set.
type known struct {
	set    Set
	grants Grants
}

// Grants says which checks a caller passes: one bit for each. It is small, immutable and comparable. The zero value
// denies everything, the public included.
type Grants struct {
	// bits is a string because a string cannot change under a reader.
	bits     string
	signedIn bool
}

// Allows tells whether the check passes.
func (g Grants) Allows(c Check) bool {
	i := int(c >> 3)
	return i < len(g.bits) && g.bits[i]>>(c&7)&1 != 0
}

// SignedIn tells a signed-in caller from a guest.
func (g Grants) SignedIn() bool {
	return g.signedIn
}

// Grants returns what passes for a caller who holds s, which must come from the matrix that the table was compiled
// with. What many ask for it remembers, and takes no lock for it.
func (t *Table) Grants(s Set) Grants {
	place := &t.known[maphash.Comparable(t.seed, s)%knownSets]
	if k := place.Load(); k != nil && k.set == s {
		return k.grants
	}
	k := &known{s, t.grants(s)}
	place.Store(k)
	return k.grants
}

// grants is Grants worked out.
func (t *Table) grants(s Set) Grants {
	bits := make([]byte, len(t.checks)/8+1)
	for i, needs := range t.needs {
		c := Check(i)
		if c == CheckPublic || c > CheckPublic && s.signedIn && s.holds(needs) {
			bits[c>>3] |= 1 << (c & 7)
		}
	}
	return Grants{bits: string(bits), signedIn: s.signedIn}
}

// holds tells whether s has all that is needed.
func (s Set) holds(needs []need) bool {
	for _, n := range needs {
		if s.held[n.row]&n.bit == 0 {
			return false
		}
	}
	return true
}

// Why returns the first rule of the check that g does not pass. It is the zero Rule when the check is 0 or unknown,
// which no rule can mend, and when nothing fails.
func (t *Table) Why(c Check, g Grants) Rule {
	if int(c) >= len(t.checks) {
		return Rule{}
	}
	for _, r := range t.checks[c] {
		if !g.Allows(t.single[r]) {
			return r
		}
	}
	return Rule{}
}
