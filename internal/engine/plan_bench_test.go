package engine

import (
	"fmt"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/bench"
)

// benched are the operations that are measured.
var benched = []struct{ name, query string }{
	{"small", `{ viewer { email roles } account { sid friendlyName } }`},
	{"list", `{ account { phoneNumbers(first: 1000) { edges { node { id sid phoneNumber friendlyName voiceUrl dateCreated dateUpdated origin } } } } }`},
	{"denied", `{ account {
		phoneNumbers(first: 100) { edges { node { id sid phoneNumber friendlyName } } }
		calls(first: 100) { edges { node { id sid to from status price { amount currency } } } }
		messages(first: 100) { edges { node { id sid to from body price { amount currency } } } }
		usageRecords(first: 100) { edges { node { category price { amount currency } } } }
		apiKeys(first: 100) { edges { node { id sid friendlyName } } }
		users(first: 100) { edges { node { id email } } }
	} }`},
	{"node", `query($id: ID! = "Call") { node(id: $id) { id ... on Call { sid to from } ... on Message { sid body } } }`},
}

// BenchmarkDecide measures what an operation costs that was planned before, for the role support.
func BenchmarkDecide(b *testing.B) {
	s := published(b)
	set, err := policy.Published().Set(policy.Support)
	if err != nil {
		b.Fatal(err)
	}
	grants := s.table.Grants(set)
	for _, row := range benched {
		b.Run(row.name, func(b *testing.B) {
			decide := s.decider(b, row.query, grants)
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				decide()
			}
			stop()
		})
	}
}

// BenchmarkCompile measures what planning an operation costs.
func BenchmarkCompile(b *testing.B) {
	s := published(b)
	cfg := s.config()
	for _, row := range append(benched, struct{ name, query string }{"introspection", read(b, "testdata/queries/introspection.graphql").Input}) {
		b.Run(row.name, func(b *testing.B) {
			doc, err := parse(s.schema, row.query)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				if _, err := newPlan(newPlans(cfg.catalog, doc, doc.Operations[0], true), nil, true); err != nil {
					b.Fatal(err)
				}
			}
			stop()
		})
	}
}

// decider decides an operation that was planned before, with what is observed counted.
func (s subject) decider(b *testing.B, query string, grants policy.Grants) func() {
	doc, err := parse(s.schema, query)
	if err != nil {
		b.Fatal(err)
	}
	cfg := s.config()
	cfg.rules, cfg.Observer = rulesOf(s.table), struct{ Observer }{}
	plans, limits := newPlans(cfg.catalog, doc, doc.Operations[0], false), DefaultLimits()
	return func() {
		d, err := cfg.decidePlan(plans, nil, grants, limits, DenialsEach)
		if err != nil {
			b.Fatal(err)
		}
		d.counts.sum()
	}
}

// BenchmarkDenials measures what 900 denials of nine selections cost, from where they are met to the bytes of the answer.
func BenchmarkDenials(b *testing.B) {
	s := published(b)
	set, err := policy.Published().Set(policy.Support)
	if err != nil {
		b.Fatal(err)
	}
	const rows = 100
	met := s.denials(b, s.table.Grants(set), rows)
	var out []byte
	var w []denial
	b.ReportAllocs()
	stop := bench.CPU(b)
	for b.Loop() {
		d := &Decision{denials: DenialsEach, plan: met.plan, counts: &counts{}, refused: met.refused}
		w = w[:0]
		for i := range rows {
			row := []int32{int32(i)}
			for _, at := range met.at {
				w = append(w, denial{refusal: d.refusal(at.id), at: at, indexes: row})
			}
		}
		d.join(w)
		out = appendErrors(out[:0], d.report(&answer{}, d.take()))
	}
	stop()
	b.ReportMetric(float64(len(out))/float64(rows*len(met.at)), "B/denial")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows*len(met.at)), "ns/denial")
}

// denied is a decision with the denied selections of one list.
type denied struct {
	*Decision
	at []*Selection
}

func (s subject) denials(b *testing.B, grants policy.Grants, rows int) denied {
	query := fmt.Sprintf(`{ account { calls(first: %d) { edges { node {
		a: price { amount } b: price { amount } c: price { amount } d: price { amount } e: price { amount }
		f: price { amount } g: price { amount } h: price { amount } i: price { amount }
	} } } } }`, rows)
	doc, err := parse(s.schema, query)
	if err != nil {
		b.Fatal(err)
	}
	cfg := s.config()
	d, err := cfg.decidePlan(newPlans(cfg.catalog, doc, doc.Operations[0], false), nil, grants, DefaultLimits(), DenialsEach)
	if err != nil {
		b.Fatal(err)
	}
	found := denied{Decision: d}
	d.each(func(s *Selection, _ bool) {
		if d.refusal(s.id) != nil {
			found.at = append(found.at, s)
		}
	})
	if len(found.at) != 9 {
		b.Fatalf("%d selections are denied", len(found.at))
	}
	return found
}
