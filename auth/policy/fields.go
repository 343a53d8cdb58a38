package policy

import "slices"

// Fields is the set of fields of one type that an operation both selects and may read. Upstreams get it, so that a
// denied column is not even read. It is immutable; the zero value holds nothing.
type Fields struct {
	sorted []string
}

// NewFields returns the set of these names.
func NewFields(names ...string) Fields {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return Fields{slices.Compact(sorted)}
}

// Has tells whether the field may be read.
func (f Fields) Has(name string) bool {
	_, found := slices.BinarySearch(f.sorted, name)
	return found
}

// Names returns the fields' names, sorted.
func (f Fields) Names() []string {
	return slices.Clone(f.sorted)
}

// Len returns how many fields there are.
func (f Fields) Len() int {
	return len(f.sorted)
}
