// Package graph holds what is generated from the schema, and nothing else.
//
// gqlgen writes generated.go and model/models.go; the step after it puts each
// field's check first in the field's function. Neither file is edited by hand.
package graph

//go:generate go -C .. run github.com/99designs/gqlgen generate
//go:generate go -C .. run ./internal/engine/gen/guard
