package problem

import "context"

// Request is the context of a request that has an id, under which what goes wrong is logged.
type Request struct {
	context.Context
	id string
}

type requestKey struct{}

// In begins the request with this id in ctx, and returns r.
func (r *Request) In(ctx context.Context, id string) context.Context {
	r.Context, r.id = ctx, id
	return r
}

// Value implements context.Context.
func (r *Request) Value(key any) any {
	if key == (requestKey{}) {
		return r
	}
	return r.Context.Value(key)
}

// RequestID is the id of the request of ctx, or "" outside of one.
func RequestID(ctx context.Context) string {
	if r, _ := ctx.Value(requestKey{}).(*Request); r != nil {
		return r.id
	}
	return ""
}
