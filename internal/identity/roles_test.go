package identity

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// people of one account, one for each role and one more Administrator; and someone of
// another account.
func people() []Member {
	person := func(sid, account string, roles ...policy.Role) Member {
		return Member{SID: sid, Account: account, Email: sid + "@example.com", Roles: roles}
	}
	return []Member{
		person("owner", account, policy.Owner),
		person("admin", account, policy.Administrator),
		person("admin2", account, policy.Administrator),
		person("developer", account, policy.Developer),
		person("billing", account, policy.BillingManager),
		person("support", account, policy.Support),
		person("stranger", elsewhere, policy.Support),
		{SID: "federatedAdmin", Account: account, Email: "admin@corp.example", Roles: []policy.Role{policy.Administrator}, Issuer: corp},
		{SID: "federated", Account: account, Email: "federated@corp.example", Roles: []policy.Role{policy.Support}, Issuer: corp},
	}
}

// corp is another issuer.
const corp = "https://login.corp.example"

// actor is a user as their token says, which is what SQL says too.
func (b *bench) actor(sid string) Actor {
	m := b.memory.member(sid)
	return Actor{SID: m.SID, Account: m.Account, Roles: m.Roles}
}

func TestSetRoles(t *testing.T) {
	const (
		owner, admin, developer, billing, support = policy.Owner, policy.Administrator, policy.Developer, policy.BillingManager, policy.Support
	)
	roles := func(r ...policy.Role) []policy.Role { return r }
	for _, row := range []struct {
		name          string
		actor, target string
		roles         []policy.Role
		onlyOwner     bool
		code          problem.Code // empty when it is allowed
	}{
		{"the Owner makes a Developer", "owner", "support", roles(developer), false, ""},
		{"an Administrator makes a Developer", "admin", "support", roles(developer), false, ""},
		{"three roles combine", "admin", "support", roles(developer, billing, support), false, ""},
		{"the same roles", "admin", "support", roles(support), false, ""},
		{"an Administrator makes another", "admin", "support", roles(admin), false, ""},
		{"an Administrator demotes another", "admin", "admin2", roles(support), false, ""},
		{"an Administrator steps down", "admin", "admin", roles(support), false, ""},

		{"only the Owner makes Administrators", "admin", "support", roles(admin), true, problem.Forbidden},
		{"only the Owner changes Administrators", "admin", "admin2", roles(support), true, problem.Forbidden},
		{"nor may they step down", "admin", "admin", roles(support), true, problem.Forbidden},
		{"the Owner may make one", "owner", "support", roles(admin), true, ""},
		{"the Owner may change one", "owner", "admin", roles(support), true, ""},
		{"others stay the Administrators' to change", "admin", "support", roles(billing), true, ""},

		{"the Owner is not touched by an Administrator", "admin", "owner", roles(support), false, problem.Forbidden},
		{"nor by themselves", "owner", "owner", roles(admin), false, problem.Forbidden},
		{"nobody is made Owner", "owner", "support", roles(owner), false, problem.BadUserInput},
		{"nor Owner and more", "owner", "support", roles(owner, support), false, problem.BadUserInput},
		{"the Owner stays the Owner by transfer alone", "owner", "owner", roles(owner), false, problem.BadUserInput},

		{"a Developer changes nobody", "developer", "support", roles(developer), false, problem.Forbidden},
		{"nor themselves", "developer", "developer", roles(admin), false, problem.Forbidden},
		{"a Billing Manager changes nobody", "billing", "support", roles(support), false, problem.Forbidden},
		{"a Support changes nobody", "support", "developer", roles(support), false, problem.Forbidden},

		{"someone whose roles another issuer gives", "admin", "federated", roles(developer), false, problem.Conflict},
		{"nor does the Owner change them", "owner", "federated", roles(support), false, problem.Conflict},
		{"nor a Developer", "developer", "federated", roles(developer), false, problem.Forbidden},
		{"nor does a Developer suspend them", "developer", "federated", nil, false, problem.Forbidden},
		{"none but the Owner suspends an Administrator", "admin", "federatedAdmin", nil, true, problem.Forbidden},

		{"someone of another account", "admin", "stranger", roles(developer), false, problem.NotFound},
		{"someone unknown", "admin", "nobody", roles(developer), false, problem.NotFound},
		{"nobody", "admin", "", roles(developer), false, problem.NotFound},

		{"no roles", "admin", "support", nil, false, problem.BadUserInput},
		{"an unknown role", "admin", "support", roles("GOD"), false, problem.BadUserInput},
		{"a role twice", "admin", "support", roles(support, support), false, problem.BadUserInput},
		{"Administrator and more", "admin", "support", roles(admin, support), false, problem.BadUserInput},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t, people()...)
			b.memory.onlyOwner = row.onlyOwner
			before, _ := b.memory.rolesOf(row.target)
			open, _ := b.open(cmp.Or(row.target, "support"))
			err := b.setRoles(b.actor(row.actor), row.target, row.roles)
			after, _ := b.memory.rolesOf(row.target)
			if row.code == "" {
				if err != nil || !slices.Equal(after, row.roles) || !slices.Equal(b.usable(open), texts(row.roles)) {
					t.Errorf("%v: roles %v, of the session %v", err, after, b.usable(open))
				}
				if len(b.memory.outbox) != 0 {
					t.Errorf("outbox %v", b.memory.outbox)
				}
				return
			}
			if problem.CodeOf(err) != row.code || !slices.Equal(after, before) {
				t.Errorf("%v, want %s; roles %v", err, row.code, after)
			}
			if b.usable(open) == nil {
				t.Error("a refused change has blocked the target's sessions")
			}
		})
	}
}

// TestSuspend: whoever manages users cuts off at once who comes from another issuer, by giving them no roles.
func TestSuspend(t *testing.T) {
	for _, target := range []string{"federated", "federatedAdmin"} {
		b := newBench(t, people()...)
		open, refresh := b.open(target)
		b.check(b.setRoles(b.actor("admin"), target, nil))
		if _, err := b.memory.MemberOf(t.Context(), target); problem.CodeOf(err) != problem.NotFound {
			t.Errorf("%s: %v", target, err)
		}
		if _, err := b.sessions.Redeem(t.Context(), refresh); b.usable(open) != nil || !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: the session is good for %v, its refresh token: %v", target, b.usable(open), err)
		}
	}
}

func TestSetRolesInputPath(t *testing.T) {
	b := newBench(t, people()...)
	for _, roles := range [][]policy.Role{{policy.Owner}, nil} {
		err := b.setRoles(b.actor("owner"), "support", roles)
		var p *problem.Error
		if !errors.As(err, &p) || !slices.Equal(p.InputPath, []string{"input", "roles"}) {
			t.Errorf("%v: %+v", roles, err)
		}
	}
}

// TestActorLosesRoleMeanwhile is about an actor whose token is older than their roles.
func TestActorLosesRoleMeanwhile(t *testing.T) {
	b := newBench(t, people()...)
	old := b.actor("admin")
	b.check(b.setRoles(b.actor("owner"), "admin", []policy.Role{policy.Support}))
	open, _ := b.open("developer")
	// They hold all of what they give here, so that nothing else forbids it.
	if err := b.setRoles(old, "developer", []policy.Role{policy.Support}); problem.CodeOf(err) != problem.Forbidden {
		t.Errorf("an Administrator no more: %v", err)
	}
	if b.usable(open) == nil {
		t.Error("a refused change has blocked the target's sessions")
	}
}

// TestActorLosesRoleWithinTransaction takes the actor's role after the check has passed
// and before the commit: the check is made again.
func TestActorLosesRoleWithinTransaction(t *testing.T) {
	b := newBench(t, people()...)
	actor := b.actor("admin")
	open, _ := b.open("support")
	b.memory.step = func(name string) error {
		if name != "commit" {
			return nil
		}
		b.memory.step = nil
		return b.setRoles(b.actor("owner"), "admin", []policy.Role{policy.Support})
	}
	err := b.setRoles(actor, "support", []policy.Role{policy.Administrator})
	if problem.CodeOf(err) != problem.Forbidden {
		t.Errorf("%v, want FORBIDDEN", err)
	}
	if got := b.usable(open); !slices.Equal(got, []string{"SUPPORT"}) {
		t.Errorf("the block of the attempt was not lifted: %v", got)
	}
}

// TestGrantWhatOneLacks uses a matrix that takes billing from Administrators.
func TestGrantWhatOneLacks(t *testing.T) {
	csv, err := os.ReadFile("../../auth/policy/matrix.csv")
	if err != nil {
		t.Fatal(err)
	}
	const published, edited = "Billing History & Settings,,x,x,,x,,", "Billing History & Settings,,x,,,x,,"
	if !strings.Contains(string(csv), published) {
		t.Fatal("the row of the matrix that this test edits is not there")
	}
	matrix, err := policy.ParseMatrix(strings.NewReader(strings.Replace(string(csv), published, edited, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, actor, target string
		roles               []policy.Role
		code                problem.Code
	}{
		{"lacks it", "admin", "support", []policy.Role{policy.BillingManager}, problem.Forbidden},
		{"lacks it, to themselves", "admin", "admin", []policy.Role{policy.BillingManager}, problem.Forbidden},
		{"lacks it, in company", "admin", "support", []policy.Role{policy.Support, policy.BillingManager}, problem.Forbidden},
		{"the target has it already", "admin", "billing", []policy.Role{policy.Support, policy.BillingManager}, ""},
		{"takes it", "admin", "billing", []policy.Role{policy.Support}, ""},
		{"holds it", "owner", "support", []policy.Role{policy.BillingManager}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t, people()...)
			b.matrix = matrix
			err := b.setRoles(b.actor(row.actor), row.target, row.roles)
			if row.code == "" && err != nil || row.code != "" && problem.CodeOf(err) != row.code {
				t.Errorf("%v, want %q", err, row.code)
			}
		})
	}
}
