package strictjson

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// reader reads one text, which is UTF-8, from its beginning to its end.
type reader struct {
	text []byte
	at   int
}

// next skips blanks and is the byte that follows, 0 at the end.
func (r *reader) next() byte {
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// ended says whether nothing but blanks follows.
func (r *reader) ended() bool {
	r.next()
	return r.at == len(r.text)
}

// value reads a value of at most depth objects and arrays in each other.
func (r *reader) value(depth int) (any, error) {
	switch c := r.next(); {
	case c == '{':
		return r.objectValue(depth)
	case c == '[':
		return r.array(depth)
	case c == '"':
		text, plain, err := r.quoted()
		if err != nil || plain {
			return orNil(string(text), err)
		}
		return orNil(unquote(text))
	case c == '-' || '0' <= c && c <= '9':
		return orNil(r.number())
	}
	for _, literal := range [...]struct {
		word  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if end := r.at + len(literal.word); end <= len(r.text) && string(r.text[r.at:end]) == literal.word {
			r.at = end
			return literal.value, nil
		}
	}
	return nil, ErrSyntax
}

// orNil is a value, or none with an error.
func orNil[T any](value T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (r *reader) objectValue(depth int) (any, error) {
	object := map[string]any{}
	if err := r.object(depth, func(name []byte) (err error) {
		if _, twice := object[string(name)]; twice {
			return Duplicate{string(name)}
		}
		object[string(name)], err = r.member(depth - 1)
		return err
	}); err != nil {
		return nil, err
	}
	return object, nil
}

// object reads an object. Of each member it reads the name alone, and gives it to member, which reads the rest.
func (r *reader) object(depth int, member func(name []byte) error) error {
	if depth == 0 {
		return ErrDepth
	}
	r.at++
	if r.next() == '}' {
		r.at++
		return nil
	}
	for {
		if r.next() != '"' {
			return ErrSyntax
		}
		name, plain, err := r.quoted()
		if err == nil && !plain {
			var text string
			text, err = unquote(name)
			name = []byte(text)
		}
		if err == nil {
			err = member(name)
		}
		if err != nil {
			return err
		}
		if more, err := r.more('}'); !more {
			return err
		}
	}
}

// member reads what follows a member's name.
func (r *reader) member(depth int) (any, error) {
	if r.next() != ':' {
		return nil, ErrSyntax
	}
	r.at++
	return r.value(depth)
}

func (r *reader) array(depth int) (any, error) {
	if depth == 0 {
		return nil, ErrDepth
	}
	r.at++
	list := []any{}
	if r.next() == ']' {
		r.at++
		return list, nil
	}
	for {
		element, err := r.value(depth - 1)
		if err != nil {
			return nil, err
		}
		list = append(list, element)
		if more, err := r.more(']'); !more {
			return orNil(list, err)
		}
	}
}

// more reads a comma, after which there is more, or what closes an object or array.
func (r *reader) more(closing byte) (bool, error) {
	switch r.next() {
	case ',':
		r.at++
		return true, nil
	case closing:
		r.at++
		return false, nil
	}
	return false, ErrSyntax
}

// quoted reads a text: what stands between its quotes, and whether that is all plain.
func (r *reader) quoted() (text []byte, plain bool, err error) {
	r.at++
	plain = true
	for begin := r.at; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			return r.text[begin : r.at-1], plain, nil
		case c == '\\':
			plain = false
			r.at++
		case c < ' ':
			return nil, false, ErrSyntax
		}
	}
	return nil, false, ErrSyntax
}

// escaped is what a letter after a backslash stands for.
var escaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unquote resolves what is escaped. Half of a surrogate pair stands for U+FFFD, as with encoding/json.
func unquote(text []byte) (string, error) {
	var out strings.Builder
	out.Grow(len(text))
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			out.Write(text)
			return out.String(), nil
		}
		out.Write(text[:i])
		text = text[i+1:] // quoted has seen to it that something follows
		if c := escaped[text[0]]; c != 0 {
			out.WriteByte(c)
			text = text[1:]
			continue
		}
		c, ok := codeUnit(text)
		if !ok {
			return "", ErrSyntax
		}
		text = text[5:]
		if utf16.IsSurrogate(c) {
			low := rune(0)
			if len(text) > 0 && text[0] == '\\' {
				low, _ = codeUnit(text[1:])
			}
			if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
				text = text[6:]
			}
		}
		out.WriteRune(c)
	}
}

// codeUnit reads u and four hexadecimal digits.
func codeUnit(text []byte) (rune, bool) {
	if len(text) < 5 || text[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[1:5]), 16, 16)
	return rune(n), err == nil
}

// number reads a number, and leaves it as it is written.
func (r *reader) number() (json.Number, error) {
	begin := r.at
	if r.text[r.at] == '-' {
		r.at++
	}
	ok := true
	if r.at < len(r.text) && r.text[r.at] == '0' {
		r.at++
	} else {
		ok = r.digits()
	}
	if r.at < len(r.text) && r.text[r.at] == '.' {
		r.at++
		ok = r.digits() && ok
	}
	if r.at < len(r.text) && r.text[r.at]|0x20 == 'e' {
		r.at++
		if r.at < len(r.text) && (r.text[r.at] == '+' || r.text[r.at] == '-') {
			r.at++
		}
		ok = r.digits() && ok
	}
	if !ok {
		return "", ErrSyntax
	}
	return json.Number(r.text[begin:r.at]), nil
}

// digits reads at least one digit.
func (r *reader) digits() bool {
	begin := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	return r.at > begin
}
