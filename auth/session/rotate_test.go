package session

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func TestRotate(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		made, first := b.signIn("alice")
		b.advance(time.Hour)

		found, err := b.Redeem(ctx, first)
		b.want("Redeem", err, nil)
		if found.ID != made.ID || found.User != "alice" || found.Account != "AC1" {
			t.Errorf("Redeem found %+v", found)
		}
		rotated, second, err := b.refresh(first, "SUPPORT", "DEVELOPER")
		b.want("Rotate", err, nil)
		if second == first || !strings.HasPrefix(second, made.ID+".") {
			t.Error("Rotate gave no new token of the same session")
		}
		if !slices.Equal(rotated.Roles, []string{"SUPPORT", "DEVELOPER"}) || rotated.ID != made.ID {
			t.Errorf("Rotate gave %+v", rotated)
		}
		if want := made.Expires.Add(time.Hour); !rotated.Expires.Equal(want) {
			t.Errorf("the session expires %v, want %v", rotated.Expires, want)
		}
		_, _, err = b.refresh(second, "DEVELOPER")
		b.want("refreshing with the new token", err, nil)
	})
}

func TestReuseEndsTheSession(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		for name, reuse := range map[string]func(token string) error{
			"Redeem": func(token string) error {
				ended, err := b.Redeem(ctx, token)
				if ended.User != "alice" || ended.Account == "" {
					t.Errorf("it has ended %+v", ended)
				}
				return err
			},
			"Rotate": func(token string) error { _, _, err := b.Rotate(ctx, token, nil, "v1", 0); return err },
		} {
			made, first := b.signIn("alice")
			_, second, err := b.refresh(first, "DEVELOPER")
			b.want(name+": first refresh", err, nil)
			_, third, err := b.refresh(second, "DEVELOPER")
			b.want(name+": second refresh", err, nil)

			b.want(name+" of the first token again", reuse(first), ErrReused)
			_, err = b.Lookup(ctx, "alice", made.ID)
			b.want(name+": Lookup after the reuse", err, ErrNotFound)
			_, err = b.Redeem(ctx, third)
			b.want(name+": the newest token after the reuse", err, ErrNotFound)
			if log := b.logged(); log[len(log)-1] != [2]string{"end", made.ID} {
				t.Errorf("%s: the log ends with %v", name, log[len(log)-1])
			}
		}
	})
}

func TestUnknownTokenDoesNoHarm(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		made, refresh := b.signIn("alice")
		guess, _ := newRefresh(made.ID)
		_, err := b.Redeem(t.Context(), guess)
		if !errors.Is(err, ErrNotFound) || errors.Is(err, ErrReused) {
			t.Errorf("Redeem of a guess: %v, want ErrNotFound alone", err)
		}
		_, _, err = b.Rotate(t.Context(), guess, nil, "v1", 0)
		if !errors.Is(err, ErrNotFound) || errors.Is(err, ErrReused) {
			t.Errorf("Rotate of a guess: %v, want ErrNotFound alone", err)
		}
		_, _, err = b.refresh(refresh, "DEVELOPER")
		b.want("the true token afterwards", err, nil)
	})
}

func TestOneWinnerOfConcurrentRotations(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		made, token := b.signIn("alice")
		var wait sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wait.Go(func() { _, _, errs[i] = b.Rotate(t.Context(), token, []string{"DEVELOPER"}, "v1", 0) })
		}
		wait.Wait()
		winners := 0
		for _, err := range errs {
			if err == nil {
				winners++
			} else if !errors.Is(err, ErrNotFound) {
				t.Errorf("a loser got %v, want ErrNotFound", err)
			}
		}
		if winners != 1 {
			t.Errorf("%d calls won, want 1", winners)
		}
		_, err := b.Lookup(t.Context(), "alice", made.ID)
		b.want("Lookup after the losers", err, ErrNotFound)
	})
}

// Whoever holds a stolen token can refresh as often as they like; the token they stole is recognised all the same.
func TestNoUsedTokenIsForgotten(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		made, stolen := b.signIn("alice")
		token := stolen
		for range usedKept {
			var err error
			if _, token, err = b.Rotate(t.Context(), token, nil, "v1", 0); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := b.Rotate(t.Context(), token, nil, "v1", 0)
		b.want("one refresh more than a session has", err, ErrNotFound)
		_, err = b.Lookup(t.Context(), "alice", made.ID)
		b.want("Lookup thereafter", err, ErrNotFound)

		_, stolen = b.signIn("alice")
		token = stolen
		for range usedKept {
			if _, token, err = b.Rotate(t.Context(), token, nil, "v1", 0); err != nil {
				t.Fatal(err)
			}
		}
		_, err = b.Redeem(t.Context(), stolen)
		b.want("the oldest used token", err, ErrReused)
		_, err = b.Redeem(t.Context(), token)
		b.want("the newest token, after that", err, ErrNotFound)
	})
}

// A user has so many sessions and no more: a new one ends the one that would end first.
func TestSessionsOfAUserAreBounded(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		first, _ := b.signIn("alice")
		for range MaxPerUser {
			b.advance(time.Millisecond)
			b.signIn("alice")
		}
		_, err := b.Lookup(t.Context(), "alice", first.ID)
		b.want("Lookup of the first", err, ErrNotFound)
		all, err := b.List(t.Context(), "alice")
		if err != nil || len(all) != MaxPerUser {
			t.Errorf("%d sessions (%v), want %d", len(all), err, MaxPerUser)
		}
	})
}

func TestExpiry(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		idle, idleToken := b.signIn("alice")
		b.advance(2*time.Hour - time.Millisecond)
		_, err := b.Lookup(ctx, "alice", idle.ID)
		b.want("Lookup just before the idle limit", err, nil)
		b.advance(time.Millisecond)
		_, err = b.Lookup(ctx, "alice", idle.ID)
		b.want("Lookup at the idle limit", err, ErrNotFound)
		_, _, err = b.refresh(idleToken, "DEVELOPER")
		b.want("refreshing at the idle limit", err, ErrNotFound)

		busy, token := b.signIn("alice")
		for range 11 {
			b.advance(time.Hour)
			if _, token, err = b.refresh(token, "DEVELOPER"); err != nil {
				t.Fatal(err)
			}
		}
		b.advance(time.Hour - time.Millisecond)
		last, token, err := b.refresh(token, "DEVELOPER")
		b.want("refreshing just before the end", err, nil)
		if want := busy.Created.Add(12 * time.Hour); !last.Expires.Equal(want) {
			t.Errorf("the session expires %v, want %v", last.Expires, want)
		}
		b.advance(time.Millisecond)
		_, err = b.Lookup(ctx, "alice", busy.ID)
		b.want("Lookup at the end", err, ErrNotFound)
		_, _, err = b.refresh(token, "DEVELOPER")
		b.want("refreshing at the end", err, ErrNotFound)
	})
}

func TestUntilCutsTheSessionShort(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		until := b.clock.now().Add(10 * time.Minute)
		made, _, err := b.Create(t.Context(), NewSession{User: "client", Until: until})
		b.want("Create", err, nil)
		if !made.Expires.Equal(until) {
			t.Errorf("the session expires %v, want %v", made.Expires, until)
		}
		if _, _, err := b.Create(t.Context(), NewSession{User: "client", Until: b.clock.now()}); err == nil {
			t.Error("a session that is over at once was made")
		}
	})
}

// On miniredis alone: the clock of a real Redis cannot be driven.
func TestNothingStaysBehind(t *testing.T) {
	mini := miniredis.RunT(t)
	b := newBench(t, "redis://"+mini.Addr(), mini, 0)
	_, token := b.signIn("alice")
	if _, err := b.Block(t.Context(), "alice", time.Second); err != nil {
		t.Fatal(err)
	}
	b.advance(time.Minute)
	if _, _, err := b.refresh(token, "DEVELOPER"); err != nil {
		t.Fatal(err)
	}
	b.advance(13 * time.Hour)
	if keys, want := mini.Keys(), []string{b.prefix + "epoch", b.prefix + "revocations"}; !slices.Equal(keys, want) {
		t.Errorf("after all has expired there are %q, want %q", keys, want)
	}
}
