package relay

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestGlobalID(t *testing.T) {
	for _, row := range []struct{ typeName, key string }{
		{"PhoneNumber", "PN0123456789abcdef"}, {"A", "1"}, {"UsageRecord", "calls:2026-03-01"},
	} {
		typeName, key, ok := ParseID(GlobalID(row.typeName, row.key))
		if !ok || typeName != row.typeName || key != row.key {
			t.Errorf("%v: %s %s %v", row, typeName, key, ok)
		}
	}
}

func TestParseIDRefuses(t *testing.T) {
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	good := GlobalID("Call", "CA1")
	for name, id := range map[string]string{
		"empty":              "",
		"no base64":          "***",
		"padded":             good + "=",
		"the other alphabet": "Q2Fs+A",
		"a line break":       good[:4] + "\n" + good[4:],
		"a carriage return":  good + "\r\n",
		"stray bits":         good[:len(good)-1] + "R",
		"no colon":           encode("Call"),
		"no type":            encode(":CA1"),
		"no key":             encode("Call:"),
		"a blank":            encode("Call:CA 1"),
		"a control":          encode("Call:CA1\x00"),
		"a type with one":    encode("Ca\nll:CA1"),
		"not ASCII":          encode("Call:CAé"),
		"very long":          encode("Call:" + strings.Repeat("x", 300)),
	} {
		if typeName, key, ok := ParseID(id); ok || typeName != "" || key != "" {
			t.Errorf("%s: %s %s %v", name, typeName, key, ok)
		}
	}
}

// FuzzParseID: an id that is read is the one id of what it names.
func FuzzParseID(f *testing.F) {
	for _, seed := range []string{GlobalID("Call", "CA1"), "", "Og", "Q2FsbDpDQTE\n", "Q2FsbDpDQTF", "\xff", GlobalID("A", "b:c")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		typeName, key, ok := ParseID(id)
		if ok && (GlobalID(typeName, key) != id || typeName == "" || key == "") {
			t.Fatalf("%q is read as %q %q, whose id is %q", id, typeName, key, GlobalID(typeName, key))
		}
	})
}
