package policy

import (
	"net/url"
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
		{"URL with nothing to hide", MaskURL, "https://example.com:8443/v2/voice.xml", "https://example.com:8443/v2/voice.xml"},
		{"URL with everything", MaskURL, "https://jane:pw@example.com:8443/voice?token=a&x=1#y", "https://••••@example.com:8443/voice?token=••••&x=••••#••••"},
		{"user without a password", MaskURL, "https://jane@example.com", "https://••••@example.com"},
		{"user of no letters", MaskURL, "https://@example.com/", "https://••••@example.com/"},
		{"user with an at sign", MaskURL, "https://a@b:c@example.com/", "https://••••@example.com/"},
		{"at sign in the path", MaskURL, "https://example.com/a@b/voice", "https://example.com/••••/voice"},
		{"at sign in the query", MaskURL, "https://example.com?a=b@c", "https://example.com?a=••••"},
		{"value with an equals sign", MaskURL, "https://example.com/?a=b=c", "https://example.com/?a=••••"},
		{"value without a name", MaskURL, "https://example.com/?secret", "https://example.com/?••••"},
		{"value of an empty name", MaskURL, "https://example.com/?=secret&a=", "https://example.com/?=••••&a=••••"},
		{"values that others part by semicolons", MaskURL, "https://example.com/?a=b;c=d", "https://example.com/?a=••••"},
		{"second question mark", MaskURL, "https://example.com/?a=b?c=d", "https://example.com/?a=••••"},
		{"secret for a name", MaskURL, "https://example.com/?0123456789abcdef=1", "https://example.com/?••••=••••"},
		{"secret in the path", MaskURL, "https://example.com/hook/AbCdEfGhIjKlMnOpQrStUvWxY/in", "https://example.com/hook/••••/in"},
		{"number in the path", MaskURL, "https://example.com/calls/+15005551234", "https://example.com/calls/••••"},
		{"digits in the path", MaskURL, "https://example.com/calls/5551234/123456", "https://example.com/calls/••••/123456"},
		{"escapes in the path", MaskURL, "https://example.com/j%C3%B6rg/;token=1", "https://example.com/••••/••••"},
		{"address of version 6", MaskURL, "http://a:b@[2001:db8::1]:80/", "http://••••@[2001:db8::1]:80/"},
		{"capitals", MaskURL, "HTTPS://Jane@Example.COM", "HTTPS://••••@Example.COM"},
		{"URL with a backslash", MaskURL, `https://example.com\@other.example/`, "https://••••@other.example/"},
		{"host in another alphabet", MaskURL, "https://köln.example/", "••••"},
		{"port that is none", MaskURL, "https://example.com:secret/", "••••"},
		{"URL without a host", MaskURL, "https:///voice", "••••"},
		{"URL without a scheme", MaskURL, "//jane:pw@example.com", "••••"},
		{"path alone", MaskURL, "/voice?token=a", "••••"},
		{"number as a URL", MaskURL, "tel:+15005551234", "••••"},
		{"space before a URL", MaskURL, " https://example.com", "••••"},
		{"line break in a URL", MaskURL, "https://example.com/voice\n?a=b", "https://example.com/••••?a=••••"},
		{"empty URL", MaskURL, "", ""},
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
	for _, mask := range []Mask{MaskLast4, MaskEmail, MaskURL, MaskAll} {
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
		for _, mask := range []Mask{MaskLast4, MaskEmail, MaskURL, MaskAll, ""} {
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

// FuzzMaskURL holds that what a URL shows masked does not depend on its secrets, so that they cannot be in it; that masking
// twice is masking once; and that the result looks masked when anything is hidden.
func FuzzMaskURL(f *testing.F) {
	f.Add("https://jane:pw@example.com:8443/voice?token=a&x=1#y", "s3cr3t")
	f.Add("http://[2001:db8::1]/a//b/?=&&a;b=c?d", "p@ss/w?rd#&=")
	f.Add("https://a@b:c@example.com", "")
	f.Add("wss://example.com/+15005551234/\xff", "\n\u2022")
	f.Fuzz(func(t *testing.T, text, secret string) {
		masked := MaskURL.Apply(text)
		if again := MaskURL.Apply(masked); again != masked {
			t.Errorf("%q is masked again, to %q", masked, again)
		}
		if masked != text && !LooksMasked(masked) {
			t.Errorf("%q shows as %q, which does not look masked", text, masked)
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" {
			return
		}
		values := u.Query()
		shown := func(secret string) string {
			for name, all := range values {
				for i := range all {
					values[name][i] = secret
				}
			}
			u.User, u.RawQuery, u.Fragment, u.RawFragment = url.UserPassword(secret, secret), values.Encode(), "x"+secret, ""
			return MaskURL.Apply(u.String())
		}
		if with, without := shown(secret), shown("other"); with != without {
			t.Errorf("%q shows as %q with a secret, as %q with another", text, with, without)
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
		{MaskURL.Apply("https://jane@example.com"), true},
		{MaskURL.Apply("https://example.com?a=b"), true},
		{MaskLast4.Apply("+15005550006"), true},
		{MaskLast4.Apply("123456789"), true},
	} {
		if got := LooksMasked(tt.text); got != tt.want {
			t.Errorf("LooksMasked(%q) = %v", tt.text, got)
		}
	}
}
