package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Fault is something wrong with a schema's rules.
type Fault struct {
	// File and Line say where the definition at fault stands; empty and zero when it stands nowhere.
	File string
	Line int
	// Coordinate is a schema coordinate: "Account", "Account.calls", "Account.calls(to:)".
	Coordinate string
	Message    string
}

// String reads "schema/billing.graphqls:12: Account.balance: no rule".
func (f Fault) String() string {
	if f.File == "" && f.Line == 0 {
		return f.Coordinate + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Coordinate, f.Message)
}

// Faults are all faults found, sorted by file and line. With none, the schema is fit to serve.
type Faults []Fault

// Error lists the faults, one on a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the faults in order, each once.
func (f Faults) sorted() Faults {
	slices.SortFunc(f, func(a, b Fault) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Coordinate, b.Coordinate),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(f)
}

// newFault places a fault. A definition that was not parsed from a file has no place.
func newFault(at *ast.Position, coordinate, message string) Fault {
	fault := Fault{Coordinate: coordinate, Message: message}
	if at != nil {
		fault.Line = at.Line
		if at.Src != nil {
			fault.File = at.Src.Name
		}
	}
	return fault
}
