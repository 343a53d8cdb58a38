// Package strictjson reads JSON that comes from outside. Where encoding/json picks
// one of two members of the same name, takes names in any case and bytes that are
// not UTF-8, this refuses: two readers of one text must not see two things.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"unicode/utf8"
)

// The ways in which a text is refused. None of them holds a part of the text.
var (
	ErrSyntax    = errors.New("not one well-formed JSON value")
	ErrDuplicate = errors.New("a JSON member is given twice")
	ErrDepth     = errors.New("JSON nested too deeply")
)

// Duplicate is an ErrDuplicate that knows the member's name. Its text does not tell it: it is for who may be told what
// they have written.
type Duplicate struct{ Name string }

func (Duplicate) Error() string { return ErrDuplicate.Error() }

// Is makes it an ErrDuplicate.
func (Duplicate) Is(target error) bool { return target == ErrDuplicate }

// Decode reads exactly one JSON value (RFC 8259) of at most depth nested objects
// and arrays. Objects become map[string]any, arrays []any, and numbers stay as they
// were written, as json.Number.
func Decode(text []byte, depth int) (any, error) {
	if !utf8.Valid(text) {
		return nil, ErrSyntax
	}
	r := reader{text: text}
	value, err := r.value(depth)
	if err != nil {
		return nil, err
	}
	if !r.ended() {
		return nil, ErrSyntax
	}
	return value, nil
}

// DecodeObject is Decode for a text that must be an object.
func DecodeObject(text []byte, depth int) (map[string]any, error) {
	value, err := Decode(text, depth)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, ErrSyntax
	}
	return object, nil
}

// Pick is DecodeObject for who knows what to look for: of each name it puts the member's value into the place of the same index, and
// leaves the place alone where there is none. Other members are read and left out.
func Pick(text []byte, depth int, names []string, into []any) error {
	if !utf8.Valid(text) {
		return ErrSyntax
	}
	r := reader{text: text}
	if r.next() != '{' {
		return ErrSyntax
	}
	var seen uint64 // a bit for each name
	var others map[string]bool
	err := r.object(depth, func(name []byte) (err error) {
		i := slices.IndexFunc(names, func(n string) bool { return n == string(name) })
		if i < 0 && others[string(name)] || i >= 0 && seen>>i&1 != 0 {
			return Duplicate{string(name)}
		}
		value, err := r.member(depth - 1)
		if i >= 0 {
			seen |= 1 << i
			into[i] = value
			return err
		}
		if others == nil {
			others = map[string]bool{}
		}
		others[string(name)] = true
		return err
	})
	if err == nil && !r.ended() {
		err = ErrSyntax
	}
	return err
}

// Members reads the outermost object of a text and no deeper: its members stay as they were written, each to be read by
// itself, so that one that is refused leaves the others. Names are decoded, and none is given twice.
func Members(text []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, ErrSyntax
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		part, err := decoder.Token()
		name, ok := part.(string)
		if err != nil || !ok {
			return nil, ErrSyntax
		}
		if _, twice := members[name]; twice {
			return nil, Duplicate{name}
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return nil, ErrSyntax
		}
		members[name] = value
	}
	if _, err := decoder.Token(); err != nil { // the closing
		return nil, ErrSyntax
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, ErrSyntax
	}
	return members, nil
}
