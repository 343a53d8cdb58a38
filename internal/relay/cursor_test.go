package relay

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
)

// cursors makes a codec whose key is one byte repeated.
func cursors(t testing.TB, b byte) *Cursors {
	t.Helper()
	c, err := NewCursors(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCursorRoundTrip(t *testing.T) {
	c := cursors(t, 1)
	scope := []string{"AC1", "Account.calls", "to=+1"}
	for _, position := range [][]string{{"CA1"}, {"2026-03-01T12:00:00Z", "CA1"}, {""}, {"", ""}, {"a:b", "\x00"}, nil} {
		got, err := c.In(scope).Decode(c.In(scope).Encode(position))
		if err != nil || !slices.Equal(got, position) {
			t.Errorf("%q: %q, %v", position, got, err)
		}
	}
}

// TestCursorRefused: a cursor is good for the list that it was made for, whole and as it was made.
func TestCursorRefused(t *testing.T) {
	c := cursors(t, 1)
	scope := []string{"AC1", "Account.calls", "to=+1"}
	good := c.In(scope).Encode([]string{"CA1"})
	flip := func(i int) string {
		raw, err := base64.RawURLEncoding.DecodeString(good)
		if err != nil {
			t.Fatal(err)
		}
		raw[i] ^= 1
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	for _, row := range []struct {
		name   string
		by     *Cursors
		scope  []string
		cursor string
	}{
		{"another account's", c, []string{"AC2", "Account.calls", "to=+1"}, good},
		{"another field's", c, []string{"AC1", "Account.messages", "to=+1"}, good},
		{"other filters'", c, []string{"AC1", "Account.calls", "to=+2"}, good},
		{"fewer filters'", c, []string{"AC1", "Account.calls"}, good},
		{"one filter more", c, []string{"AC1", "Account.calls", "to=+1", ""}, good},
		{"the same letters, parted elsewhere", c, []string{"AC1A", "ccount.calls", "to=+1"}, good},
		{"another key's", cursors(t, 2), scope, good},
		{"a changed position", c, scope, flip(macSize + 1)},
		{"a changed MAC", c, scope, flip(0)},
		{"truncated", c, scope, good[:len(good)-1]},
		{"without its position", c, scope, good[:base64.RawURLEncoding.EncodedLen(macSize)]},
		{"longer", c, scope, good + "AA"},
		{"padded", c, scope, good + "="},
		{"with a line break", c, scope, good[:5] + "\n" + good[5:]},
		{"with a carriage return at its end", c, scope, good + "\r"},
		{"empty", c, scope, ""},
		{"no base64", c, scope, "…"},
		{"a MAC cut short", c, scope, "AAAA"},
		{"very long", c, scope, strings.Repeat("A", maxCursor+1)},
		{"a position with no MAC", c, scope, base64.RawURLEncoding.EncodeToString([]byte("\x03CA1"))},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, err := row.by.In(row.scope).Decode(row.cursor); !errors.Is(err, ErrCursor) || got != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// TestScopeIsNotPosition: nothing of the scope can be moved into the position.
func TestScopeIsNotPosition(t *testing.T) {
	c := cursors(t, 1)
	made := c.In([]string{"AC1"}).Encode([]string{"x", "CA1"})
	if got, err := c.In([]string{"AC1", "x"}).Decode(made); err == nil {
		t.Errorf("read as %q", got)
	}
}

func TestShortKey(t *testing.T) {
	if c, err := NewCursors(make([]byte, 31)); err == nil || c != nil {
		t.Errorf("%v, %v", c, err)
	}
}

// TestReadStrings: even behind the MAC, what is no list of texts is none.
func TestReadStrings(t *testing.T) {
	for _, b := range [][]byte{{5, 'a'}, {0x80}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, {1, 'a', 9}} {
		if got := readStrings(b); got != nil {
			t.Errorf("%v: %q", b, got)
		}
	}
}

// FuzzCursor: only what Encode made is read, and it is read as it was made.
func FuzzCursor(f *testing.F) {
	made := cursors(f, 1).In([]string{"AC1", "Account.calls"}).Encode([]string{"CA1"})
	for _, seed := range []string{made, made + "\n", made[:len(made)-1], "", "AAAA", strings.Repeat("A", 600), made[:10] + "-_" + made[12:]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		c, scope := cursors(t, 1), []string{"AC1", "Account.calls"}
		position, err := c.In(scope).Decode(cursor)
		if err != nil {
			if !errors.Is(err, ErrCursor) || position != nil {
				t.Fatalf("%q, %v", position, err)
			}
			return
		}
		if again := c.In(scope).Encode(position); again != cursor {
			t.Fatalf("%q is read, but made as %q", cursor, again)
		}
	})
}

// BenchmarkEncode makes the cursor of one more place in a list.
func BenchmarkEncode(b *testing.B) {
	list := cursors(b, 1).In([]string{"AC0123456789abcdef0123456789abcdef", "Account.calls"})
	position := []string{"1772366400000000", "CA0123456789abcdef0123456789abcdef"}
	b.ReportAllocs()
	for b.Loop() {
		list.Encode(position)
	}
}
