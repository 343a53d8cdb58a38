package token

import (
	"testing"
	"time"
)

// BenchmarkVerify verifies one token of the usual size, of two roles.
func BenchmarkVerify(b *testing.B) {
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
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}
