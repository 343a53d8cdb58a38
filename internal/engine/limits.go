package engine

import (
	"math"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// Limits bounds what one operation may ask for, and how much goes on at once. The zero
// value of a limit allows nothing; DefaultLimits has the figures that the gateway starts with.
type Limits struct {
	BodyBytes int64 // of a request's body, or of its query string
	Tokens    int   // of the document: validation is quadratic in them
	// Depth is how deep fields nest; Introspection is the same below __schema and __type.
	Depth, Introspection int
	Aliases              int
	RootFields           int
	// Directives are counted as the document has them, whatever they apply to.
	Directives int
	// Introspections is how many root fields begin with __schema or __type.
	Introspections int
	// Selections is how many fields the operation has once its fragments are
	// written out, counted for each concrete type that they may turn up on.
	Selections int
	// Cost is how many fields an answer may have, lists taken at the size asked for.
	Cost          int
	RequestErrors int // of parsing and validation, in one answer
	// Time is for one operation that is no subscription, and for a subscription to begin.
	Time time.Duration
	// Sockets is how many WebSockets a session has at once, and as many streams of events; Operations how many operations one
	// of them has.
	Sockets, Operations int
}

// DefaultLimits lets through the full introspection query, what Relay generates
// and a dashboard of ten lists.
func DefaultLimits() Limits {
	return Limits{
		BodyBytes:      256 << 10,
		Tokens:         1000,
		Depth:          15,
		Introspection:  20,
		Aliases:        30,
		RootFields:     20,
		Directives:     30,
		Introspections: 2,
		Selections:     1000,
		Cost:           100_000,
		RequestErrors:  10,
		Time:           10 * time.Second,
		Sockets:        20,
		Operations:     50,
	}
}

// forTrusted leaves out what only guards against documents that strangers write.
func (l Limits) forTrusted() Limits {
	const any = math.MaxInt
	l.Tokens, l.Depth, l.Introspection, l.Aliases, l.RootFields, l.Directives, l.Selections = any, any, any, any, any, any, any
	return l
}

// The names of limits, in the extensions of errors and in figures.
const (
	limitBody           = "body"
	limitTokens         = "tokens"
	limitDepth          = "depth"
	limitIntrospection  = "introspection_depth"
	limitAliases        = "aliases"
	limitRootFields     = "root_fields"
	limitDirectives     = "directives"
	limitIntrospections = "introspections"
	limitSelections     = "selections"
	limitCost           = "cost"
	limitOnce           = "sign_ins_per_operation"
	limitTime           = "time"

	limitSockets          = "sockets"
	limitSocketOperations = "socket_operations"
)

// LimitNames are the names of the limits that the engine keeps itself.
func LimitNames() []string {
	return []string{
		limitBody, limitTokens, limitDepth, limitIntrospection, limitAliases, limitRootFields, limitDirectives,
		limitIntrospections, limitSelections, limitCost, limitOnce, limitTime,
		limitSockets, limitSocketOperations,
	}
}

// countDirectives counts the directives of a document.
func countDirectives(doc *ast.QueryDocument) int {
	n := 0
	for _, op := range doc.Operations {
		n += len(op.Directives) + directivesIn(op.SelectionSet)
		for _, v := range op.VariableDefinitions {
			n += len(v.Directives)
		}
	}
	for _, f := range doc.Fragments {
		n += len(f.Directives) + directivesIn(f.SelectionSet)
	}
	return n
}

func directivesIn(set ast.SelectionSet) int {
	n := 0
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			n += len(sel.Directives) + directivesIn(sel.SelectionSet)
		case *ast.InlineFragment:
			n += len(sel.Directives) + directivesIn(sel.SelectionSet)
		case *ast.FragmentSpread:
			n += len(sel.Directives)
		}
	}
	return n
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
