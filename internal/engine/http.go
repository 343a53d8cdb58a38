package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// transport speaks GraphQL over HTTP, by POST and, for queries, by GET; with streams of events where they are asked for.
type transport struct {
	*Config
	exec    *executor
	buffers *buffers
	pack    func(http.Handler) http.HandlerFunc
}

func newTransport(exec *executor) (transport, error) {
	pack, err := newPacker()
	return transport{exec.Config, exec, new(buffers), pack}, err
}

// The values of headers that all answers share. Nobody changes them: who adds another makes a new list.
var (
	privately    = []string{"private, no-store"}
	nosniff      = []string{"nosniff"}
	byAccept     = []string{"Accept, Accept-Encoding"}
	typeJSON     = []string{mediaJSON + "; charset=utf-8"}
	typeResponse = []string{mediaResponse + "; charset=utf-8"}
)

// vary says by what the answer varies.
func vary(h http.Header) {
	if h["Vary"] == nil {
		h["Vary"] = byAccept
		return
	}
	h["Vary"] = append(h["Vary"], byAccept[0])
}

// packed leaves it to who compresses the answer to say that it varies by the encoding.
func packed(h http.Header) {
	others := h["Vary"][:len(h["Vary"])-1]
	h["Vary"] = append(slices.Clip(others), "Accept")
}

// ServeHTTP answers one request.
func (t transport) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var out Outcome
	defer t.caught(w, r, &out)
	if upgrades(r) {
		t.openSocket(w, r)
		return
	}
	if t.Observer != nil {
		ctx, answered := t.Observer.Operation(r.Context())
		defer func() { answered(out) }()
		r = r.WithContext(ctx)
	}
	t.answer(w, r, &out)
}

// caught answers a request of which something in the engine itself has panicked: resolvers' panics end at their field.
func (t transport) caught(w http.ResponseWriter, r *http.Request, out *Outcome) {
	if p := recover(); p != nil {
		out.Refused = problem.Internal
		err := t.Present(r.Context(), t.panicked(p))
		t.once(w, r, accepted(r.Header), nil, &answer{Errors: gqlerror.List{err}})
	}
}

// answer answers one request, and says what became of it.
func (t transport) answer(w http.ResponseWriter, r *http.Request, out *Outcome) {
	defer t.caught(w, r, out) // while the Observer can be told
	header := w.Header()
	header["Cache-Control"], header["X-Content-Type-Options"] = privately, nosniff
	vary(header)
	media := accepted(r.Header)
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodGet:
		header.Set("Allow", "GET, POST")
		t.refuse(w, out, http.StatusMethodNotAllowed, "A request is made by POST, or by GET for a query.")
		return
	case r.Method == http.MethodGet && !asksFirst(r.Header):
		t.refuse(w, out, http.StatusBadRequest, unasked)
		return
	case media == "":
		t.refuse(w, out, http.StatusNotAcceptable, "Answers are "+mediaResponse+" or "+mediaJSON+", or streams of "+mediaStream+".")
		return
	}
	var params graphql.RawParams
	if err := t.readParams(w, r, &params); err != nil {
		refused := err.(refusedRequest) // as all of them are
		t.refuseWith(w, out, refused.status, refused.shown)
		return
	}
	ctx := within(r.Context(), t.Limits.Time)
	defer ctx.stop()
	leave, err := t.admit(ctx)
	if err != nil {
		t.turnAway(w, out, err)
		return
	}
	defer leave()
	params.Headers = r.Header
	op, d, refused := t.exec.prepare(ctx, &params)
	out.of(op)
	if refused != nil {
		resp := t.exec.reject(ctx, t.capped(refused))
		out.became(nil, resp)
		t.once(w, r, media, op, resp)
		return
	}
	if r.Method == http.MethodGet && op.Operation.Operation != ast.Query {
		header.Set("Allow", "POST")
		t.refuse(w, out, http.StatusMethodNotAllowed, "Only a query can be made by GET.")
		return
	}
	if op.Operation.Operation == ast.Subscription {
		if media != mediaStream {
			t.refuse(w, out, http.StatusBadRequest, "A subscription is answered by a stream: send Accept: "+mediaStream+".")
			return
		}
		leave() // it waits more than it works
		t.subscribe(w, r, op, d, out)
		return
	}
	resp := t.exec.respond(ctx, op, d)
	if resp == nil {
		resp = t.tooLate()
	}
	defer resp.release()
	out.became(d, resp)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		out.Limit = limitTime
	}
	t.once(w, r, media, op, resp)
}

// once sends an answer that is whole, in the form that the client prefers.
func (t transport) once(w http.ResponseWriter, r *http.Request, media string, op *graphql.OperationContext, resp *answer) {
	if media != mediaStream {
		t.write(w, r, media, op, resp)
		return
	}
	t.open(w).last(resp)
}

// failure is the answer that holds one error of ours.
func failure(code problem.Code, message string) *answer {
	return &answer{Errors: gqlerror.List{{Message: message, Extensions: map[string]any{"code": code}}}}
}

// refuse answers a request that does not become an operation that runs.
func (t transport) refuse(w http.ResponseWriter, out *Outcome, status int, message string) {
	t.refuseWith(w, out, status, problem.New(problem.BadRequest, message))
}

func (transport) refuseWith(w http.ResponseWriter, out *Outcome, status int, err *problem.Error) {
	out.Refused, out.Limit = err.Code, err.Limit
	problem.Refuse(w, status, err)
}

// capped keeps the number of request errors within the limit: validation can find
// very many in a short document. The last then says how many more there are.
func (t transport) capped(list gqlerror.List) gqlerror.List {
	most := t.Limits.RequestErrors
	if len(list) <= most {
		return list
	}
	rest := problem.Error{
		Code: problem.ValidationFailed, Limit: limitErrors, Most: most, Message: fmt.Sprintf("There are %d more errors.", len(list)-most),
	}
	return append(list[:most:most], &gqlerror.Error{Message: rest.Message, Extensions: rest.Extensions()})
}
