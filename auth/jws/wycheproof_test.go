package jws

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// vectors is a file of Wycheproof, as far as it is read here.
type vectors struct {
	NumberOfTests int
	TestGroups    []struct {
		Comment         string
		Public, Private json.RawMessage
		Tests           []struct {
			ID       int `json:"tcId"`
			Comment  string
			JWS, JWE json.RawMessage // a text, or an object in JSON serialization
			Result   string
		}
	}
}

// impossible holds the vectors of which no verifier can do what the file says and be strict, with what is done here.
var impossible = map[string]struct{ got, why string }{
	"jws 346": {"invalid", "the key says PS256 and the token PS384, and a key has one algorithm"},
	"jws 350": {"invalid", "the key says PS256 and the token PS384, and a key has one algorithm"},
	"jws 367": {"valid", "it is byte for byte the token of jws 357, which is valid"},
	"jws 370": {"valid", "it is byte for byte the token of jws 357, which is valid"},
	"jws 372": {"invalid", "a question mark within the header's base64url"},
	"jws 373": {"invalid", "a question mark within the payload's base64url"},
	"jwc 50":  {"invalid", "an encrypted token, of which none is taken"},
	"jwc 67":  {"invalid", "an encrypted token, of which none is taken"},
}

// TestWycheproof: each vector of the files in testdata/wycheproof is accepted or refused as its file says.
func TestWycheproof(t *testing.T) {
	for _, file := range []struct {
		name      string
		has, left int // how many vectors, and how many of them are impossible
	}{{"jws", 401, 6}, {"jwk", 26, 0}, {"jwc", 83, 2}} {
		t.Run(file.name, func(t *testing.T) {
			text, err := os.ReadFile("testdata/wycheproof/wycheproof_" + file.name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var v vectors
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			agreed, left := 0, 0
			for _, group := range v.TestGroups {
				key := group.Public
				if key == nil {
					key = group.Private
				}
				for _, test := range group.Tests {
					got := "valid"
					err := vector(key, test.JWS, test.JWE)
					if err != nil {
						got = "invalid"
					}
					id, want := fmt.Sprintf("%s %d", file.name, test.ID), test.Result
					if not, known := impossible[id]; known {
						if want = not.got; want == test.Result {
							t.Errorf("%s is as its file says after all", id)
						}
						left++
					} else {
						agreed++
					}
					t.Run(fmt.Sprint(test.ID), func(t *testing.T) {
						if got != want {
							t.Errorf("%s (%s): %s, want %s: %v", test.Comment, group.Comment, got, want, err)
						}
					})
				}
			}
			if n := agreed + left; n != v.NumberOfTests || n != file.has || left != file.left {
				t.Errorf("%d vectors, %d of them impossible; the file says %d", n, left, v.NumberOfTests)
			}
			if !t.Failed() {
				t.Logf("%d vectors: %d as the file says, %d impossible", v.NumberOfTests, agreed, left)
			}
		})
	}
}

// vector verifies one vector's token with the group's key or key set. An encrypted one is given a good key, so that it
// is its form that is refused.
func vector(key, signed, encrypted json.RawMessage) error {
	keys, err := readKeys(key)
	if encrypted != nil {
		signed = encrypted
		keys, err = func(Header) (Key, error) { return secret(jwk{Alg: "HS256", K: goodSecret}) }, nil
	}
	if err != nil {
		return err
	}
	var raw string
	if json.Unmarshal(signed, &raw) != nil {
		raw = string(signed)
	}
	_, _, err = Rules{MaxSize: 4096}.Verify(raw, keys)
	return err
}

const goodSecret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
