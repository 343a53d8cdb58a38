package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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

// FuzzDecode: what is accepted is what encoding/json accepts, both read the same, and what is refused is refused for what comes first.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `[1,2,{"b":null}]`, `"\ud800"`, `"\ud83d\ude00"`, `"\ud83d\u0041"`, `"\ud83d\n"`, `"\u00g0"`, `"\u+123"`, `"\x"`, `"\`,
		`{"a":1,"a":2}`, `{"a":1,"a"`, `[1,]`, `1e400`, `-0`, `-`, `01`, `1.`, `1.e1`, `1e`, `0x1`, `+1`, `truely`, `tru`, ` {} `, `{}{}`, "\"\xff\"", "\"\x1f\"", "\"\x7f\"",
		`[[[[[[[[[]]]]]]]]]`, `{"a":{"a":[{"a":{}}]}}`, `{"\u0061":1,"a":2}`, `{"query":"{ a }","variables":{"x":[1,2.50]},"other":{},"query":1}`} {
		f.Add([]byte(seed))
	}
	names := []string{"a", "query", "variables"}
	f.Fuzz(func(t *testing.T, text []byte) {
		want, wantErr := byTokens(text, 8)
		got, err := Decode(text, 8)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(err, wantErr) {
			t.Fatalf("%q: %#v, %v, encoding/json reads %#v, %v", text, got, err, want, wantErr)
		}
		picked := make([]any, len(names))
		err = Pick(text, 8, names, picked)
		object, is := want.(map[string]any)
		if !is {
			if err == nil {
				t.Fatalf("picked of %q", text)
			}
			return
		}
		for i, name := range names {
			if err != nil || !reflect.DeepEqual(picked[i], object[name]) {
				t.Fatalf("%q: of %q %#v, %v was picked", text, name, picked[i], err)
			}
		}
	})
}

// byTokens is Decode on the tokens of encoding/json.
func byTokens(text []byte, depth int) (any, error) {
	if !utf8.Valid(text) {
		return nil, ErrSyntax
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := tokenValue(decoder, depth)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, ErrSyntax
	}
	return value, nil
}

func tokenValue(decoder *json.Decoder, depth int) (any, error) {
	part, err := decoder.Token()
	if err != nil {
		return nil, ErrSyntax
	}
	opening, ok := part.(json.Delim)
	switch {
	case !ok:
		return part, nil
	case depth == 0:
		return nil, ErrDepth
	}
	object, list := map[string]any{}, []any{}
	for decoder.More() {
		var name string
		if opening == '{' {
			part, err := decoder.Token()
			if name, ok = part.(string); err != nil || !ok {
				return nil, ErrSyntax
			}
			if _, twice := object[name]; twice {
				return nil, Duplicate{name}
			}
		}
		value, err := tokenValue(decoder, depth-1)
		if err != nil {
			return nil, err
		}
		object[name], list = value, append(list, value)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, ErrSyntax
	}
	if opening == '{' {
		return object, nil
	}
	return list, nil
}

// TestPick: members that nobody looks for are read as strictly.
func TestPick(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []any
		err        error
	}{
		{"some", ` {"b":"x","other":[2],"\u0061":1} `, []any{json.Number("1"), "x"}, nil},
		{"none", `{}`, []any{nil, nil}, nil},
		{"null", `{"a":null}`, []any{nil, nil}, nil},
		{"twice", `{"a":1,"\u0061":1}`, nil, ErrDuplicate},
		{"null twice", `{"a":null,"a":null}`, nil, ErrDuplicate},
		{"another twice", `{"c":1,"d":1,"c":1}`, nil, ErrDuplicate},
		{"twice below another", `{"c":{"d":1,"d":1}}`, nil, ErrDuplicate},
		{"in another case", `{"A":1}`, []any{nil, nil}, nil},
		{"too deep", `{"c":[[]]}`, nil, ErrDepth},
		{"no object", `[]`, nil, ErrSyntax},
		{"nothing", ``, nil, ErrSyntax},
		{"more", `{"a":1} {}`, nil, ErrSyntax},
		{"no UTF-8", "{\"c\":\"\xff\"}", nil, ErrSyntax},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := make([]any, 2)
			if err := Pick([]byte(row.text), 2, []string{"a", "b"}, got); !errors.Is(err, row.err) || err == nil && !reflect.DeepEqual(got, row.want) {
				t.Errorf("%#v, %v, want %#v, %v", got, err, row.want, row.err)
			}
		})
	}
}

func BenchmarkPick(b *testing.B) {
	text := []byte(`{"query":"query Numbers($first: Int!) {\n  account {\n    sid\n    phoneNumbers(first: $first) { edges { node { sid phoneNumber } } }\n  }\n}","operationName":"Numbers","variables":{"first":10}}`)
	names := []string{"query", "operationName", "variables", "extensions"}
	b.ReportAllocs()
	for b.Loop() {
		var into [4]any
		if err := Pick(text, 8, names, into[:]); err != nil || into[0] == nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTokens(b *testing.B) {
	text := []byte(`{"query":"query Numbers($first: Int!) {\n  account {\n    sid\n    phoneNumbers(first: $first) { edges { node { sid phoneNumber } } }\n  }\n}","operationName":"Numbers","variables":{"first":10}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := byTokens(text, 8); err != nil {
			b.Fatal(err)
		}
	}
}
