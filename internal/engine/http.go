package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// transport speaks GraphQL over HTTP, by POST and, for queries, by GET.
type transport struct{ Config }

// Supports takes every request: what is not one of ours is refused by Do.
func (transport) Supports(*http.Request) bool { return true }

// Do answers one request.
func (t transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	var out Outcome
	if t.Observer != nil {
		ctx, answered := t.Observer.Operation(r.Context())
		defer func() { answered(out) }()
		r = r.WithContext(ctx)
	}
	t.answer(w, r, exec, &out)
}

// answer answers one request, and says what became of it.
func (t transport) answer(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor, out *Outcome) {
	header := w.Header()
	header.Set("Cache-Control", "private, no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Accept")
	media := accepted(r.Header)
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodGet:
		header.Set("Allow", "GET, POST")
		t.refuse(w, out, http.StatusMethodNotAllowed, "A request is made by POST, or by GET for a query.")
		return
	case media == "":
		t.refuse(w, out, http.StatusNotAcceptable, "Answers are "+mediaResponse+" or "+mediaJSON+".")
		return
	}
	params, err := readParams(w, r, t.Limits.BodyBytes)
	if err != nil {
		status := http.StatusBadRequest
		var refused refusedRequest
		if errors.As(err, &refused) {
			status = refused.status
		}
		t.refuse(w, out, status, err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), t.Limits.Time)
	defer cancel()
	defer func() {
		if p := recover(); p != nil { // in the engine itself: resolvers' panics end at their field
			err := t.Present(ctx, t.panicked(p))
			out.Refused = problem.Internal
			t.write(w, media, &graphql.Response{Errors: gqlerror.List{err}})
		}
	}()
	leave, err := t.admit(ctx)
	if err != nil {
		t.turnAway(w, out, err)
		return
	}
	defer leave()
	params.Headers = r.Header
	op, refused := exec.CreateOperationContext(ctx, params)
	out.of(op)
	if refused != nil {
		resp := exec.DispatchError(graphql.WithOperationContext(ctx, op), t.capped(refused))
		out.became(op, resp)
		t.write(w, media, resp)
		return
	}
	if r.Method == http.MethodGet && op.Operation.Operation != ast.Query {
		header.Set("Allow", "POST")
		t.refuse(w, out, http.StatusMethodNotAllowed, "Only a query can be made by GET.")
		return
	}
	if op.Operation.Operation == ast.Subscription {
		t.refuse(w, out, http.StatusBadRequest, "A subscription is answered by a stream, not by one answer.")
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, op)
	resp := responses(ctx)
	if resp == nil {
		resp = &graphql.Response{Errors: gqlerror.List{{
			Message:    fmt.Sprintf("The operation took longer than %s.", t.Limits.Time),
			Extensions: map[string]any{"code": problem.Timeout, "limit": limitTime},
		}}}
	}
	out.became(op, resp)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		out.Limit = limitTime
	}
	t.write(w, media, resp)
}

// refuse answers a request that does not become an operation that runs.
func (t transport) refuse(w http.ResponseWriter, out *Outcome, status int, message string) {
	code := problem.BadRequest
	if status == http.StatusRequestEntityTooLarge || status == http.StatusRequestURITooLong {
		code, out.Limit = problem.LimitExceeded, limitBody
	}
	out.Refused = code
	problem.Refuse(w, status, &problem.Error{Code: code, Message: message, Limit: out.Limit, Most: int(t.Limits.BodyBytes)})
}

// capped keeps the number of request errors within the limit: validation can find
// very many in a short document.
func (t transport) capped(list gqlerror.List) gqlerror.List {
	most := t.Limits.RequestErrors
	if len(list) <= most {
		return list
	}
	return append(list[:most:most], &gqlerror.Error{
		Message:    fmt.Sprintf("There are %d more errors.", len(list)-most),
		Extensions: map[string]any{"code": problem.ValidationFailed},
	})
}

// write sends the answer.
func (t transport) write(w http.ResponseWriter, media string, resp *graphql.Response) {
	var out bytes.Buffer
	out.Grow(len(resp.Data) + 256)
	t.encode(&out, resp)
	out.WriteByte('\n')

	status := statusOf(media, resp)
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(out.Bytes()); err != nil {
		t.Log.Debug("the client went away", "error", err)
	}
}

// encode writes an answer as JSON. What the executor encoded is not encoded again.
func (t transport) encode(out *bytes.Buffer, resp *graphql.Response) {
	out.WriteByte('{')
	separator := ""
	if len(resp.Errors) > 0 {
		out.WriteString(`"errors":`)
		t.member(out, "errors", resp.Errors)
		separator = ","
	}
	if resp.Data != nil {
		out.WriteString(separator + `"data":`)
		out.Write(resp.Data)
		separator = ","
	}
	if len(resp.Extensions) > 0 {
		out.WriteString(separator + `"extensions":`)
		t.member(out, "extensions", resp.Extensions)
	}
	out.WriteByte('}')
}

// member writes the value of a member of the answer's envelope.
func (t transport) member(out *bytes.Buffer, name string, value any) {
	body, err := json.Marshal(value)
	if err != nil { // nothing that the engine puts there fails to encode
		t.Log.Error("an answer could not be encoded", "member", name, "error", err)
		body = []byte("null")
	}
	out.Write(body)
}

// statusOf is the status of an answer (GraphQL over HTTP, sections 6.4.1 and 6.4.2).
// As application/json a well-formed request is answered with 200, for old clients;
// an operation that ran is answered with 200 in any case.
func statusOf(media string, resp *graphql.Response) int {
	if resp.Data != nil || len(resp.Errors) == 0 {
		return http.StatusOK
	}
	code := codeOf(resp.Errors[0])
	if media == mediaJSON && code != problem.RateLimited { // which is about requests, not about this one's text
		return http.StatusOK
	}
	return code.Status()
}
