package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// by is a change within a scope by someone, as the mutation of this name.
func by(s upstream.Scope, principal, mutation string) upstream.Change {
	return upstream.NewChange(s, audit.NewIntent(audit.Intent{User: principal, Coordinate: "Mutation." + mutation}))
}

// changing is a change within a scope by no one in particular.
func changing(s upstream.Scope) upstream.Change { return by(s, "US1", "change") }

// given is what an input says; left out, it says nothing.
func given[T any](value T) graphql.Omittable[*T] { return graphql.OmittableOf(&value) }

// null is what an input says to empty something.
func null[T any]() graphql.Omittable[*T] { return graphql.OmittableOf[*T](nil) }

func mainKeys() upstream.Scope { return everything(demo.Main().SID, model.APIKey{}) }

// testAPIKeys makes, renames and deletes a key.
func testAPIKeys(t *testing.T, s *store.Store) {
	ctx := t.Context()
	scope, other := mainKeys(), everything(demo.Second().SID, model.APIKey{})
	made := storetest.Now().Add(123456 * time.Microsecond)
	s.SetNow(func() time.Time { return made })

	created, err := s.CreateAPIKey(ctx, changing(scope), model.CreateAPIKeyInput{FriendlyName: "Route planner"})
	if err != nil {
		t.Fatal(err)
	}
	key, position, secret := created.Object, created.Position, created.Secret
	if !regexp.MustCompile(`^SK[0-9a-f]{32}$`).MatchString(key.Sid) || key.FriendlyName != "Route planner" ||
		!key.DateCreated.Equal(made) || !key.DateUpdated.Equal(made) {
		t.Errorf("made %+v", key)
	}
	if secret == nil || !regexp.MustCompile(`^[A-Za-z0-9]{32}$`).MatchString(*secret) {
		t.Fatal("the secret is not 32 letters and digits")
	}
	list, err := s.APIKeys(ctx, scope, upstream.APIKeyFilter{}, upstream.Page{First: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(list.Items[0], *key) || !reflect.DeepEqual(list.Position(0), position) {
		t.Error("the list does not begin with the new key at its position")
	}
	sum := sha256.Sum256([]byte(*secret))
	for _, row := range rawRows(t, s, "SELECT * FROM api_keys WHERE sid = $1", key.Sid) {
		if row["secret_hash"] != hex.EncodeToString(sum[:]) {
			t.Error("the hash is not that of the secret")
		}
		for column, value := range row {
			if value == *secret {
				t.Errorf("the secret itself is in %s", column)
			}
		}
	}

	_, err = s.UpdateAPIKey(ctx, changing(other), key.Sid, model.UpdateAPIKeyInput{FriendlyName: "Stolen"})
	wantProblem(t, err, problem.NotFound)
	wantProblem(t, s.DeleteAPIKey(ctx, changing(other), key.Sid), problem.NotFound)
	later := made.Add(time.Hour)
	s.SetNow(func() time.Time { return later })
	renamed, err := s.UpdateAPIKey(ctx, changing(scope), key.Sid, model.UpdateAPIKeyInput{FriendlyName: "Renamed"})
	if err != nil {
		t.Fatal(err)
	}
	want := *key
	want.FriendlyName, want.DateUpdated = "Renamed", later
	if !reflect.DeepEqual(*renamed, want) {
		t.Errorf("renamed to %+v, want %+v", *renamed, want)
	}
	if again, err := s.APIKey(ctx, scope, key.Sid); err != nil || !reflect.DeepEqual(*again, want) {
		t.Errorf("read again: %+v, error %v", again, err)
	}

	if err := s.DeleteAPIKey(ctx, changing(scope), key.Sid); err != nil {
		t.Fatal(err)
	}
	_, err = s.APIKey(ctx, scope, key.Sid)
	wantProblem(t, err, problem.NotFound)
	_, err = s.UpdateAPIKey(ctx, changing(scope), key.Sid, model.UpdateAPIKeyInput{FriendlyName: "Gone"})
	wantProblem(t, err, problem.NotFound)
	wantProblem(t, s.DeleteAPIKey(ctx, changing(scope), key.Sid), problem.NotFound)
	_, err = s.CreateAPIKey(ctx, changing(upstream.Scope{}), model.CreateAPIKeyInput{FriendlyName: "Nobody's"})
	wantProblem(t, err, problem.NotFound)
}

// testIdempotency repeats creates in all the ways that matter.
func testIdempotency(t *testing.T, s *store.Store) {
	ctx := t.Context()
	create := func(scope upstream.Scope, principal, key, name string) (*model.APIKey, *string, error) {
		made, err := s.CreateAPIKey(ctx, by(scope, principal, "createApiKey"), model.CreateAPIKeyInput{
			FriendlyName: name, IdempotencyKey: graphql.OmittableOf(&key),
		})
		return made.Object, made.Secret, err
	}
	one, secret, err := create(mainKeys(), "US1", "k", "Name")
	if err != nil || secret == nil {
		t.Fatalf("secret %v, error %v", secret != nil, err)
	}
	again, secret, err := create(mainKeys(), "US1", "k", "Name")
	if err != nil || secret != nil || again.Sid != one.Sid {
		t.Errorf("a repeated create gave a secret (%v), another key, or error %v", secret != nil, err)
	}
	_, _, err = create(mainKeys(), "US1", "k", "Another name")
	wantProblem(t, err, problem.Conflict)

	for _, row := range []struct {
		name           string
		scope          upstream.Scope
		principal, key string
	}{
		{"another key", mainKeys(), "US1", "k2"},
		{"another principal", mainKeys(), "US2", "k"},
		{"another account", everything(demo.Second().SID, model.APIKey{}), "US1", "k"},
	} {
		t.Run(row.name, func(t *testing.T) {
			other, secret, err := create(row.scope, row.principal, row.key, "Name")
			if err != nil || secret == nil || other.Sid == one.Sid {
				t.Errorf("no new key: secret %v, error %v", secret != nil, err)
			}
		})
	}

	if _, err := s.UpdateAPIKey(ctx, changing(mainKeys()), one.Sid, model.UpdateAPIKeyInput{FriendlyName: "Renamed"}); err != nil {
		t.Fatal(err)
	}
	if again, secret, err := create(mainKeys(), "US1", "k", "Name"); err != nil || secret != nil || again.FriendlyName != "Renamed" {
		t.Errorf("a replay does not read the key anew: %+v, error %v", again, err)
	}
	if err := s.DeleteAPIKey(ctx, changing(mainKeys()), one.Sid); err != nil {
		t.Fatal(err)
	}
	_, _, err = create(mainKeys(), "US1", "k", "Name")
	wantProblem(t, err, problem.NotFound)

	if _, _, err := create(mainKeys(), "", "k", "Name"); err == nil {
		t.Error("an idempotency key of no principal was taken")
	}

	t.Run("at the same time", func(t *testing.T) {
		var wait sync.WaitGroup
		sids, secrets := make([]string, 20), make([]bool, 20)
		for i := range sids {
			wait.Go(func() {
				made, secret, err := create(mainKeys(), "US1", "race", "Name")
				if err != nil {
					t.Error(err)
					return
				}
				sids[i], secrets[i] = made.Sid, secret != nil
			})
		}
		wait.Wait()
		shown := 0
		for i, sid := range sids {
			if sid != sids[0] {
				t.Error("two keys were made")
			}
			if secrets[i] {
				shown++
			}
		}
		if shown != 1 {
			t.Errorf("the secret was shown %d times", shown)
		}
	})
}

func testAPIKeyInput(t *testing.T, s *store.Store) {
	ctx := t.Context()
	sid := someSID(t, s, "api_keys", demo.Main().SID)
	for _, row := range []struct {
		name, value string
		ok          bool
	}{
		{"one character", "a", true},
		{"64 characters of two bytes", strings.Repeat("é", 64), true},
		{"65 characters", strings.Repeat("a", 65), false},
		{"empty", "", false},
		{"newline", "a\nb", false},
		{"zero byte", "a\x00", false},
		{"C1 control character", "a\u0085", false},
		{"no UTF-8", "a\xff", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, creating := s.CreateAPIKey(ctx, changing(mainKeys()), model.CreateAPIKeyInput{FriendlyName: row.value})
			_, updating := s.UpdateAPIKey(ctx, changing(mainKeys()), sid, model.UpdateAPIKeyInput{FriendlyName: row.value})
			for _, err := range []error{creating, updating} {
				if row.ok && err != nil {
					t.Error(err)
				}
				if !row.ok {
					wantProblem(t, err, problem.BadUserInput, "input", "friendlyName")
				}
			}
		})
	}
	for _, row := range []struct {
		name, key string
		ok        bool
	}{
		{"idempotency key of 255", strings.Repeat("k", 255), true},
		{"idempotency key of 256", strings.Repeat("k", 256), false},
		{"empty idempotency key", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := s.CreateAPIKey(ctx, changing(mainKeys()), model.CreateAPIKeyInput{
				FriendlyName: "Name", IdempotencyKey: graphql.OmittableOf(&row.key),
			})
			if row.ok && err != nil {
				t.Error(err)
			}
			if !row.ok {
				wantProblem(t, err, problem.BadUserInput, "input", "idempotencyKey")
			}
		})
	}
}

// testUnkeepable asks with text that Postgres cannot hold: both refuse it as input.
func testUnkeepable(t *testing.T, s *store.Store) {
	ctx := t.Context()
	for name, text := range map[string]string{"a zero character": "a\x00b", "no UTF-8": "a\xffb"} {
		t.Run(name, func(t *testing.T) {
			_, filtered := s.APIKeys(ctx, mainKeys(), upstream.APIKeyFilter{FriendlyName: &text}, upstream.Page{First: 1})
			_, got := s.APIKey(ctx, mainKeys(), text)
			_, known := s.MemberOf(ctx, text)
			for _, err := range []error{filtered, got, known, s.DeleteAPIKey(ctx, changing(mainKeys()), text)} {
				if problem.CodeOf(err) != problem.BadUserInput {
					t.Errorf("error %v, want BAD_USER_INPUT", err)
				}
			}
		})
	}
}
