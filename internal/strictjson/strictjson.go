// Package strictjson reads JSON that comes from outside. Where encoding/json picks
// one of two members of the same name, takes names in any case and bytes that are
// not UTF-8, this refuses: two readers of one text must not see two things.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := decodeValue(decoder, depth)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
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

// Members reads the outermost object of a text and no deeper: its members stay as they were written, each to be read by
// itself, so that one that is refused leaves the others. Names are decoded, and none is given twice.
func Members(text []byte) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, ErrSyntax
	}
	members, err := decodeMembers(decoder, func() (value json.RawMessage, err error) {
		if decoder.Decode(&value) != nil {
			err = ErrSyntax
		}
		return value, err
	})
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, ErrSyntax
	}
	return members, nil
}

func decodeValue(decoder *json.Decoder, depth int) (any, error) {
	part, err := decoder.Token()
	if err != nil {
		return nil, ErrSyntax
	}
	opening, ok := part.(json.Delim)
	if !ok {
		return part, nil
	}
	if depth == 0 {
		return nil, ErrDepth
	}
	if opening == '{' {
		return decodeMembers(decoder, func() (any, error) { return decodeValue(decoder, depth-1) })
	}
	return decodeElements(decoder, depth-1)
}

// decodeMembers reads what follows the opening of an object, each value by the function.
func decodeMembers[T any](decoder *json.Decoder, value func() (T, error)) (map[string]T, error) {
	object := make(map[string]T)
	for decoder.More() {
		part, err := decoder.Token()
		if err != nil {
			return nil, ErrSyntax
		}
		name, ok := part.(string)
		if !ok {
			return nil, ErrSyntax
		}
		if _, twice := object[name]; twice {
			return nil, Duplicate{name}
		}
		if object[name], err = value(); err != nil {
			return nil, err
		}
	}
	return object, closing(decoder)
}

func decodeElements(decoder *json.Decoder, depth int) ([]any, error) {
	list := []any{}
	for decoder.More() {
		element, err := decodeValue(decoder, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, element)
	}
	return list, closing(decoder)
}

func closing(decoder *json.Decoder) error {
	if _, err := decoder.Token(); err != nil {
		return ErrSyntax
	}
	return nil
}
