package cmd

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// lesson is what the tests must know of one mutation. Everything else they take from the schema and the matrix.
type lesson struct {
	// harmless are arguments with which it may be called by anyone, and that change nothing.
	harmless string
	// forPeople says that no OAuth client may make it, whatever it was granted.
	forPeople bool
	// attempt prepares good arguments for one caller, on things of their own in an account; each time on others.
	attempt func(t *testing.T, in tenant, who client) attempt
}

// attempt is a mutation with input that is good, and what must come of it.
type attempt struct {
	input string
	// changes are the rows that must come ("sims +1"), change ("sims ~1") and go ("sims -1"), by their tables' names;
	// what stands apart is seen to for all mutations.
	changes []string
	// gone and made are how the one session begins, in a snapshot, that must end or open: "session of ", and whose; "" for none.
	gone, made string
	cleanUp    func()
	ask        func(query string) answer // instead of the caller; nil for the caller
}

// lessons are those of all mutations, one file for each domain.
func lessons() map[string]lesson {
	all := map[string]lesson{}
	for _, some := range []map[string]lesson{
		sessionLessons,
		credentialLessons,
		userLessons,
	} {
		for name, one := range some {
			all[name] = one
		}
	}
	return all
}

func lessonOf(t testing.TB, mutation string) lesson {
	t.Helper()
	one, known := lessons()[mutation]
	if !known {
		t.Fatalf("Mutation.%s has no lesson: the tests must know an input of it that is good, and one that changes nothing", mutation)
	}
	return one
}

// inputIn is the input that arguments have, as a variable has it.
func inputIn(t testing.TB, arguments string) vars {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: "mutation { x" + arguments + " }"})
	if err != nil {
		t.Fatalf("%s: %v", arguments, err)
	}
	value, err := doc.Operations[0].SelectionSet[0].(*ast.Field).Arguments.ForName("input").Value.Value(nil)
	if err != nil {
		t.Fatalf("%s: %v", arguments, err)
	}
	return value.(vars)
}
