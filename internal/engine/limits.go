package engine

import (
	"fmt"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
)

// Limits bounds what one operation may ask for. The zero value of a limit allows
// nothing; DefaultLimits has the figures that the gateway starts with.
type Limits struct {
	BodyBytes int64 // of a request's body, or of its query string
	Tokens    int   // of the document: validation is quadratic in them
	// Depth is how deep fields nest; Introspection is the same below __schema and __type.
	Depth, Introspection int
	Aliases              int
	RootFields           int
	// Selections is how many fields the operation has once its fragments are
	// written out, counted for each concrete type that they may turn up on.
	Selections int
	// Cost is how many fields an answer may have, lists taken at the size asked for.
	Cost          int
	RequestErrors int           // of parsing and validation, in one answer
	Time          time.Duration // for one operation that is no subscription
	Sockets       SocketLimits
}

// DefaultLimits lets through the full introspection query, what Relay generates
// and a dashboard of ten lists.
func DefaultLimits() Limits {
	return Limits{
		BodyBytes:     256 << 10,
		Tokens:        1000,
		Depth:         15,
		Introspection: 20,
		Aliases:       30,
		RootFields:    20,
		Selections:    1000,
		Cost:          100_000,
		RequestErrors: 10,
		Time:          10 * time.Second,
		Sockets:       DefaultSocketLimits(),
	}
}

// exceeded says which limit an operation passes.
func exceeded(what string, most int) error {
	return problem.New(problem.LimitExceeded, fmt.Sprintf("The operation has more %s than the %d that are allowed.", what, most))
}

// costs adds up what an operation costs. It saturates: a sum past the limit stays
// past it, however much is added.
type costs struct{ sum, most int }

func (c *costs) add(n int) bool {
	if n > c.most-c.sum {
		c.sum = c.most + 1
		return false
	}
	c.sum += n
	return true
}

// times multiplies the number of objects at one level by the size of a list,
// saturating at the limit.
func (c *costs) times(objects, size int) int {
	if size > 0 && objects > c.most/size {
		return c.most + 1
	}
	return objects * size
}

const (
	// maxPage is the largest page of a connection. A larger first is refused by
	// the field itself, with a message that says so.
	maxPage = 1000
	// denialCost is what a denied position costs more than a field: its error is that
	// much longer.
	denialCost = 4
	// listSize is what a list is taken for that does not say how long it is.
	listSize = 10
)

// introspectionSizes are the lengths of introspection's lists in this schema: of types
// and directives as they are, of the others on average, and one at least.
func introspectionSizes(schema *ast.Schema) map[string]int {
	sums := map[string]int{}
	for _, def := range schema.Types {
		if def.Kind == ast.InputObject {
			sums["inputFields"] += len(def.Fields)
		} else {
			sums["fields"] += len(def.Fields)
		}
		for _, f := range def.Fields {
			sums["args"] += len(f.Arguments)
		}
		sums["enumValues"] += len(def.EnumValues)
		sums["interfaces"] += len(def.Interfaces)
		if def.IsAbstractType() {
			sums["possibleTypes"] += len(schema.GetPossibleTypes(def))
		}
	}
	mean := func(sum, of int) int { return max((sum+of/2)/max(of, 1), 1) }
	sizes := map[string]int{"types": len(schema.Types), "directives": len(schema.Directives)}
	for list, sum := range sums {
		sizes[list] = mean(sum, len(schema.Types))
	}
	sizes["args"] = mean(sums["args"], sums["fields"])
	return sizes
}
