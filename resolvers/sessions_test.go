package resolvers

import (
	"context"
	"testing"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

type people = identity.Users

// crowd has more users than can be listed.
type crowd struct{ people }

func (crowd) Users(context.Context, upstream.Scope, identity.UserFilter, upstream.Page) (upstream.List[model.User], error) {
	return upstream.List[model.User]{Items: make([]model.User, maxListedUsers), HasNext: true}, nil
}

// TestSessionsOfTooMany: of more users than can be listed nobody's sessions are asked for; without Auth that would panic.
func TestSessionsOfTooMany(t *testing.T) {
	_, err := account{&Root{Users: crowd{}}}.Sessions(t.Context(), nil)
	if problem.CodeOf(err) != problem.LimitExceeded {
		t.Error(err)
	}
}
