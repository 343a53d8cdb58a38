package store_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func mainClients() upstream.Scope { return everything(demo.Main().SID, model.OAuthClient{}) }

// grantsAsJSON is how grants are shown that are kept as A:X B:X,Y.
func grantsAsJSON(kept string) string {
	var shown []string
	for one := range strings.SplitSeq(kept, " ") {
		permission, actions, _ := strings.Cut(one, ":")
		shown = append(shown, fmt.Sprintf(`{"permission":%q,"actions":["%s"]}`, permission, strings.ReplaceAll(actions, ",", `","`)))
	}
	return "[" + strings.Join(shown, ",") + "]"
}

// newClient is a client of the main account's Developer.
func newClient(name string) identity.KeptClient {
	return identity.KeptClient{
		NewClient: identity.NewClient{Name: name, Grants: []policy.Grant{
			{Permission: "USAGE", Actions: []policy.Action{policy.Update, policy.Read}}, {Permission: "PRODUCT_LOGS", Actions: []policy.Action{policy.Read}},
		}},
		Creator: demo.Main().With(policy.Developer).SID, SecretHash: "hash of " + name, Ends: storetest.Now().AddDate(1, 0, 0), Most: 20,
	}
}

// testOAuthClients makes, uses and deletes clients.
func testOAuthClients(t *testing.T, s *store.Store) {
	ctx := t.Context()
	made := storetest.Now().Add(123456 * time.Microsecond)
	s.SetNow(func() time.Time { return made })
	n := newClient("Export")
	created, err := s.CreateOAuthClient(ctx, changing(mainClients()), n)
	if err != nil || !created.Fresh {
		t.Fatal(created.Fresh, err)
	}
	client, position := created.Object, created.Position
	wantGrants := []*model.OAuthGrant{
		{Permission: "USAGE", Actions: []model.Action{"READ", "UPDATE"}}, {Permission: "PRODUCT_LOGS", Actions: []model.Action{"READ"}},
	}
	if !regexp.MustCompile(`^OC[0-9a-f]{32}$`).MatchString(client.Sid) || client.Name != "Export" || client.CreatedBySid != n.Creator ||
		!client.ExpiresAt.Equal(n.Ends) || client.LastUsed != nil || !client.DateCreated.Equal(made) || !reflect.DeepEqual(client.Grants, wantGrants) {
		t.Errorf("made %+v", client)
	}
	first, err := s.OAuthClients(ctx, mainClients(), identity.ClientFilter{}, upstream.Page{First: 1})
	if err != nil || first.Items[0].Sid != client.Sid || !slices.Equal(first.Position(0), position) {
		t.Errorf("the list begins with %+v, %v", first.Items, err)
	}

	c, err := s.ClientCredential(ctx, client.Sid)
	if err != nil || c.SID != client.Sid || c.Account != demo.Main().SID || c.Creator != n.Creator || c.Name != "Export" || c.SecretHash != n.SecretHash ||
		!c.Expires.Equal(n.Ends) || len(c.Grants) != 2 || c.Grants[0].Permission != "USAGE" || !slices.Equal(c.Grants[0].Actions, []policy.Action{policy.Read, policy.Update}) {
		t.Errorf("credential %+v, %v", c, err)
	}
	used := made.Add(time.Hour)
	if err := s.ClientUsed(ctx, client.Sid, used); err != nil {
		t.Fatal(err)
	}
	if again, err := s.OAuthClient(ctx, mainClients(), client.Sid); err != nil || again.LastUsed == nil || !again.LastUsed.Equal(used) {
		t.Errorf("used: %+v, %v", again, err)
	}

	t.Run("too many", func(t *testing.T) {
		// The demo has one of the Developer's, and one more was made here.
		n := newClient("Third")
		n.Most = 2
		_, err := s.CreateOAuthClient(ctx, changing(mainClients()), n)
		wantProblem(t, err, problem.Conflict)
		n.Most = 3
		if _, err := s.CreateOAuthClient(ctx, changing(mainClients()), n); err != nil {
			t.Error(err)
		}
	})
	t.Run("idempotency", func(t *testing.T) {
		n := newClient("Once")
		key := "k"
		n.IdempotencyKey = graphql.OmittableOf(&key)
		before, err := s.CreateOAuthClient(ctx, changing(mainClients()), n)
		if err != nil || !before.Fresh {
			t.Fatal(before.Fresh, err)
		}
		n.SecretHash = "hash of another secret"
		again, err := s.CreateOAuthClient(ctx, changing(mainClients()), n)
		if err != nil || again.Fresh || again.Object.Sid != before.Object.Sid {
			t.Errorf("repeated: %+v, %v", again, err)
		}
		if c, err := s.ClientCredential(ctx, before.Object.Sid); err != nil || c.SecretHash != "hash of Once" {
			t.Errorf("the secret has changed: %+v, %v", c, err)
		}
		ends := storetest.Now().AddDate(2, 0, 0)
		for name, change := range map[string]func(*identity.KeptClient){
			"name":   func(n *identity.KeptClient) { n.Name = "Twice" },
			"grants": func(n *identity.KeptClient) { n.Grants = n.Grants[:1] },
			"actions": func(n *identity.KeptClient) {
				n.Grants = []policy.Grant{n.Grants[0], {Permission: "PRODUCT_LOGS", Actions: policy.Actions()}}
			},
			"end": func(n *identity.KeptClient) { n.Expires = &ends },
		} {
			other := n
			change(&other)
			_, err := s.CreateOAuthClient(ctx, changing(mainClients()), other)
			if problem.CodeOf(err) != problem.Conflict {
				t.Errorf("another %s: %v, want CONFLICT", name, err)
			}
		}
		// The same key means something else to another mutation.
		if made, err := s.CreateAPIKey(ctx, by(mainKeys(), "US1", "createApiKey"), model.CreateAPIKeyInput{FriendlyName: "Once", IdempotencyKey: n.IdempotencyKey}); err != nil || made.Secret == nil {
			t.Errorf("the same key for an API key: %v, %v", made.Secret, err)
		}
	})
	t.Run("input", func(t *testing.T) {
		_, err := s.CreateOAuthClient(ctx, changing(mainClients()), newClient(" "))
		wantProblem(t, err, problem.BadUserInput, "input", "name")
		n := newClient("Name")
		n.IdempotencyKey = graphql.OmittableOf(new(string))
		_, err = s.CreateOAuthClient(ctx, changing(mainClients()), n)
		wantProblem(t, err, problem.BadUserInput, "input", "idempotencyKey")
	})
	t.Run("of nobody, and of somebody else's", func(t *testing.T) {
		n := newClient("Stray")
		for _, creator := range []string{"US1", demo.Second().With(policy.Owner).SID} {
			n.Creator = creator
			_, err := s.CreateOAuthClient(ctx, changing(mainClients()), n)
			wantProblem(t, err, problem.NotFound)
		}
		_, err := s.CreateOAuthClient(ctx, changing(upstream.Scope{}), newClient("Stray"))
		wantProblem(t, err, problem.NotFound)
	})
	t.Run("deleted", func(t *testing.T) {
		wantProblem(t, s.DeleteOAuthClient(ctx, changing(everything(demo.Second().SID, model.OAuthClient{})), client.Sid), problem.NotFound)
		if err := s.DeleteOAuthClient(ctx, changing(everything(demo.Main().SID, model.OAuthClient{})), client.Sid); err != nil {
			t.Fatal(err)
		}
		wantProblem(t, s.DeleteOAuthClient(ctx, changing(everything(demo.Main().SID, model.OAuthClient{})), client.Sid), problem.NotFound)
		wantProblem(t, s.ClientUsed(ctx, client.Sid, used), problem.NotFound)
		_, err := s.ClientCredential(ctx, client.Sid)
		wantProblem(t, err, problem.NotFound)
	})
	t.Run("with its creator", func(t *testing.T) {
		sid := someSID(t, s, "oauth_clients", demo.Main().SID)
		c, err := s.ClientCredential(ctx, sid)
		if err != nil {
			t.Fatal(err)
		}
		if c.Creator == demo.Main().With(policy.Owner).SID { // who cannot be deleted
			c.Creator = n.Creator
		}
		if _, err := s.DB().ExecContext(ctx, "DELETE FROM users WHERE sid = $1", c.Creator); err != nil {
			t.Fatal(err)
		}
		left, err := s.OAuthClients(ctx, mainClients(), identity.ClientFilter{CreatedBySID: &c.Creator}, upstream.Page{First: 10})
		if err != nil || len(left.Items) != 0 {
			t.Errorf("left of the creator's: %+v, %v", left.Items, err)
		}
	})
}

// testOAuthClientsOnce: many at the same time do not make more than one may have, nor two of one idempotency key.
func testOAuthClientsOnce(t *testing.T, s *store.Store) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	made := 0
	for range 10 {
		wait.Go(func() {
			n := newClient("Race")
			n.Most = 4 // with the one of the demo
			_, err := s.CreateOAuthClient(t.Context(), changing(mainClients()), n)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if problem.CodeOf(err) != problem.Conflict {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if made != 3 {
		t.Errorf("%d were made, want 3", made)
	}
	sids := map[string]int{}
	for range 10 {
		wait.Go(func() {
			n := newClient("Race")
			key := "race"
			n.IdempotencyKey = graphql.OmittableOf(&key)
			c, err := s.CreateOAuthClient(t.Context(), changing(mainClients()), n)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if c.Fresh {
				sids[c.Object.Sid]++
			} else {
				sids[c.Object.Sid] += 0
			}
		})
	}
	wait.Wait()
	if len(sids) != 1 {
		t.Errorf("%d clients were made", len(sids))
	}
	for _, secrets := range sids {
		if secrets != 1 {
			t.Errorf("the secret was shown %d times", secrets)
		}
	}
}
