// Package enginetest is a small gateway for the tests of the engine: a schema with everything that tempts a check to
// be left out, its generated code, and resolvers that tell what they were asked.
package enginetest

//go:generate go run ./guard
//go:generate go run github.com/99designs/gqlgen generate --config plain.yml
