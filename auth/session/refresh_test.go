package session

import (
	"strings"
	"testing"
)

func FuzzParseRefresh(f *testing.F) {
	good, _ := newRefresh(strings.Repeat("0af", 11)[:32])
	sid := good[:32]
	for _, seed := range []string{
		"", ".", good, good + "=", good[:75], good[:32] + "..", sid + "." + strings.Repeat("A", 42) + "\n",
		sid + "." + strings.Repeat("A", 42) + "B", strings.ToUpper(good), sid + ":used." + good[33:],
		strings.Repeat("*", refreshSize), strings.Repeat("a", 1<<16),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		sid, hash, ok := parseRefresh(token)
		if !ok {
			if sid != "" || hash != "" {
				t.Error("a refused token gave something")
			}
			return
		}
		if !IsID(sid) || len(hash) != 64 || token[:33] != sid+"." || len(token) != refreshSize {
			t.Errorf("accepted a token of the wrong form, session %q", sid)
		}
		// One spelling only: another last character must be another secret or be refused.
		for _, last := range "AEIMQUYcgkosw048BCDF" {
			other := token[:refreshSize-1] + string(last)
			if _, same, ok := parseRefresh(other); ok && same == hash && other != token {
				t.Error("two spellings of one token")
			}
		}
	})
}

func TestParseRefresh(t *testing.T) {
	good, kept := newRefresh(newID())
	if sid, hash, ok := parseRefresh(good); !ok || sid != good[:32] || hash != kept {
		t.Error("a token that was just made is refused")
	}
	for name, token := range map[string]string{
		"empty":          "",
		"cut":            good[:75],
		"padded":         good + "=",
		"no dot":         strings.Replace(good, ".", "A", 1),
		"upper-case id":  "ABCDEF" + good[6:],
		"not base64url":  good[:70] + "++++++",
		"line break":     good[:75] + "\n",
		"bits left over": good[:75] + "B",
	} {
		if _, _, ok := parseRefresh(token); ok {
			t.Errorf("%s: accepted", name)
		}
	}
}
