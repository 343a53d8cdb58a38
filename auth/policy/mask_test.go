package policy

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMask(t *testing.T) {
	tests := []struct {
		name string
		mask Mask
		text string
		want string
	}{
		{"telephone number", MaskLast4, "+15005551234", "+1••••••1234"},
		{"number without a plus", MaskLast4, "5005551234", "••••••1234"},
		{"plus before a letter", MaskLast4, "+abcdefghi", "+•••••fghi"},
		{"other alphabets", MaskLast4, "Grüße aus Köln", "••••••••••Köln"},
		{"nine characters", MaskLast4, "123456789", "•••••6789"},
		{"eight characters", MaskLast4, "12345678", "••••"},
		{"one character", MaskLast4, "1", "••••"},
		{"empty", MaskLast4, "", ""},
		{"address", MaskEmail, "jane@example.com", "j•••@example.com"},
		{"address of one letter", MaskEmail, "j@example.com", "j•••@example.com"},
		{"address in another alphabet", MaskEmail, "ärger@example.com", "ä•••@example.com"},
		{"two at signs", MaskEmail, `"a@b"@example.com`, `"•••@example.com`},
		{"nothing before the at sign", MaskEmail, "@example.com", "••••"},
		{"no at sign", MaskEmail, "jane", "••••"},
		{"empty address", MaskEmail, "", ""},
		{"all of a long text", MaskAll, strings.Repeat("secret", 9), "••••"},
		{"all of one letter", MaskAll, "s", "••••"},
		{"all of nothing", MaskAll, "", ""},
		{"zero mask", "", "+15005551234", "••••"},
		{"unknown mask", "FIRST4", "+15005551234", "••••"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.mask.Apply(test.text); got != test.want {
				t.Errorf("%q shows as %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestParseMask(t *testing.T) {
	for _, mask := range []Mask{MaskLast4, MaskEmail, MaskAll} {
		if got, known := ParseMask(string(mask)); !known || got != mask {
			t.Errorf("%s reads as %q, known: %v", mask, got, known)
		}
	}
	for _, name := range []string{"", "last4", "FIRST4"} {
		if _, known := ParseMask(name); known {
			t.Errorf("%q is known", name)
		}
	}
}

// FuzzMask holds that a mask never makes valid text invalid, and that LAST4 shows no more than six characters.
func FuzzMask(f *testing.F) {
	f.Add("+15005551234")
	f.Add("jane@example.com")
	f.Add("•••••••••••")
	f.Add("\xff@\xff12345678")
	f.Fuzz(func(t *testing.T, text string) {
		for _, mask := range []Mask{MaskLast4, MaskEmail, MaskAll, ""} {
			masked := mask.Apply(text)
			if utf8.ValidString(text) && !utf8.ValidString(masked) {
				t.Errorf("%s makes %q invalid", mask, text)
			}
			if (text == "") != (masked == "") {
				t.Errorf("%s shows %q as %q", mask, text, masked)
			}
		}
		shown := MaskLast4.Apply(text)
		plain := utf8.RuneCountInString(strings.ReplaceAll(shown, bullet, ""))
		if plain > 6 {
			t.Errorf("%d characters shown in %q", plain, shown)
		}
	})
}

func TestLooksMasked(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"", false},
		{"Reception", false},
		{"Desk \u2022 second floor", false},
		{MaskAll.Apply("Reception"), true},
		{MaskEmail.Apply("jane@example.com"), true},
		{MaskLast4.Apply("+15005550006"), true},
		{MaskLast4.Apply("123456789"), true},
	} {
		if got := LooksMasked(tt.text); got != tt.want {
			t.Errorf("LooksMasked(%q) = %v", tt.text, got)
		}
	}
}
