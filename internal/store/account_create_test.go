package store_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

func TestCreateAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s, i := db.Empty(t), invitation(t)
		n := identity.NewAccount{Name: "Halyard Freight", OwnerEmail: "Ada@example.com"}
		if err := s.CreateAccount(t.Context(), n, i); err != nil {
			t.Fatal(err)
		}
		c, err := s.CredentialOf(t.Context(), "ada@example.com")
		if err != nil || c.PasswordHash != "" || !reflect.DeepEqual(c.Roles, []policy.Role{policy.Owner}) {
			t.Fatalf("%+v, %v", c, err)
		}
		for name, check := range map[string]func() (any, error){
			"balance": func() (any, error) {
				m, err := s.Balance(t.Context(), everything(c.Account, model.Money{}))
				return m.Amount.String() + " " + m.Currency, err
			},
			"settings": func() (any, error) {
				p, err := s.Settings(t.Context(), everything(c.Account, model.ProjectSettings{}))
				return p.FriendlyName + " " + string(p.Status) + " " + p.TimeZone + " " + p.DateCreated.UTC().String(), err
			},
			"billing": func() (any, error) {
				b, err := s.BillingSettings(t.Context(), everything(c.Account, model.BillingSettings{}))
				return b.CompanyName + " " + b.InvoiceEmail + " " + b.Currency, err
			},
			"Flex": func() (any, error) {
				f, err := s.FlexConfiguration(t.Context(), everything(c.Account, model.FlexConfiguration{}))
				return string(f.Status) + " " + f.DateCreated.UTC().String(), err
			},
			"owner": func() (any, error) {
				u, err := s.User(t.Context(), everything(c.Account, model.User{}), c.SID)
				return u.Name + " " + u.Email, err
			},
		} {
			want := map[string]any{
				"balance": "0 USD", "settings": "Halyard Freight ACTIVE UTC " + i.Created.UTC().String(),
				"billing": "Halyard Freight ada@example.com USD", "Flex": "NOT_STARTED " + i.Created.UTC().String(), "owner": "ada ada@example.com",
			}[name]
			if got, err := check(); err != nil || got != want {
				t.Errorf("%s: %v, %v; want %v", name, got, err, want)
			}
		}
		if demo, err := s.Demo(t.Context()); err != nil || demo {
			t.Errorf("marked as a demo: %v, %v", demo, err)
		}
		account, err := s.Invited(t.Context(), i.TokenHash, i.Created)
		if err != nil {
			t.Fatal(err)
		}
		if email, err := s.AcceptInvitation(t.Context(), as(account, ""), i.TokenHash, newHash, i.Created, mayAll); err != nil || email != "ada@example.com" {
			t.Errorf("accepting: %q, %v", email, err)
		}
	})
}

func TestCreateAccountRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		good := identity.NewAccount{Name: "Halyard Freight", OwnerEmail: "ada@example.com"}
		t.Run("there is one", func(t *testing.T) {
			s := db.Demo(t)
			before := everyRow(t, s)
			if err := s.CreateAccount(t.Context(), good, invitation(t)); !errors.Is(err, store.ErrNotEmpty) {
				t.Errorf("%v, want ErrNotEmpty", err)
			}
			if !reflect.DeepEqual(before, everyRow(t, s)) {
				t.Error("something changed")
			}
		})
		t.Run("an address that is none", func(t *testing.T) {
			s := db.Empty(t)
			wantProblem(t, s.CreateAccount(t.Context(), identity.NewAccount{Name: "Halyard", OwnerEmail: "ada"}, invitation(t)), problem.BadUserInput)
			if empty, err := s.Empty(t.Context()); err != nil || !empty {
				t.Errorf("empty: %v, %v", empty, err)
			}
		})
		t.Run("the last step fails", func(t *testing.T) {
			s := db.Empty(t)
			if _, err := s.DB().Exec("ALTER TABLE invitations RENAME TO gone"); err != nil {
				t.Fatal(err)
			}
			if err := s.CreateAccount(t.Context(), good, invitation(t)); err == nil {
				t.Error("no error")
			}
			for table, rows := range everyRow(t, s) {
				if rows != 0 {
					t.Errorf("%s has %d rows", table, rows)
				}
			}
		})
		t.Run("two at the same time", func(t *testing.T) {
			s := db.Empty(t)
			results := make(chan error)
			for range 2 {
				i := invitation(t)
				go func() { results <- s.CreateAccount(t.Context(), good, i) }()
			}
			one, other := <-results, <-results
			if (one == nil) == (other == nil) || !errors.Is(errors.Join(one, other), store.ErrNotEmpty) {
				t.Errorf("%v and %v; want one account", one, other)
			}
		})
	})
}

// everyRow counts the rows of what an account has.
func everyRow(t *testing.T, s *store.Store) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{"accounts", "users", "billing_settings", "flex_configurations"} {
		var n int
		if err := s.DB().QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}
