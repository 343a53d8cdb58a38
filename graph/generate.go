// Package graph holds what is generated from the schema, and nothing else.
//
// gqlgen writes generated.go and model/models.go, its plugin writers.go, and the step
// after it puts each field's check first in the field's function. None is edited by hand.
package graph

//go:generate go -C .. run ./internal/engine/gen/guard
