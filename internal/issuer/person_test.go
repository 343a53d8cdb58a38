package issuer

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// TestNoRole: whose groups come to nothing is known for it, so that it can be taken from them.
func TestNoRole(t *testing.T) {
	p := issuertest.New(t)
	s := running(t, of(p))
	for name, groups := range map[string]any{
		"none": nil, "an empty list": []string{}, "not mapped": []string{"everyone", "SUPPORT"}, "of another kind": map[string]any{"support": true},
	} {
		if got, err := s.Verify(t.Context(), p.Token(map[string]any{"groups": groups})); err != nil || got.Subject != "1001" || got.Roles != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestAdmission: who holds no role is passed on, for all to be taken from them, and is refused; the log has the issuer's
// name.
func TestAdmission(t *testing.T) {
	p := issuertest.New(t)
	var log strings.Builder
	var told []identity.Federated
	a := NewAdmission(running(t, of(p)), func(_ context.Context, f identity.Federated) (string, error) {
		told = append(told, f)
		return "US1", nil
	}, slog.New(slog.NewTextHandler(&log, nil)))
	issued := time.Now().Add(-time.Minute).Truncate(time.Second)
	for _, row := range []struct {
		name   string
		claims map[string]any
		code   problem.Code
		told   int
		says   string
	}{
		{"good", nil, "", 1, ""},
		{"no role", map[string]any{"groups": nil}, problem.Forbidden, 1, "issuer=corp"},
		{"no role and no address", map[string]any{"groups": nil, "email": nil}, problem.Forbidden, 1, "no group"},
		{"ended", map[string]any{"exp": 1}, problem.Unauthenticated, 0, "issuer=corp"},
		{"another audience", map[string]any{"aud": "x"}, problem.Unauthenticated, 0, "issuer=corp"},
		{"nobody", map[string]any{"sub": nil}, problem.Unauthenticated, 0, "issuer=corp"},
		{"another issuer", map[string]any{"iss": "x"}, problem.Unauthenticated, 0, "not known"},
	} {
		log.Reset()
		told = nil
		claims := map[string]any{"iat": issued.Unix()}
		maps.Copy(claims, row.claims)
		user, _, err := a.ByToken(t.Context(), p.Token(claims))
		if (row.code == "") != (user == "US1") || row.code != "" && problem.CodeOf(err) != row.code || len(told) != row.told || !strings.Contains(log.String(), row.says) {
			t.Errorf("%s: %q, %v, told %+v, log %s", row.name, user, err, told, &log)
		}
		if len(told) > 0 && (!told[0].Asserted.Equal(issued) || told[0].Subject != "1001") {
			t.Errorf("%s: told %+v", row.name, told)
		}
	}
}

// TestAddress: an address that the issuer has not verified is none, unless it says so of none and the file says that it
// may be assumed.
func TestAddress(t *testing.T) {
	p := issuertest.New(t)
	s := running(t, of(p))
	assuming := running(t, of(p, func(c *Config) { c.Assumed = true }))
	for claims, want := range map[any]string{nil: "ines@corp.example", true: "ines@corp.example", false: "", "no": ""} {
		if got, err := assuming.Verify(t.Context(), p.Token(map[string]any{"email_verified": claims})); err != nil || got.Email != want {
			t.Errorf("assumed, with %v: %q, %v", claims, got.Email, err)
		}
	}
	for name, row := range map[string]struct {
		claims map[string]any
		want   string
	}{
		"nothing said": {map[string]any{"email_verified": nil}, ""},
		"verified":     {map[string]any{"email_verified": true}, "ines@corp.example"},
		"in text":      {map[string]any{"email_verified": "true"}, "ines@corp.example"},
		"not verified": {map[string]any{"email_verified": false}, ""},
		"not, in text": {map[string]any{"email_verified": "false"}, ""},
		"a number":     {map[string]any{"email_verified": 1}, ""},
		"none":         {map[string]any{"email": nil}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := s.Verify(t.Context(), p.Token(row.claims)); err != nil || got.Email != row.want {
				t.Errorf("%q, %v", got.Email, err)
			}
		})
	}
}
