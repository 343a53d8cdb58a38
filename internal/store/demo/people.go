package demo

import (
	"slices"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
)

// Account is an account of the demo.
type Account struct {
	SID   string
	Name  string
	Users []User
	// domain is where the account's webhooks are.
	domain string
}

// User is a user of the demo. All have the password that Fill was given the hash of.
type User struct {
	SID   string
	Email string
	Name  string
	Role  policy.Role
}

// With is the account's user with this role, the zero User if there is none.
func (a Account) With(role policy.Role) User {
	i := slices.IndexFunc(a.Users, func(u User) bool { return u.Role == role })
	if i < 0 {
		return User{}
	}
	return a.Users[i]
}

// Main is the account with one user for each role and much of everything.
func Main() Account {
	return account("Halyard Freight", "hooks.example.com",
		User{Email: "owner@example.com", Name: "Ingrid Halvorsen", Role: policy.Owner},
		User{Email: "administrator@example.com", Name: "Tomás Aguilar", Role: policy.Administrator},
		User{Email: "developer@example.com", Name: "Priya Raman", Role: policy.Developer},
		User{Email: "billing@example.com", Name: "Colette Marchand", Role: policy.BillingManager},
		User{Email: "support@example.com", Name: "Daniel Okafor", Role: policy.Support})
}

// Second is another account, with a little of everything, none of which a user of Main
// may see.
func Second() Account {
	return account("Brightwater Field Services", "second.example.com",
		User{Email: "owner@second.example.com", Name: "Mara Lindqvist", Role: policy.Owner},
		User{Email: "support@second.example.com", Name: "Felix Obermann", Role: policy.Support})
}

func account(name, domain string, users ...User) Account {
	r := stream(name)
	a := Account{SID: sid(r, "AC"), Name: name, Users: users, domain: domain}
	for i := range users {
		users[i].SID = sid(r, "US")
	}
	return a
}

func accountRows(a Account, today time.Time) rows {
	t := rows{table: "accounts", columns: []string{
		"sid", "friendly_name", "status", "type", "time_zone", "ssl_certificate_validation", "two_factor_required",
		"only_owner_manages_administrators", "balance_micros", "balance_unit", "date_created", "date_updated", "owner_id",
	}}
	t.add(a.SID, a.Name, "ACTIVE", "FULL", "America/Chicago", true, false,
		false, int64(2_417_830_000), currency, at(opened(today)), at(today.AddDate(0, -1, 0)), a.With(policy.Owner).SID)
	return t
}

// opened is when the accounts were made.
func opened(today time.Time) time.Time { return today.AddDate(-3, 0, 0).Add(9 * time.Hour) }

// invitationRows are invitations whose links nobody has.
func invitationRows(a Account, today time.Time) rows {
	r := stream(a.Name + "/invitations")
	_, domain, _ := strings.Cut(a.With(policy.Owner).Email, "@")
	t := rows{table: "invitations", columns: []string{
		"sid", "account_sid", "email", "name", "roles", "invited_by_sid", "token_hash", "date_created", "date_updated", "date_expires",
	}}
	for i, invited := range []struct {
		before, roles string
		name          any
	}{
		{"noor", "DEVELOPER", "Noor Haddad"}, {"liam", "BILLING_MANAGER,SUPPORT", nil}, {"hana", "ADMINISTRATOR", "Hana Sato"},
	} {
		made := today.Add(-time.Duration(i+1) * 9 * time.Hour)
		t.add(sid(r, "IN"), a.SID, invited.before+"@"+domain, invited.name, invited.roles, a.With(policy.Owner).SID,
			sid(r, "")+sid(r, ""), at(made), at(made), at(made.AddDate(0, 0, 7)))
	}
	return t
}

func userRows(a Account, passwordHash string, today time.Time) rows {
	r := stream(a.Name + "/users")
	t := rows{table: "users", columns: []string{
		"sid", "account_sid", "email", "name", "roles", "password_hash", "last_sign_in", "date_created", "date_updated",
	}}
	for i, u := range a.Users {
		made := opened(today).AddDate(0, i, 0)
		var signedIn any
		if u.Role != policy.Support { // who has never signed in must be seen too
			signedIn = at(today.Add(-time.Duration(1+r.IntN(200)) * time.Hour))
		}
		t.add(u.SID, a.SID, u.Email, u.Name, string(u.Role), passwordHash, signedIn, at(made), at(made))
	}
	return t
}
