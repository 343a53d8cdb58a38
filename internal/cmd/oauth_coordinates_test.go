package cmd

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// ceiling is what a client may do: what it was granted, of what a role's column of the matrix holds. It is worked out from
// the matrix's file alone.
type ceiling struct {
	m       *table
	creator string // a demo user, whose role the creator holds
	granted grants
}

// holds says whether a client may do something under a permission.
func (c ceiling) holds(permission, action string) bool {
	return c.m.holds(c.creator, permission) && slices.ContainsFunc(c.granted, func(g vars) bool {
		return slices.Contains(g["actions"].([]string), action) && c.implies(g["permission"].(string), permission, 0)
	})
}

func (c ceiling) implies(permission, other string, depth int) bool {
	return permission == other || depth < 10 && slices.ContainsFunc(strings.Split(c.m.row(permission)[2], ";"), func(next string) bool {
		return next != "" && c.implies(next, other, depth+1)
	})
}

func (c ceiling) met(d demand) bool {
	switch d.kind {
	case anyone, member:
		return true
	case holder:
		return c.holds(d.permission, d.action)
	}
	return false
}

// judge says what should have been seen of a probe instead, "" when all is well.
func (c ceiling) judge(s *ast.Schema, p probe, got observation) string {
	steps := p.steps
	if p.mutates() {
		steps = steps[:1] // the input is wrong, so there is no payload of which something could be denied
	}
	for _, at := range steps {
		var failing []demand
		for _, d := range demands(s, at) {
			if !c.met(d) {
				failing = append(failing, d)
			}
		}
		if len(failing) > 0 {
			return judgeDenial(got, at, owner, failing)
		}
	}
	at := p.last()
	mask := at.field != "" && at.argument == "" && !c.holds("PERSONAL_DATA", "READ") && maskOf(s, at.object, at.field) != ""
	if !got.allowed || got.masked != mask {
		return fmt.Sprintf("allowed, masked: %t", mask)
	}
	return ""
}

// TestOAuthClientCoordinates is TestCoordinates for clients: every field, guarded argument, mutation and
// subscription of the schema, asked by clients with several grants, is seen or denied as their grants and their creator's column of the matrix say.
func TestOAuthClientCoordinates(t *testing.T) {
	t.Parallel()
	s, m := load(t, sdl(t)), published(t)
	p := startDemo(t, "--redis-url", startRedis(t).url())
	b := busOn(t, p.redis)
	all := probes(t, s, nodeIDs(t, p.as(owner), s))
	var everything, reading grants
	for _, permission := range m.permissions() {
		everything = append(everything, grantOf(permission, "READ", "CREATE", "UPDATE", "DELETE"))
		reading = append(reading, grantOf(permission, "READ"))
	}
	for _, row := range []struct {
		name    string
		maker   string
		granted grants
		creator string   // whose column holds when the client asks
		roles   []string // that the maker is given before, nil for their own
	}{
		{"logs, by a Developer", developer, grants{grantOf("PRODUCT_LOGS", "READ")}, developer, nil},
		{"keys to make and not to see, with personal data", developer, grants{grantOf("API_CREDENTIALS", "CREATE"), grantOf("PERSONAL_DATA", "READ")}, developer, nil},
		{"keys and users to see, numbers and bills, masked", owner, grants{
			grantOf("API_CREDENTIALS", "READ", "DELETE"), grantOf("USER_MANAGEMENT", "READ"), grantOf("MANAGE_PHONE_NUMBERS", "READ"),
			grantOf("BILLING_HISTORY_AND_SETTINGS", "READ"),
		}, owner, nil},
		{"nothing that can be read", owner, grants{grantOf("USAGE", "DELETE")}, owner, nil},
		{"everything, by the Owner", owner, everything, owner, nil},
		{"everything to read, by an Administrator", administrator, reading, administrator, nil},
		{"everything, by an Administrator who is of Support now", administrator, everything, support, []string{"SUPPORT"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := p.as(row.maker).makeClient(row.name[:10], row.granted)
			if row.roles != nil {
				p.setRoles(t, row.maker, row.roles...)
			}
			robot, seen := p.asClient(c), map[asked]observation{}
			for _, group := range grouped(all, true) {
				observeGroup(t, b, robot, row.name, group, seen)
			}
			limit := ceiling{m, row.creator, row.granted}
			wrong := 0
			for _, one := range all {
				got, known := seen[asked{row.name, one.name}]
				want := "asked"
				if known {
					want = limit.judge(s, one, got)
				}
				if want == "" {
					continue
				}
				if wrong++; wrong <= 10 {
					t.Errorf("%s:\n got %+v\nwant %s", one.name, got, want)
				}
			}
			t.Logf("%d probes, %d wrong", len(all), wrong)
		})
	}
}
