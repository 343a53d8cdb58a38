package policy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mask says how text marked @personalData is shown to who lacks PERSONAL_DATA. Any mask that is not one of the
// constants, the zero value among them, hides everything.
type Mask string

// The masks of the schema's enum Mask.
const (
	// MaskLast4 keeps the last four characters and, of a telephone number, the plus sign and the digit after it.
	MaskLast4 Mask = "LAST4"
	// MaskEmail keeps the first character and the domain.
	MaskEmail Mask = "EMAIL"
	// MaskURL keeps where a URL leads and the names of its parameters: see maskURL.
	MaskURL Mask = "URL"
	// MaskAll keeps nothing, not even the length.
	MaskAll Mask = "ALL"
)

const (
	bullet = "\u2022"
	// hidden stands for text of any length.
	hidden = bullet + bullet + bullet + bullet
)

// ParseMask returns the mask of that name; false when there is none.
func ParseMask(name string) (Mask, bool) {
	mask := Mask(name)
	return mask, slices.Contains([]Mask{MaskLast4, MaskEmail, MaskURL, MaskAll}, mask)
}

// LooksMasked tells whether a text holds what a mask puts in place of data: three bullets in a row, which every mask has
// at least. A caller who read a masked text and sends it back must not overwrite what it hides.
func LooksMasked(s string) bool {
	return strings.Contains(s, bullet+bullet+bullet)
}

// Apply masks the text. Empty text stays empty: there is nothing to hide.
func (m Mask) Apply(s string) string {
	switch {
	case s == "":
		return ""
	case m == MaskLast4:
		return maskLast4(s)
	case m == MaskEmail:
		return maskEmail(s)
	case m == MaskURL:
		return maskURL(s)
	default:
		return hidden
	}
}

// maskLast4 writes +1•••••••1234. Of eight characters or fewer, four would be half or more, so nothing is kept.
func maskLast4(s string) string {
	runes := []rune(s)
	if len(runes) <= 8 {
		return hidden
	}
	head := 0
	if runes[0] == '+' {
		head = 1
		if unicode.IsDigit(runes[1]) {
			head = 2
		}
	}
	tail := len(runes) - 4
	return string(runes[:head]) + strings.Repeat(bullet, tail-head) + string(runes[tail:])
}

// maskEmail writes j•••@example.com. What is not an address is hidden whole.
func maskEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 1 {
		return hidden
	}
	_, size := utf8.DecodeRuneInString(s)
	return s[:size] + strings.Repeat(bullet, 3) + s[at:]
}
