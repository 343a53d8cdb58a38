// Package engine decides and runs an operation.
//
// Before an operation runs, one walk over it, with its variables, makes a
// Decision: which fields of which concrete types are selected, which of them the
// caller is denied and why, and what the operation costs. The walk stops as soon
// as a limit is passed, so its work is bounded whatever the document.
//
// While it runs, the first statement of every generated field function asks the
// operation's Gate. The gate and the walk read the same table with the same
// grants; neither trusts the other. Where no decision was recorded the gate is
// the zero Gate, which denies everything.
package engine
