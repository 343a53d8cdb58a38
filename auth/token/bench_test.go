package token

import (
	"testing"
	"time"
)

// issued is an authority with a token of the usual size, of two roles.
func issued(b *testing.B) (*Authority, string) {
	b.Helper()
	keys, err := NewKeys(seededKey(1))
	if err != nil {
		b.Fatal(err)
	}
	a, err := NewAuthority(keys, "https://gateway.example", "fieldgate", time.Now)
	if err != nil {
		b.Fatal(err)
	}
	raw, _, err := a.Issue(Claims{
		Subject: "US00000000000000000000000000000001", SessionID: "00000000000000000000000000000001",
		Account: "AC00000000000000000000000000000001", Roles: []string{"DEVELOPER", "SUPPORT"},
	})
	if err != nil {
		b.Fatal(err)
	}
	return a, raw
}

// BenchmarkVerify verifies one token, every time anew.
func BenchmarkVerify(b *testing.B) {
	a, raw := issued(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCache verifies one token that is remembered.
func BenchmarkCache(b *testing.B) {
	a, raw := issued(b)
	c := NewCache[int](a)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}
