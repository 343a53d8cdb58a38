package token

import (
	"strings"
	"testing"
	"time"
)

// TestClientToken: the token of a client says so (RFC 9068, section 2.2), and ends with the client.
func TestClientToken(t *testing.T) {
	f := newForger(t)
	for _, row := range []struct {
		name     string
		ends     time.Time // of the client
		expires  time.Time
		isRefuse bool
	}{
		{name: "that lives on", ends: start.AddDate(1, 0, 0), expires: start.Add(TTL)},
		{name: "whose end is not told", expires: start.Add(TTL)},
		{name: "that ends before", ends: start.Add(time.Minute + time.Millisecond), expires: start.Add(time.Minute)},
		{name: "that ends now", ends: start, isRefuse: true},
		{name: "that has ended", ends: start.Add(-time.Hour), isRefuse: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			raw, expires, err := f.Issue(Claims{Subject: "OC1", ClientID: "OC1", SessionID: "s1", Account: "AC1", ExpiresAt: row.ends})
			if row.isRefuse {
				if err == nil {
					t.Error("a token was issued")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			claims, err := f.Verify(raw)
			if err != nil || claims.Subject != "OC1" || claims.ClientID != "OC1" || len(claims.Roles) != 0 ||
				!claims.ExpiresAt.Equal(row.expires) || !expires.Equal(row.expires) {
				t.Errorf("%+v until %v, %v", claims, expires, err)
			}
		})
	}
	if raw, _, err := f.Issue(Claims{Subject: "US1", ClientID: "OC1", SessionID: "s1", Account: "AC1"}); err == nil || raw != "" {
		t.Error("a token for a client that acts for a user was issued")
	}
	raw, _, err := f.Issue(Claims{Subject: "US1", SessionID: "s1", Account: "AC1"})
	if err != nil {
		t.Fatal(err)
	}
	if claims, err := f.Verify(raw); err != nil || claims.ClientID != "" {
		t.Errorf("a user's token: %+v, %v", claims, err)
	}
	for name, value := range map[string]any{
		"another's": "OC1", "empty": "", "a number": 7, "null": nil, "a list": []string{"US1"}, "in another case": "us1",
	} {
		text := f.claims(nil)
		if value == nil {
			text = strings.TrimSuffix(text, "}") + `,"client_id":null}`
		} else {
			text = f.claims(map[string]any{"client_id": value})
		}
		refused(t, f, "client_id "+name, f.sign(f.header(nil), text))
	}
}
