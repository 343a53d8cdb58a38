package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecode(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       any
		err        error
	}{
		{"an object", `{"a":1,"b":[true,null,"x"]}`, map[string]any{"a": json.Number("1"), "b": []any{true, nil, "x"}}, nil},
		{"a text", ` "x" `, "x", nil},
		{"null", `null`, nil, nil},
		{"an empty list", `[]`, []any{}, nil},
		{"a number as it is written", `12345678901234567890.10`, json.Number("12345678901234567890.10"), nil},
		{"names in two cases are two", `{"a":1,"A":2}`, map[string]any{"a": json.Number("1"), "A": json.Number("2")}, nil},
		{"one name in two objects", `[{"a":1},{"a":2}]`, []any{map[string]any{"a": json.Number("1")}, map[string]any{"a": json.Number("2")}}, nil},
		{"nothing", ``, nil, ErrSyntax},
		{"blanks", ` `, nil, ErrSyntax},
		{"two values", `1 2`, nil, ErrSyntax},
		{"a trailing bracket", `{}}`, nil, ErrSyntax},
		{"a trailing comma", `[1,]`, nil, ErrSyntax},
		{"a trailing comma in an object", `{"a":1,}`, nil, ErrSyntax},
		{"a missing comma", `[1 2]`, nil, ErrSyntax},
		{"a missing colon", `{"a" 1}`, nil, ErrSyntax},
		{"a name that is no text", `{1:2}`, nil, ErrSyntax},
		{"an open list", `[1`, nil, ErrSyntax},
		{"an open object", `{"a":1`, nil, ErrSyntax},
		{"the wrong bracket", `[1}`, nil, ErrSyntax},
		{"a comment", `/* */ 1`, nil, ErrSyntax},
		{"NaN", `NaN`, nil, ErrSyntax},
		{"a leading zero", `01`, nil, ErrSyntax},
		{"a byte order mark", "\ufeff{}", nil, ErrSyntax},
		{"a NUL", "\"\x00\"", nil, ErrSyntax},
		{"bytes that are not UTF-8", "\"\xff\"", nil, ErrSyntax},
		{"a surrogate as bytes", "\"\xed\xa0\x80\"", nil, ErrSyntax},
		{"a name twice", `{"a":1,"a":1}`, nil, ErrDuplicate},
		{"a name twice by an escape", `{"a":1,"\u0061":1}`, nil, ErrDuplicate},
		{"a name twice, deep", `[{"x":{"a":1,"a":2}}]`, nil, ErrDuplicate},
		{"the deepest", `[[{}]]`, []any{[]any{map[string]any{}}}, nil},
		{"a value within the deepest", `[[[1]]]`, []any{[]any{[]any{json.Number("1")}}}, nil},
		{"one too deep", `[[[[]]]]`, nil, ErrDepth},
		{"far too deep", strings.Repeat("[", 1e6), nil, ErrDepth},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Decode([]byte(row.text), 3)
			if !errors.Is(err, row.err) || !reflect.DeepEqual(got, row.want) {
				t.Errorf("%#v, %v, want %#v, %v", got, err, row.want, row.err)
			}
		})
	}
}

func TestDecodeObject(t *testing.T) {
	if got, err := DecodeObject([]byte(`{"a":"b"}`), 1); err != nil || got["a"] != "b" {
		t.Errorf("%v, %v", got, err)
	}
	for text, want := range map[string]error{`[]`: ErrSyntax, `null`: ErrSyntax, `"x"`: ErrSyntax, `{`: ErrSyntax, `{"a":{}}`: ErrDepth} {
		if got, err := DecodeObject([]byte(text), 1); !errors.Is(err, want) || got != nil {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestMembers(t *testing.T) {
	got, err := Members([]byte(` {"a": [1, {"b":1,"b":2}], "\u0062":"` + "\xff" + `"} `))
	if err != nil || len(got) != 2 || string(got["a"]) != `[1, {"b":1,"b":2}]` || string(got["b"]) != "\"\xff\"" {
		t.Errorf("%q, %v", got, err)
	}
	for text, want := range map[string]error{
		``: ErrSyntax, `[]`: ErrSyntax, `null`: ErrSyntax, `{"a"`: ErrSyntax, `{"a":1`: ErrSyntax, `{"a":1]`: ErrSyntax, `{"a":1,}`: ErrSyntax,
		`{"a":[}`: ErrSyntax, `{1:2}`: ErrSyntax, `{}{}`: ErrSyntax, `{} x`: ErrSyntax, `{"a":1,"\u0061":1}`: ErrDuplicate,
	} {
		if got, err := Members([]byte(text)); !errors.Is(err, want) || got != nil {
			t.Errorf("%s: %q, %v, want %v", text, got, err, want)
		}
	}
}

// FuzzDecode: what is accepted is what encoding/json accepts, and both read the same, though not the other way round.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `[1,2,{"b":null}]`, `"\ud800"`, `{"a":1,"a":2}`, `[1,]`, `1e400`, `-0`, ` {} `, `{}{}`, "\"\xff\"", `[[[[[[[[[]]]]]]]]]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Decode(text, 8)
		if err != nil {
			if got != nil {
				t.Fatalf("%v comes with %v", err, got)
			}
			if errors.Is(err, ErrSyntax) && utf8.Valid(text) && json.Valid(text) {
				t.Fatalf("well-formed, but refused as syntax: %q", text)
			}
			return
		}
		if !json.Valid(text) || !utf8.Valid(text) {
			t.Fatalf("accepted: %q", text)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %#v, encoding/json reads %#v (%v)", text, got, want, err)
		}
	})
}
