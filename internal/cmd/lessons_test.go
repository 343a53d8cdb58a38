package cmd

import "testing"

// lesson is what the tests must know of one mutation. Everything else they take from the schema and the matrix.
type lesson struct {
	// harmless are arguments with which it may be called by anyone, and that change nothing.
	harmless string
	// forPeople says that no OAuth client may make it, whatever it was granted.
	forPeople bool
	// ownersOwn says that nobody but the Owner may make it, whoever else holds its permission.
	ownersOwn bool
	// attempt prepares good arguments for one caller, on things of their own in an account.
	attempt func(t *testing.T, in tenant, who client) attempt
}

// attempt is a mutation with input that is good, and what the Owner must see of it.
type attempt struct {
	input      string
	gone, made string // how the line that goes, or that comes, begins; "" for none, and a line for each of several
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

// tenant is an account with one user for each role.
type tenant struct{ *program }

// demoTenant is the account of the demo.
func demoTenant(p *program) tenant { return tenant{p} }
