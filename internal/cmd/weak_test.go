package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWeak is what the gateway refuses to start with, and says why.
func TestWeak(t *testing.T) {
	nothing := func(t *testing.T) string { return filepath.Join(t.TempDir(), "data") }
	demo := func(t *testing.T) string { return demoData(t) }
	own := func(t *testing.T) string { data, _ := found(t); return data }
	mode := func(name string, mode os.FileMode) func(t *testing.T) string {
		return func(t *testing.T) string {
			data := own(t)
			if err := os.Chmod(filepath.Join(data, name), mode); err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	short := file(t, "short", "hunter2\n")
	const key = "keys/19700101T000000Z.pem"
	for _, c := range []struct {
		name string
		data func(t *testing.T) string
		args []string
		says string
	}{
		{"the demo, on every address", demo, []string{"--listen=0.0.0.0:0"}, "demo users"},
		{"the demo, on every address of IPv6", demo, []string{"--listen=[::]:0"}, "demo users"},
		{"the demo, on every address, written short", demo, []string{"--listen=:0"}, "demo users"},
		{"the demo, on every address, insisted on", demo, []string{"--listen=:0", "--demo=on"}, "demo users"},
		{"the demo, on every address, with a name", demo, []string{"--listen=:0", "--host=gateway.example"}, "demo users"},
		{"the demo, behind a proxy that gives it a name", demo, []string{"--host=gateway.example"}, "demo users"},
		{"nothing yet, behind a proxy that gives it a name", nothing, []string{"--host=gateway.example:443"}, "fieldgate init"},
		{"the demo, which must not be", demo, []string{"--demo=off"}, "demo users"},
		{"nothing yet, on every address", nothing, []string{"--listen=:0"}, "fieldgate init"},
		{"nothing yet, and no demo", nothing, []string{"--demo=off"}, "fieldgate init"},
		{"a demo in an account of its own", own, []string{"--demo=on"}, "an account of its own"},
		{"a demo password too short", nothing, []string{"--demo-password=hunter2"}, "--demo-password"},
		{"a demo password too short, in a file", nothing, []string{"--demo-password-file=" + short}, "--demo-password"},
		{"a demo password too long", nothing, []string{"--demo-password=" + strings.Repeat("hunter2", 40)}, "--demo-password"},
		{"a demo password too short, for a demo that is there", demo, []string{"--demo-password=hunter2"}, "--demo-password"},
		{"figures at no address", nothing, []string{"--metrics-listen=bogus"}, "--metrics-listen"},
		{"replicas of no Redis", nothing, []string{"--redis-replicas=1"}, "--redis-url"},
		{"less than no replicas", nothing, []string{"--redis-replicas=-1"}, "--redis-replicas"},
		{"nothing but documents, and no documents", nothing, []string{"--documents-mode=only"}, "--documents"},
		{"documents that are not there", nothing, []string{"--documents=no-such-file"}, "no-such-file"},
		{"documents of another schema", nothing, []string{"--documents=" + file(t, "old.json", `{"old":"{ hallo }"}`)}, `old.json: the document "old"`},
		{"no passwords and no identity provider", nothing, []string{"--local-sign-in=off"}, "nobody could sign in"},
		{"issuers that are not there", nothing, []string{"--issuers=/nowhere/issuers.yaml"}, "--issuers"},
		{"an issuer that would be believed too easily", nothing, []string{"--issuers=" + file(t, "issuers.yaml", "issuers: [{algorithms: [HS256]}]")}, "HS256"},
		{"a shared secret that others may read", nothing, []string{"--issuers=" + bearersFile(t, `sessions: {key_prefix: "sess:"}`, 0o644)}, "chmod"},
		{"a key that the group may read", mode(key, 0o640), nil, "chmod"},
		{"a key that others may read", mode(key, 0o604), nil, "chmod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := c.data(t)
			before := contents(t, data)
			got := command(t, append([]string{"serve", "--listen=127.0.0.1:0", "--data", data}, c.args...)...)
			if got.status != 1 || !strings.Contains(got.stderr, c.says) || strings.Contains(got.stdout, "answers at") {
				t.Errorf("status %d, want 1 and %q: %s%s", got.status, c.says, got.stdout, got.stderr)
			}
			if strings.Contains(got.stderr, "hunter2") {
				t.Errorf("it says a password: %s", got.stderr)
			}
			if _, err := os.Stat(data); before == nil && err == nil {
				t.Errorf("the refused start has made the data folder, with %q", contents(t, data))
			}
		})
	}
}

// TestWarnings is what the gateway starts with, and warns of. Nothing listens here.
func TestWarnings(t *testing.T) {
	folder := func(data, keys os.FileMode) string {
		dir := filepath.Join(t.TempDir(), "data")
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, "keys"), 0o700),
			os.Chmod(filepath.Join(dir, "keys"), keys), os.Chmod(dir, data)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	matrix := func(mode os.FileMode) matrixFlag {
		path := published(t).file(t)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return matrixFlag{path}
	}
	documents := func(mode string, permissions os.FileMode) documentFlags {
		path := file(t, "documents.json", "{}")
		if err := os.Chmod(path, permissions); err != nil {
			t.Fatal(err)
		}
		return documentFlags{Documents: []string{path}, DocumentsMode: mode}
	}
	with := func(name string, mode os.FileMode) string {
		dir := folder(0o700, 0o700)
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	const redis = "redis://redis.example:6379"
	for _, c := range []struct {
		name  string
		serve serve
		says  []string // one for each warning
	}{
		{"this machine", serve{Listen: "127.0.0.1:8080"}, nil},
		{"this machine by name", serve{Listen: "localhost:8080"}, nil},
		{"this machine by another address", serve{Listen: "127.0.0.2:8080"}, nil},
		{"every address, a name and Redis", serve{Listen: ":8080", Host: []string{"gateway.example"}, RedisURL: redis}, nil},
		{"one address and Redis", serve{Listen: "192.0.2.1:8080", RedisURL: redis}, nil},
		{"every address and no name", serve{Listen: ":8080", RedisURL: redis}, []string{"--host"}},
		{"every address of IPv4 and no name", serve{Listen: "0.0.0.0:8080", RedisURL: redis}, []string{"--host"}},
		{"every address of IPv6 and no name", serve{Listen: "[::]:8080", RedisURL: redis}, []string{"--host"}},
		{"one address and no Redis", serve{Listen: "192.0.2.1:8080"}, []string{"--redis-url"}},
		{"every address and nothing else", serve{Listen: ":8080"}, []string{"--host", "--redis-url"}},
		{"a data folder that others may look into", serve{Listen: "localhost:1", Data: folder(0o755, 0o755)}, nil},
		{"a data folder that others may write to", serve{Listen: "localhost:1", Data: folder(0o707, 0o700)}, []string{"replace the database"}},
		{"keys that the group may add to", serve{Listen: "localhost:1", Data: folder(0o700, 0o770)}, []string{"sign tokens"}},
		{"a database that nobody else may read", serve{Listen: "localhost:1", Data: with("fieldgate.db", 0o600)}, nil},
		{"a database that others may read", serve{Listen: "localhost:1", Data: with("fieldgate.db", 0o644)}, []string{"may read"}},
		{"a demo password that the group may read", serve{Listen: "localhost:1", Data: with("demo-password", 0o640)}, []string{"may read"}},
		{"documents that others may write to", serve{Listen: "localhost:1", documentFlags: documents("prefer", 0o666)}, []string{"--documents"}},
		{"documents that are not read", serve{Listen: "localhost:1", documentFlags: documents("off", 0o666)}, []string{"--documents-mode=off"}},
		{"documents only, and GraphiQL", serve{Listen: "localhost:1", documentFlags: documents("only", 0o600)}, []string{"--graphiql"}},
		{"documents only, and no GraphiQL", serve{Listen: "localhost:1", GraphiQL: "off", documentFlags: documents("only", 0o600)}, nil},
		{"behind a proxy, and no Redis", serve{Listen: "127.0.0.1:8080", Host: []string{"gateway.example"}}, []string{"--redis-url"}},
		{"a matrix that others may read", serve{Listen: "localhost:1", matrixFlag: matrix(0o644)}, nil},
		{"issuers that others may read", serve{Listen: "localhost:1", signInFlags: signInFlags{issuersFlag: issuersFlag{matrix(0o644).Matrix}}}, nil},
		{"issuers that others may write to", serve{Listen: "localhost:1", signInFlags: signInFlags{issuersFlag: issuersFlag{matrix(0o666).Matrix}}}, []string{"--issuers"}},
		{"sessions that are looked for", serve{Listen: "localhost:1", signInFlags: signInFlags{issuersFlag: issuersFlag{bearersFile(t, `sessions: {key_prefix: "sess:"}`, 0o600)}}}, nil},
		{"sessions that are not looked for", serve{Listen: "localhost:1", signInFlags: signInFlags{issuersFlag: issuersFlag{bearersFile(t, "sessions: unchecked", 0o600)}}}, []string{"unchecked"}},
		{"no passwords", serve{Listen: "localhost:1", signInFlags: signInFlags{LocalSignIn: "off"}}, []string{"Owner"}},
		{"a matrix that others may write to", serve{Listen: "localhost:1", matrixFlag: matrix(0o666)}, []string{"--matrix"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.serve.warns()
			for i, says := range c.says {
				if len(got) != len(c.says) || !strings.Contains(got[i], says) {
					t.Fatalf("it warns of %q, want %q", got, c.says)
				}
			}
			if len(got) != len(c.says) {
				t.Errorf("it warns of %q, want %q", got, c.says)
			}
		})
	}
	t.Run("they are logged", func(t *testing.T) {
		data := demoData(t)
		p := start(t, "--data", data, "--demo-password", password, "--log-level=warn", "--matrix", matrix(0o666).Matrix)
		p.stop()
		if got := p.stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "--matrix") {
			t.Errorf("the log: %s", got)
		}
	})
}
