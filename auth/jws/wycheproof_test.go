package jws

import (
	"bytes"
	"encoding/base64"
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
	keys, err := keysOf(key)
	if encrypted != nil {
		signed = encrypted
		keys, err = func(Header) (Key, error) { return secret("HS256", goodSecret) }, nil
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

// keysOf reads a key or a set of keys by ReadSet, but for a set that has shared secrets alone: ReadSet takes none, and
// the vectors have many that test the rules of form.
func keysOf(text []byte) (func(Header) (Key, error), error) {
	var set struct {
		Keys []struct{ Kty, Use, Alg, Kid, K string }
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	if set.Keys == nil {
		text = []byte(`{"keys":[` + string(text) + `]}`)
		if err := json.Unmarshal(text, &set); err != nil {
			return nil, err
		}
	}
	if bytes.Contains(text, []byte(`"P-521"`)) {
		text = bytes.ReplaceAll(text, []byte(`"ES521"`), []byte(`"ES512"`)) // a slip of the file: there is no ES521
	}
	read, _, err := ReadSet(text)
	if err != nil {
		return nil, err
	}
	keys := map[string]Key{}
	for _, k := range read {
		if keys[k.KeyID], err = NewKey(k.Public, k.Algorithm); err != nil {
			return nil, err
		}
	}
	secrets := map[string]int{}
	for _, k := range set.Keys {
		secrets[k.Kid]++
		if k.Kty != "oct" {
			clear(secrets)
			break
		}
	}
	for _, k := range set.Keys {
		if secrets[k.Kid] != 1 || k.Use != "" && k.Use != "sig" {
			continue
		}
		if keys[k.Kid], err = secret(k.Alg, k.K); err != nil {
			return nil, err
		}
	}
	return func(h Header) (Key, error) {
		key, known := keys[h.KeyID]
		if !known {
			return Key{}, Error("unknown kid")
		}
		return key, nil
	}, nil
}

// secret makes a key of HMAC.
func secret(alg, text string) (Key, error) {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Key{}, err
	}
	return NewSecret(bytes, alg)
}
