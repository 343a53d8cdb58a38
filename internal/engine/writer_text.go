package engine

import "strconv"

// What gqlgen's own marshalers write, appended to a buffer.

const hexadecimal = "0123456789ABCDEF"

// appendString writes a text as graphql.MarshalString does: no more is escaped than JSON asks for, and what is no UTF-8 stays.
func appendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	at := plain(s)
	for at < len(s) {
		buf = append(buf, s[:at]...)
		switch c := s[at]; c {
		case '\t':
			buf = append(buf, `\t`...)
		case '\r':
			buf = append(buf, `\r`...)
		case '\n':
			buf = append(buf, `\n`...)
		case '\\':
			buf = append(buf, `\\`...)
		case '"':
			buf = append(buf, `\"`...)
		default:
			buf = append(buf, '\\', 'u', '0', '0', hexadecimal[c>>4], hexadecimal[c&0xf])
		}
		s = s[at+1:]
		at = plain(s)
	}
	buf = append(buf, s...)
	return append(buf, '"')
}

// plain is how many bytes of the text come before the first that is escaped.
func plain(s string) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, backslash := x^(ones*'"'), x^(ones*'\\')
		// Of a byte that is less than n, x-n borrows into its top bit, which is not set in it.
		if ((x-ones*0x20)&^x|(quote-ones)&^quote|(backslash-ones)&^backslash)&tops != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// appendEnum writes what gqlgen's generated enums write of themselves: Go's own quotes, also of what is no value.
func appendEnum(buf []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			return strconv.AppendQuote(buf, s)
		}
	}
	buf = append(buf, '"')
	buf = append(buf, s...)
	return append(buf, '"')
}
