package problem

import "context"

type requestKey struct{}

// WithRequestID gives the request of ctx its id, under which what goes wrong is logged.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID is the id of the request of ctx, or "" outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
