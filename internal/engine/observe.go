package engine

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Observer is told what becomes of requests, for figures and traces. What it is told holds nothing
// of a request's text but the operation's name, and nothing of its data.
type Observer interface {
	// Operation is called when a request begins. Its work goes on in the context that is returned,
	// and the function is called once, when it is answered.
	Operation(ctx context.Context) (context.Context, func(Outcome))
	// Authorize is called when an operation is about to be decided, and the function when it is.
	Authorize(ctx context.Context) (context.Context, func())
}

// ResolverObserver is an Observer that can be told of each resolver that runs.
type ResolverObserver interface {
	Observer
	// Resolvers is called when an operation of ctx begins. The function that it gives is called when a resolver is about
	// to run, with the field's coordinate, such as Account.calls: the resolver runs in the context that is returned, and done is
	// called once it has. It is nil for nobody who wants to know.
	Resolvers(ctx context.Context) func(ctx context.Context, coordinate string) (_ context.Context, done func(failed bool))
}

// StreamObserver is an Observer that is also told of what lasts.
type StreamObserver interface {
	Observer
	// Socket is called when a WebSocket opens. Its operations go on in the context that is returned, each of which
	// the Observer is told of, and the function is called once, with the code by which it was closed (RFC 6455,
	// section 7.4): 1000 when the client did, with whatever code, and 1006 when the connection was lost.
	Socket(ctx context.Context) (context.Context, func(code int))
	// Subscription is called when a subscription begins, and the function when it has ended.
	Subscription(ctx context.Context) (ended func())
}

// subscribed tells the Observer of a subscription that begins, and that it has ended when the function is called.
func (c *Config) subscribed(ctx context.Context) (ended func()) {
	if o, ok := c.Observer.(StreamObserver); ok {
		return o.Subscription(ctx)
	}
	return func() {}
}

// Outcome is what became of a request.
type Outcome struct {
	Type ast.Operation // empty when the request did not become an operation
	Name string        // as the client calls it, of any length; empty for none
	// Refused says why nothing of it ran, and is empty when it ran.
	Refused problem.Code
	// Limit names the limit for which it was refused or ended, and is empty when there was none.
	Limit string
	// Failed counts the errors of what ran by their codes, denials left out. It may be nil.
	Failed map[problem.Code]int
	// Decided is what each rule has decided, in no particular order.
	Decided []Decided
}

// of notes which operation a request is, once that is known.
func (out *Outcome) of(op *graphql.OperationContext) {
	if op != nil && op.Operation != nil {
		out.Type, out.Name = op.Operation.Operation, op.Operation.Name
	}
}

// became notes what became of an operation, which has no decision when it was refused before.
func (out *Outcome) became(d *Decision, resp *answer) {
	if resp.Data == nil && len(resp.Errors) > 0 {
		out.Refused = codeOf(resp.Errors[0])
		out.Limit, _ = resp.Errors[len(resp.Errors)-1].Extensions["limit"].(string) // where it is not the only one it is about the others
	}
	if d != nil {
		out.Failed, out.Decided = d.failed, d.counts.sum()
	}
}

// streamed notes what became of a subscription.
func (out *Outcome) streamed(d *Decision, s *streamed) {
	out.became(d, &s.first)
	out.Failed = s.failed
}

// Decided counts what one rule has decided of an operation. A position that several rules guard counts
// for each when it is allowed, and for the first that the caller does not pass when it is denied.
type Decided struct {
	Rule policy.Rule
	// Allowed, Denied and Masked count places of the operation, not of its answer: what is selected in a
	// list counts once, and what is selected of several types once for each.
	Allowed, Denied, Masked int
	// Denials counts those of the answer: each null position, or each root field for which a mutation is
	// refused.
	Denials int
}

// counts is what was decided of one operation. Nil counts nothing.
type counts struct {
	allowed []int32 // by check
	rules   [][]policy.Rule
	decided []Decided
}

// rulesOf lists the rules of each check.
func rulesOf(t *policy.Table) [][]policy.Rule {
	rules := make([][]policy.Rule, t.Checks())
	for i := range rules {
		rules[i] = t.Rules(policy.Check(i))
	}
	return rules
}

// count has what is decided counted, when there is someone to tell.
func (c *Config) count(d *Decision) {
	if c.Observer != nil {
		d.counts = &d.counted
		d.counted = counts{allowed: make([]int32, len(c.rules)), rules: c.rules}
	}
}

// allow counts a place of the operation that passes a check.
func (t *counts) allow(c policy.Check) {
	if t != nil && int(c) < len(t.allowed) {
		t.allowed[c]++
	}
}

// of is the count of a rule.
func (t *counts) of(r policy.Rule) *Decided {
	for i := range t.decided {
		if t.decided[i].Rule == r {
			return &t.decided[i]
		}
	}
	t.decided = append(t.decided, Decided{Rule: r})
	return &t.decided[len(t.decided)-1]
}

// deny counts a place of the operation that does not pass a rule.
func (t *counts) deny(r policy.Rule) {
	if t != nil {
		t.of(r).Denied++
	}
}

// mask counts a selection that is shown masked to who does not pass a check.
func (t *counts) mask(c policy.Check, masked bool) {
	if !masked {
		t.allow(c)
	} else if t != nil && int(c) < len(t.rules) && len(t.rules[c]) > 0 {
		t.of(t.rules[c][0]).Masked++
	}
}

// denials counts so many in the answer.
func (t *counts) denials(r policy.Rule, n int) {
	if t != nil {
		t.of(r).Denials += n
	}
}

// sum is everything that was counted.
func (t *counts) sum() []Decided {
	if t == nil {
		return nil
	}
	if t.decided == nil {
		t.decided = make([]Decided, 0, 4)
	}
	for check, n := range t.allowed {
		if n == 0 {
			continue
		}
		for _, r := range t.rules[check] {
			t.of(r).Allowed += int(n)
		}
	}
	return t.decided
}

// codes counts errors by their codes.
func codes(list gqlerror.List) map[problem.Code]int {
	if len(list) == 0 {
		return nil
	}
	n := map[problem.Code]int{}
	for _, err := range list {
		n[codeOf(err)]++
	}
	return n
}

// codeOf is the code that an error shows: ours or, as a plain text, gqlgen's own.
func codeOf(err *gqlerror.Error) problem.Code {
	if text, ok := err.Extensions["code"].(string); ok {
		return problem.Code(text)
	}
	code, _ := err.Extensions["code"].(problem.Code)
	return code
}
