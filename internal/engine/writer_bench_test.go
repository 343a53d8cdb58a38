package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/bench"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
)

// numbers are the resolvers of the benchmarks: an account with phone numbers.
type (
	numbers struct {
		graph.ResolverRoot
		list *model.PhoneNumberConnection
	}
	numbersQuery struct {
		graph.QueryResolver
	}
	numbersAccount struct {
		graph.AccountResolver
		list *model.PhoneNumberConnection
	}
)

func (n numbers) Query() graph.QueryResolver     { return numbersQuery{} }
func (n numbers) Account() graph.AccountResolver { return numbersAccount{list: n.list} }

func (numbersQuery) Account(context.Context) (*model.Account, error) {
	return &model.Account{ID: "QWNjb3VudDox", Sid: "AC1", FriendlyName: "Account", Status: "ACTIVE"}, nil
}

func (a numbersAccount) PhoneNumbers(context.Context, *model.Account, *int, *string, *string, *string, *string) (*model.PhoneNumberConnection, error) {
	return a.list, nil
}

// BenchmarkAnswer is what the data of an answer costs, beside what gqlgen's own executor takes for the same:
// one operation on n objects of eight fields each, and a small one.
func BenchmarkAnswer(b *testing.B) {
	list := func(n int) *model.PhoneNumberConnection {
		c := &model.PhoneNumberConnection{}
		for i := range n {
			c.Edges = append(c.Edges, &model.PhoneNumberEdge{Node: model.PhoneNumber{
				ID: fmt.Sprintf("UGhvbmVOdW1iZXI6UE4%024d", i), Sid: fmt.Sprintf("PN%032d", i), PhoneNumber: fmt.Sprintf("+1555%07d", i),
				FriendlyName: fmt.Sprint("Number ", i), Status: "in-use", Beta: i%2 == 0, AddressRequirements: "NONE",
				DateCreated: time.Date(2026, 3, 1, 12, 0, i%60, 0, time.UTC),
			}})
		}
		return c
	}
	schema := graph.NewGuardedSchema(graph.Config{}).Schema()
	table, faults := policy.Compile(schema, policy.Published())
	if faults != nil {
		b.Fatal(faults)
	}
	all := policy.Published().Granted(everything())
	cfg := configOf(b, guest())
	cfg.Table, cfg.Views = table, engine.NewViews(engine.IntrospectionRole, schema, table)
	cfg.Caller = func(context.Context) policy.Set { return all }
	cfg.Limits.Cost = 1 << 30
	const fields = "id sid phoneNumber friendlyName status beta addressRequirements dateCreated"
	for _, row := range []struct {
		name string
		n    int
		text string
	}{
		{"small", 0, "{ account { id sid friendlyName status } }"},
		{"10x8", 10, "{ account { phoneNumbers { edges { node { " + fields + " } } } } }"},
		{"1000x8", 1000, "{ account { phoneNumbers { edges { node { " + fields + " } } } } }"},
		{"10000x8", 10000, "{ account { phoneNumbers { edges { node { " + fields + " } } } } }"},
	} {
		run, err := engine.Running(graph.NewGuardedSchema(graph.Config{Resolvers: numbers{list: list(row.n)}}), cfg, row.text)
		if err != nil {
			b.Fatal(err)
		}
		var written, plain []byte
		run(false, func(r engine.Ran) { written = bytes.Clone(r.Data) })
		run(true, func(r engine.Ran) { plain = r.Data })
		if !bytes.Equal(written, plain) {
			b.Fatalf("%.500s\nand by gqlgen\n%.500s", written, plain)
		}
		for _, by := range []string{"writers", "gqlgen"} {
			b.Run(row.name+"/"+by, func(b *testing.B) {
				b.SetBytes(int64(len(plain)))
				b.ReportAllocs()
				defer bench.CPU(b)()
				for b.Loop() {
					run(by == "gqlgen", func(engine.Ran) {})
				}
			})
		}
	}
}

// everything are all actions of all rows.
func everything() (grants []policy.Grant) {
	for _, row := range policy.Published().Rows() {
		grants = append(grants, policy.Grant{Permission: row.Permission, Actions: policy.Actions()})
	}
	return grants
}
