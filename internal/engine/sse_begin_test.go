package engine_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
)

// TestStreamBeginsInPeace: what charges the first event, which may be there before the answer has begun, writes to the
// answer's headers only when they are sent. It is the race detector that sees it.
func TestStreamBeginsInPeace(t *testing.T) {
	s := streamingFor(t, holding(logs, billing, personal), func(cfg *engine.Config) {
		cfg.Charge = func(ctx context.Context, _ int) error {
			if header, is := ctx.Value(answerKey{}).(http.Header); is {
				header.Set("Ratelimit", "1")
			}
			return nil
		}
	})
	s.visits.Events = func(context.Context) <-chan *model.Call {
		there := make(chan *model.Call, 3)
		for range 3 {
			there <- &model.Call{Name: "c"}
		}
		close(there)
		return there
	}
	for range 20 {
		answer := s.ask(callsQuery)
		if answer.Header.Get("Ratelimit") == "" {
			t.Errorf("what is left was not told: %v", answer.Header)
		}
		answer.want(next(`{"data":{"calls":{"name":"c","price":""}}}`), next(`{"data":{"calls":{"name":"c","price":""}}}`),
			next(`{"data":{"calls":{"name":"c","price":""}}}`), complete)
	}
}
