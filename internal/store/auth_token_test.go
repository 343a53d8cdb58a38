package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// testAuthToken rotates the auth token of one account twice: only the hash of the last one is kept, and of the account
// nothing else changes but when it did.
func testAuthToken(t *testing.T, s *store.Store) {
	ctx := t.Context()
	account := func(sid string) map[string]any { return rawRows(t, s, "SELECT * FROM accounts WHERE sid = $1", sid)[0] }
	before, other := account(demo.Main().SID), account(demo.Second().SID)
	if before["auth_token_hash"] != nil || before["auth_token_rotated"] != nil {
		t.Error("there is a token that nobody has been shown")
	}
	var last string
	for i := range 2 {
		now := storetest.Now().Add(time.Duration(i+1) * time.Hour)
		s.SetNow(func() time.Time { return now })
		token, err := s.RotateAuthToken(ctx, changing(upstream.NewScope(demo.Main().SID, policy.Fields{})))
		if err != nil || !token.Rotated.Equal(now) || token.Secret == last {
			t.Fatalf("rotated at %v, the same as before %v, error %v", token.Rotated, token.Secret == last, err)
		}
		last = token.Secret
		sum := sha256.Sum256([]byte(last))
		want := maps.Clone(before)
		want["auth_token_hash"], want["auth_token_rotated"], want["date_updated"] = hex.EncodeToString(sum[:]), now.UnixMicro(), now.UnixMicro()
		if got := account(demo.Main().SID); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the account is now %v, want %v", got, want)
		}
	}
	event := rawRows(t, s, "SELECT resource_type, resource_sid, fields FROM audit_events WHERE account_sid = $1 ORDER BY sequence DESC LIMIT 1", demo.Main().SID)[0]
	if fmt.Sprint(event) != fmt.Sprint(map[string]any{"resource_type": "Account", "resource_sid": demo.Main().SID, "fields": "authToken"}) {
		t.Errorf("the audit event is %v", event)
	}
	_, err := s.RotateAuthToken(ctx, changing(upstream.NewScope("AC00000000000000000000000000000000", policy.Fields{})))
	wantProblem(t, err, problem.NotFound)
	if got := account(demo.Second().SID); fmt.Sprint(got) != fmt.Sprint(other) {
		t.Errorf("the other account is now %v, want %v", got, other)
	}
}
