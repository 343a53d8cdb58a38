// Package engine decides and runs an operation.
//
// An operation is compiled once into a plan: what is selected of each concrete type,
// and the check that each place needs. For each request a pass over the plan, with its
// variables, makes a Decision: which places the caller is denied and why, and what the
// operation costs. The pass stops as soon as a limit is passed, so its work is bounded
// whatever the document.
//
// Then generated writers write the answer while they read it, and ask for each object
// and field whether the caller passes its check. A field that is resolved is asked for
// its check once more before its resolver is called. Introspection and the events of
// subscriptions go through gqlgen's own functions: the first statement of each asks the
// operation's Gate. Writers, gate and
// decision read the same table with the same grants; none trusts the others. Where no
// decision was recorded the gate is the zero Gate, and a writer the zero Writer, which
// deny everything.
//
// Where to look:
//
//	catalog.go                 what the schema and the rules say of each type, laid out once
//	compile.go, arguments.go   a plan of an operation
//	plan.go, plans.go          what a plan is; which are kept, one for each way that @skip and @include turn out
//	decide.go, nodes.go        the pass over a plan; fields that find objects by ids
//	decision.go, denials.go    what came of it, and how an answer lists what was denied
//	execute.go                 an operation from its text to its answer, whatever the transport
//	writer*.go                 what generated writers write with; writer_holes.go calls gqlgen's functions,
//	                           writer_late.go puts in what is resolved at once
//	gate.go, fields.go         what gqlgen's functions ask, and what resolvers
//	explain.go                 a plan as people read it
//	http.go, sse.go, ws.go     the transports, and what begins with their names
//
// Package gen generates the writers and puts the checks into gqlgen's functions.
package engine
