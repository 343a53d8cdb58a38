package engine

import "github.com/99designs/gqlgen/graphql"

// trustedKey is where it is kept on an OperationContext that its document is trusted.
const trustedKey = "FieldgateTrusted"

// trust marks an operation as one of a trusted document: whoever runs the gateway has read it and named it. It is
// called before the operation is parsed, so by an OperationParameterMutator. What only guards against what strangers
// write does not apply to it: its tokens, levels, aliases, root fields, directives and fields are not counted. What
// it may read is decided as of any other, and it is charged, timed and counted as any other.
func trust(op *graphql.OperationContext) { op.Stats.SetExtension(trustedKey, true) }

// trusted says whether an operation was marked so.
func trusted(op *graphql.OperationContext) bool {
	is, _ := op.Stats.GetExtension(trustedKey).(bool)
	return is
}
