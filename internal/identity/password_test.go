package identity

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/problem"
)

func TestHash(t *testing.T) {
	first, err := Hash("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", first)
	}
	again, err := Hash("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if first == again {
		t.Error("two hashes of one password are the same: no salt")
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horsE": false, "": false} {
		if got, err := Verify(password, first); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", password, got, err, want)
		}
	}
}

func TestHashSizes(t *testing.T) {
	for size, good := range map[int]bool{0: false, 7: false, 8: true, 256: true, 257: false} {
		_, err := Hash(strings.Repeat("x", size))
		if good != (err == nil) {
			t.Errorf("%d bytes: %v", size, err)
		}
		var p *problem.Error
		if !good && (!errors.As(err, &p) || p.Code != problem.BadUserInput || !slices.Equal(p.InputPath, []string{"input", "password"})) {
			t.Errorf("%d bytes: %+v", size, err)
		}
	}
}

// reference is "password" with the salt "somesalt", from the tests of Argon2's own
// authors (github.com/P-H-C/phc-winner-argon2, src/test.c).
const (
	reference     = "$argon2id$v=19$m=65536,t=2,p=1$" + referenceSalt + "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	referenceSalt = "c29tZXNhbHQ"
)

func TestVerifyOthersHash(t *testing.T) {
	if got, err := Verify("password", reference); err != nil || !got {
		t.Errorf("%v, %v", got, err)
	}
}

func TestVerifySizes(t *testing.T) {
	long := strings.Repeat("x", maxPasswordTry)
	encoded := hash(long)
	if got, err := Verify(long, encoded); err != nil || !got {
		t.Errorf("1 KiB: %v, %v", got, err)
	}
	if got, err := Verify(long+"x", hash(long+"x")); err != nil || got {
		t.Errorf("more than 1 KiB: %v, %v", got, err)
	}
}

// badPHC are strings that must not be worked on.
func badPHC() map[string]string {
	edit := func(old, new string) string { return strings.Replace(reference, old, new, 1) }
	return map[string]string{
		"empty":               "",
		"plain text":          "correct horse",
		"bcrypt":              "$2y$10$abcdefghijklmnopqrstuuAbCdEfGhIjKlMnOpQrStUvWxYz01234",
		"argon2i":             edit("argon2id", "argon2i"),
		"another version":     edit("v=19", "v=16"),
		"no version":          edit("v=19$", ""),
		"too much memory":     edit("m=65536", "m=131073"),
		"far too much memory": edit("m=65536", "m=4294967296"),
		"no memory":           edit("m=65536", "m=0"),
		"memory below lanes":  edit("m=65536,t=2,p=1", "m=31,t=2,p=4"),
		"too many passes":     edit("t=2", "t=11"),
		"no passes":           edit("t=2", "t=0"),
		"too many lanes":      edit("p=1", "p=5"),
		"negative":            edit("t=2", "t=-2"),
		"leading zero":        edit("t=2", "t=02"),
		"another order":       edit("m=65536,t=2", "t=2,m=65536"),
		"more parameters":     edit("p=1", "p=1,keyid=x"),
		"short salt":          edit(referenceSalt, "c2FsdA"),
		"no salt":             edit(referenceSalt, ""),
		"salt not base64":     edit(referenceSalt, "!!!!!!!!!!!!!!!!!!!!!!"),
		"padded salt":         edit(referenceSalt, referenceSalt+"="),
		"no key":              reference[:strings.LastIndex(reference, "$")+1],
		"short key":           reference[:strings.LastIndex(reference, "$")+1] + "AAAA",
		"huge key":            reference + strings.Repeat("A", 100),
		"something after":     reference + "$",
		"something before":    " " + reference,
		"huge":                reference + strings.Repeat("A", 1<<20),
	}
}

func TestVerifyHash(t *testing.T) {
	for name, encoded := range badPHC() {
		t.Run(name, func(t *testing.T) {
			got, err := Verify("password", encoded)
			if err == nil || got {
				t.Fatalf("%v, %v", got, err)
			}
			if encoded != "" && strings.Contains(err.Error(), encoded) {
				t.Error("the error quotes the hash")
			}
		})
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(reference)
	for _, encoded := range badPHC() {
		f.Add(encoded[:min(len(encoded), 2*maxPHC)])
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		h, err := parsePHC(encoded)
		if err != nil {
			return
		}
		if h.String() != encoded {
			t.Errorf("%q is read as %q", encoded, h)
		}
		if h.memory > maxHashMemory || h.passes > maxHashPasses || h.lanes > maxHashLanes || len(h.key) > 64 ||
			h.memory < 8*uint32(h.lanes) || h.passes < 1 || h.lanes < 1 || len(h.key) < 16 {
			t.Errorf("%q asks for too much or too little", encoded)
		}
	})
}
