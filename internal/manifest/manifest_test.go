package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const text = "query Calls { calls }"

// quoted is a text as JSON.
func quoted(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

func TestRead(t *testing.T) {
	sum := HashOf(text)
	for _, c := range []struct{ name, file, want string }{
		{"ours, without a head", `{"calls":` + quoted(text) + `}`, "calls= "},
		{"ours, with one", `{"format":"fieldgate-documents","version":1,"documents":{"b":"{ b }","a":"{ a }"}}`, "a= ,b= "},
		{"of relay-compiler, by MD5", `{"0d7a9ac4e2e6a0a6b1a1a3a3c5d1a0ff":` + quoted(text) + `}`, "0d7a9ac4e2e6a0a6b1a1a3a3c5d1a0ff= "},
		{"of graphql-codegen, by SHA-256", `{"` + sum + `":` + quoted(text) + `}`, sum + "= "},
		{"by SHA-256 with its name", `{"sha256:` + sum + `":` + quoted(text) + `}`, "sha256:" + sum + "= "},
		{"of Apollo", `{"format":"apollo-persisted-query-manifest","version":1,"operations":[
			{"id":"` + sum + `","name":"Calls","type":"query","body":` + quoted(text) + `},
			{"id":"1","name":"Other","type":"mutation","body":"mutation Other { other }","clientName":"web"}]}`,
			"1=mutation Other," + sum + "=query Calls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Read("file.json", []byte(c.file))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range list {
				if d.File != "file.json" || d.Text == "" {
					t.Errorf("%+v", d)
				}
				got = append(got, fmt.Sprintf("%s=%s %s", d.ID, d.Type, d.Name))
			}
			if strings.Join(got, ",") != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestFaults: each is named by its file and its document.
func TestFaults(t *testing.T) {
	apollo := func(operations string) string {
		return `{"format":"apollo-persisted-query-manifest","version":1,"operations":[` + operations + `]}`
	}
	for _, c := range []struct {
		name, file string
		says       []string
	}{
		{"no JSON", `{`, []string{"not one well-formed JSON value"}},
		{"a list", `[]`, []string{"not one well-formed JSON value"}},
		{"nothing in it", `{}`, []string{"no documents"}},
		{"nothing in Apollo's", apollo(""), []string{"no documents"}},
		{"an id twice", `{"a":"{ a }","b":"{ b }","a":"{ c }"}`, []string{`"a" is given twice`}},
		{"an id twice by escape", `{"a":"{ a }","\u0061":"{ c }"}`, []string{`"a" is given twice`}},
		{"a member twice further in", apollo(`{"id":"1","id":"2"}`), []string{`"id" is given twice`}},
		{"an id twice in Apollo's", apollo(`{"id":"1","name":"A","type":"query","body":"query A { a }"},
			{"id":"1","name":"B","type":"query","body":"query B { b }"}`), []string{`"1" is there twice`}},
		{"no text", `{"a":1,"b":{"c":"d"}}`, []string{`"a" is not a text`, `"b" is not a text`}},
		{"an empty text", `{"a":" \n"}`, []string{`"a" is empty`}},
		{"an empty id", `{"":"{ a }"}`, []string{`"": an id has`}},
		{"an id with a space", `{"a b":"{ a }"}`, []string{`"a b": an id has`}},
		{"an id of other letters", `{"ä":"{ a }"}`, []string{`an id has`}},
		{"a long id", `{"` + strings.Repeat("x", 257) + `":"{ a }"}`, []string{`an id has`}},
		{"the hash of another text", `{"` + HashOf("{ b }") + `":"{ a }"}`, []string{"is not the SHA-256 of the text"}},
		{"the hash of another text, with its name", `{"sha256:` + HashOf("{ b }") + `":"{ a }"}`, []string{"is not the SHA-256 of the text"}},
		{"another format", `{"format":"other","a":"{ a }"}`, []string{"the format is"}},
		{"a format that is no text", `{"format":1}`, []string{"the format is"}},
		{"another version", `{"format":"fieldgate-documents","version":2,"documents":{"a":"{ a }"}}`, []string{"version is not 1"}},
		{"a member unknown", `{"format":"fieldgate-documents","version":1,"documents":{"a":"{ a }"},"b":"{ b }"}`, []string{`a member "b"`}},
		{"no documents", `{"format":"fieldgate-documents","version":1}`, []string{"documents is an object"}},
		{"no operations", `{"format":"apollo-persisted-query-manifest","version":1,"operations":{}}`, []string{"operations is a list"}},
		{"no operation", apollo(`"a"`), []string{"operation 0 is not an object"}},
		{"parts missing", apollo(`{"id":"1","body":"{ a }"}`), []string{"operation 0 has no name", "operation 0 has no type"}},
		{"a part unknown", apollo(`{"id":"1","name":"A","type":"query","body":"query A { a }","variables":{}}`), []string{`operation 0 has a member "variables"`}},
		{"another type", apollo(`{"id":"1","name":"A","type":"fragment","body":"query A { a }"}`), []string{"the type is"}},
		{"an empty name", apollo(`{"id":"1","name":"","type":"query","body":"{ a }"}`), []string{"an empty name"}},
		{"nested without end", strings.Repeat(`{"a":`, 100), []string{"nested too deeply"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Read("file.json", []byte(c.file))
			if err == nil || list != nil {
				t.Fatalf("it is read: %v", list)
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				if !strings.HasPrefix(line, "file.json: ") {
					t.Errorf("%q does not name the file", line)
				}
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q, want %q", err, part)
				}
			}
		})
	}
}

func TestHash(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // FIPS 180-4, of no bytes
	if got := HashOf(""); got != empty {
		t.Errorf("%s", got)
	}
	for id, want := range map[string]bool{
		empty: true, "sha256:" + empty: true, "": false, "sha256:": false, empty[1:]: false, empty + "0": false,
		strings.ToUpper(empty): false, "sha256:sha256:" + empty: false, "sha512:" + empty: false, "g" + empty[1:]: false,
	} {
		if got, is := Hash(id); is != want || is && got != empty {
			t.Errorf("%q: %q, %v", id, got, is)
		}
	}
}

// FuzzRead: whatever a file holds, what is read of it can be named and is what it is named.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"calls":"query Calls { calls }"}`, `{"` + HashOf(text) + `":"` + text + `"}`,
		`{"format":"fieldgate-documents","version":1,"documents":{"a":"{ a }"}}`,
		`{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"1","name":"A","type":"query","body":"query A { a }"}]}`,
		`{"a":"{ a }","a":"{ b }"}`, `[{"a":[{}]}]`, `{"a":{"b":1,"b":2}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := Read("file.json", text)
		if (err == nil) == (len(list) == 0) {
			t.Fatalf("%d documents, and %v", len(list), err)
		}
		ids := map[string]bool{}
		for _, d := range list {
			if ids[d.ID] || !nameable(d.ID) || strings.TrimSpace(d.Text) == "" {
				t.Errorf("%+v is read", d)
			}
			ids[d.ID] = true
			if hash, is := Hash(d.ID); is && hash != HashOf(d.Text) {
				t.Errorf("%+v is not what it is named", d)
			}
		}
	})
}
