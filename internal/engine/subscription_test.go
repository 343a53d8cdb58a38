package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// TestEndStream: why a stream ends goes out after its last event, once, and what is not to be shown is not.
func TestEndStream(t *testing.T) {
	const event = `{"data":{"calls":{"name":"⟦Call.name⟧"}}}`
	for _, row := range []struct {
		name string
		why  error
		want []string
	}{
		{"by itself", nil, []string{event}},
		{"for a reason", problem.New(problem.Unavailable, "Come back later."), []string{event,
			`{"errors":[{"message":"Come back later.","path":["calls"],"extensions":{"code":"SERVICE_UNAVAILABLE"}}],"data":null}`}},
		{"for one that is nobody's business", errors.New("the database on db1 is full"), []string{event,
			`{"errors":[{"message":"Something went wrong.","path":["calls"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null}`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			visits := &model.Visits{On: map[string]func(context.Context) error{"Subscription.calls": func(ctx context.Context) error {
				engine.EndStream(ctx, row.why)
				return nil
			}}}
			if got := allEvents(t, t.Context(), visits); strings.Join(got, "\n") != strings.Join(row.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
		})
	}
	engine.EndStream(graphql.WithOperationContext(t.Context(), &graphql.OperationContext{}), nil) // nothing was decided: no matter
}

// TestEventTooLate: nothing goes out that was made while the stream ended.
func TestEventTooLate(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	visits := &model.Visits{On: map[string]func(context.Context) error{"Subscription.calls": func(context.Context) error {
		cancel()
		return nil
	}}}
	if got := allEvents(t, ctx, visits); len(got) > 0 {
		t.Errorf("got %s", got)
	}
}

// allEvents subscribes to calls and returns all that comes.
func allEvents(t *testing.T, ctx context.Context, visits *model.Visits) []string {
	t.Helper()
	h, err := engine.NewHandler(enginetest.New(), configOf(t, holding(logs)))
	if err != nil {
		t.Fatal(err)
	}
	next := h.Events(context.WithValue(model.WithVisits(ctx, visits), signedInKey{}, true), "subscription { calls { name } }")
	var all []string
	for resp := next(); resp != nil; resp = next() {
		event, err := json.Marshal(resp)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(event))
	}
	return all
}
