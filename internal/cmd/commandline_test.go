package cmd

import (
	"encoding/base64"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (-update writes it anew):\n got %s\nwant %s", path, got, want)
	}
}

func TestGolden(t *testing.T) {
	plan := func(args ...string) []string {
		return append([]string{"plan", "testdata/plan.graphql", "--operation"}, args...)
	}
	const message, number = `{"id": "TWVzc2FnZTpTTTE"}`, `{"id": "UGhvbmVOdW1iZXI6UE4x", "withPrice": false}`
	for name, args := range map[string][]string{
		"check.txt":          {"check"},
		"matrix.txt":         {"matrix"},
		"plan.txt":           plan("Dashboard", "--variables", message),
		"plan_support.txt":   plan("Dashboard", "--variables", message, "--role=support"),
		"plan_guest.txt":     plan("Dashboard", "--variables", number, "--role=guest"),
		"plan_mutation.txt":  plan("Rename", "--variables", number, "--role=support"),
		"plan_mutation.json": plan("Rename", "--variables", number, "--role=developer", "--json"),
	} {
		t.Run(name, func(t *testing.T) {
			got := command(t, args...)
			if got.status != 0 || got.stderr != "" {
				t.Errorf("status %d, %s", got.status, got.stderr)
			}
			golden(t, name, got.stdout)
		})
	}
	t.Run("check of the schema's own files says the same", func(t *testing.T) {
		files, err := filepath.Glob("../../schema/*.graphqls")
		if err != nil {
			t.Fatal(err)
		}
		got := command(t, append([]string{"check", "../../schema.graphqls"}, files...)...)
		golden(t, "check.txt", got.stdout)
	})
}

// TestCheckNamesFaults: every fault of a schema, with file and line.
func TestCheckNamesFaults(t *testing.T) {
	text, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	at := func(line string) int {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, line) })
		if i < 0 {
			t.Fatalf("schema.graphqls has no line %q", line)
		}
		return i
	}
	money, account := at("type Money @signedIn"), at("  account: Account @signedIn")
	lines[money] = "type Money {"
	lines[account] = "  account: Account @hasPermission(permission: NO_SUCH_THING)"
	name := file(t, "faulty.graphqls", strings.Join(lines, "\n"))
	rest, err := filepath.Glob("../../schema/*.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	got := command(t, append([]string{"check", name}, rest...)...)
	if got.status != 1 || got.stdout != "" {
		t.Errorf("status %d, %s", got.status, got.stdout)
	}
	for _, want := range []string{
		"faulty.graphqls:" + strconv.Itoa(account+1), "NO_SUCH_THING",
		"faulty.graphqls:" + strconv.Itoa(money+1), "type Money has no rule",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("no %q in:\n%s", want, got.stderr)
		}
	}
}

// TestPlanRefuses says what keeps an operation from being planned, and where.
func TestPlanRefuses(t *testing.T) {
	var aliases strings.Builder
	for i := range 31 {
		fmt.Fprintf(&aliases, "a%d: sid ", i)
	}
	for _, row := range []struct {
		name, text string
		args       []string
		want       string
	}{
		{"what is no GraphQL", "{ account {", nil, "plan.graphql: line 1, column 12: Expected Name"},
		{"a field that is none", "{ account { secret } }", nil, `plan.graphql: line 1, column 13: Cannot query field "secret" on type "Account"`},
		{"nothing at all", "", nil, "it has no operation"},
		{"one of several", "query A { __typename } query B { __typename }", nil, "several operations"},
		{"one that is not there", "query A { __typename }", []string{"--operation=B"}, "no operation B"},
		{"a variable that is missing", "query($id: ID!) { node(id: $id) { id } }", nil, "plan.graphql: variable.id must be defined"},
		{"a variable of another type", "query($n: Int) { account { calls(first: $n) { pageInfo { hasNextPage } } } }", []string{`--variables={"n": "x"}`}, "plan.graphql: variable.n cannot use string as Int"},
		{"variables that are no object", "{ __typename }", []string{"--variables=[1]"}, "--variables: not one well-formed JSON value"},
		{"a variable given twice", "{ __typename }", []string{`--variables={"a": 1, "a": 2}`}, "--variables: a JSON member is given twice"},
		{"a role that is none", "{ __typename }", []string{"--role=nobody"}, "--role: "},
		{"more than a limit", "{ account { " + aliases.String() + "} }", nil, "plan.graphql: The operation has more aliases than the 30"},
	} {
		t.Run(row.name, func(t *testing.T) {
			name := file(t, "plan.graphql", row.text)
			got := command(t, append([]string{"plan", name}, row.args...)...)
			if got.status != 1 || got.stdout != "" || !strings.Contains(got.stderr, row.want) {
				t.Errorf("status %d, %s%s, want %q", got.status, got.stdout, got.stderr, row.want)
			}
		})
	}
	if got := command(t, "plan", "no-such-file.graphql"); got.status != 2 || !strings.Contains(got.stderr, "no-such-file.graphql") {
		t.Errorf("no such file: %+v", got)
	}
}

// TestPlanMasks: what a role sees masked is said to be.
func TestPlanMasks(t *testing.T) {
	matrix := published(t).with("PERSONAL_DATA", support, "").file(t)
	query := file(t, "plan.graphql", "{ account { calls { edges { node { sid to } } } } }")
	got := command(t, "plan", query, "--role=support", "--matrix", matrix)
	if lines := strings.Split(strings.TrimSpace(got.stdout), "\n"); !strings.HasSuffix(lines[len(lines)-1], "masked") || strings.Count(got.stdout, "masked") != 1 {
		t.Errorf("%+v", got)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"init", "--help"}, {"keys", "--help"}, {"check", "--help"}, {"matrix", "--help"}, {"plan", "--help"}} {
		got := command(t, args...)
		if got.status != 0 || !strings.Contains(got.stdout, "Usage: fieldgate") || got.stderr != "" {
			t.Errorf("%v: status %d\n%s%s", args, got.status, got.stdout, got.stderr)
		}
	}
	for _, flag := range []string{"--listen", "--data", "--redis-url", "--matrix", "--denials", "--demo", "FIELDGATE_LISTEN"} {
		if got := command(t, "serve", "--help"); !strings.Contains(got.stdout, flag) {
			t.Errorf("the help does not tell of %s:\n%s", flag, got.stdout)
		}
	}
}

// TestBadCommandLine: what cannot be understood is status 2, what cannot be done is 1,
// and standard error says what is wrong and where.
func TestBadCommandLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close() // nobody listens there now
	empty := t.TempDir()
	plain := file(t, "plain", "this is a file\n")
	blank := file(t, "blank", "\n")

	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   []string
	}{
		{"an unknown flag", []string{"serve", "--no-such-flag"}, 2, []string{"--no-such-flag", "--help"}},
		{"an unknown flag without a command", []string{"--lisen=127.0.0.1:0"}, 2, []string{"--lisen"}},
		{"an unknown command", []string{"frobnicate"}, 2, []string{"frobnicate"}},
		{"a flag of no known value", []string{"serve", "--denials=some"}, 2, []string{"--denials", "each", "selection", "extensions"}},
		{"another flag of no known value", []string{"serve", "--demo=maybe"}, 2, []string{"--demo", "auto", "on", "off"}},
		{"an unknown level of the log", []string{"serve", "--log-level=loud"}, 2, []string{"--log-level"}},
		{"two ways to name Redis", []string{"serve", "--redis-url=redis://localhost", "--redis-url-file=" + plain}, 2, []string{"--redis-url"}},
		{"a schema file that is missing", []string{"check", "no-such-file"}, 2, []string{"no-such-file"}},
		{"a schema file that is none", []string{"check", plain}, 1, []string{plain + ":1"}},
		{"an address without a port", []string{"serve", "--listen=localhost"}, 1, []string{"--listen", "HOST:PORT"}},
		{"a port out of range", []string{"serve", "--listen=127.0.0.1:123456"}, 1, []string{"--listen", "127.0.0.1:123456"}},
		{"a port in use", []string{"serve", "--listen=" + taken.Addr().String()}, 1, []string{"--listen", "address already in use"}},
		{"a matrix that is missing", []string{"serve", "--matrix=" + filepath.Join(empty, "none.csv")}, 1, []string{"none.csv"}},
		{"a data folder that is a file", []string{"serve", "--data=" + plain}, 1, []string{"plain"}},
		{"a Redis that is not there", []string{"serve", "--redis-url=redis://:hunter2@" + nobody.Addr().String()}, 1, []string{"--redis-url"}},
		{"a URL that is none of Redis", []string{"serve", "--redis-url=http://:hunter2@localhost"}, 1, []string{"--redis-url"}},
		{"a secret's file that is missing", []string{"serve", "--redis-url-file=" + filepath.Join(empty, "none")}, 1, []string{"--redis-url-file"}},
		{"a secret's file that is empty", []string{"serve", "--demo-password-file=" + blank}, 1, []string{"--demo-password-file", "empty"}},
		{"demo users on every address", []string{"serve", "--listen=0.0.0.0:0"}, 1, []string{"demo users", "--listen"}},
		{"demo users on every address, written short", []string{"serve", "--listen=:0"}, 1, []string{"demo users", "--listen"}},
		{"no demo and no account", []string{"serve", "--demo=off"}, 1, []string{"--demo=off"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := c.args
			if args[0] == "serve" {
				if !strings.Contains(strings.Join(args, " "), "--listen") {
					args = append(args, "--listen=127.0.0.1:0")
				}
				switch {
				case strings.Contains(strings.Join(args, " "), "--data"):
				case strings.HasPrefix(c.name, "demo users"):
					args = append(args, "--data="+demoData(t))
				default:
					args = append(args, "--data="+t.TempDir())
				}
			}
			got := command(t, args...)
			if got.status != c.status || strings.Contains(got.stdout, "answers at") {
				t.Errorf("status %d, want %d; %s%s", got.status, c.status, got.stdout, got.stderr)
			}
			for _, want := range c.says {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("it does not say %q: %s", want, got.stderr)
				}
			}
			if strings.Contains(got.stdout+got.stderr, "hunter2") {
				t.Errorf("it says a password: %s", got.stderr)
			}
		})
	}
	t.Run("a bad value in the environment", func(t *testing.T) {
		t.Setenv("FIELDGATE_DENIALS", "some")
		if got := command(t, "serve"); got.status != 2 || !strings.Contains(got.stderr, "FIELDGATE_DENIALS") && !strings.Contains(got.stderr, "--denials") {
			t.Errorf("status %d: %s", got.status, got.stderr)
		}
	})
}

// TestBadMatrix: a table that cannot be read, or that does not go with the schema, is
// refused by every command that reads one.
func TestBadMatrix(t *testing.T) {
	good, err := os.ReadFile("../../auth/policy/matrix.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, old, new string
		says           string
		served         bool // whether the file itself is good, and the schema refuses it
	}{
		{"a cell that is neither x nor empty", "USAGE,Usage,,x,", "USAGE,Usage,,yes,", "line 14, column 14", false},
		{"a role that nobody knows", ",owner,", ",boss,", "line 1, column 26", false},
		{"a row that is repeated", "TRUST_HUB,Trust Hub", "USAGE,Trust Hub", "line 14, column 1", false},
		{"a cell too few", "USAGE,Usage,,", "USAGE,Usage,", "line 14, column 1", false},
		{"a row that implies what is none", "ALPHANUMERIC_SENDER_ID_READ,x", "NO_SUCH_ROW,x", "line 3, column 93", false},
		{"a quote within a cell", `TRUST_HUB,Trust Hub`, `TRUST_HUB,Trust "Hub`, "line 13, column 17", false},
		{"a permission that the schema lacks", "TRUST_HUB,", "TRUST_CLUB,", "matrix.csv: the row TRUST_CLUB is of no permission of the schema", true},
		{"a row that is missing", "USAGE,Usage,,x,x,x,x,x,published\n", "", "matrix.csv: the permission USAGE has no row", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(string(good), c.old, c.new, 1)
			if text == string(good) {
				t.Fatalf("the matrix has no %q", c.old)
			}
			matrix := file(t, "matrix.csv", text)
			commands := map[string][]string{
				"serve": {"serve", "--listen=127.0.0.1:0", "--data=" + t.TempDir(), "--matrix=" + matrix},
				"check": {"check", "--matrix=" + matrix},
			}
			if !c.served {
				commands["matrix"] = []string{"matrix", "--matrix=" + matrix}
			}
			for name, args := range commands {
				got := command(t, args...)
				if got.status != 1 || !strings.Contains(got.stderr, c.says) || !c.served && !strings.Contains(got.stderr, matrix) {
					t.Errorf("%s: status %d, want 1 and %q: %s", name, got.status, c.says, got.stderr)
				}
			}
		})
	}
}

// TestBadData: what is in the data folder is refused, not written over.
func TestBadData(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		says  string
	}{
		{"a database of a newer version", func(t *testing.T, dir string) {
			if err := changeData(dir, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)"); err != nil {
				t.Fatal(err)
			}
		}, "newer version"},
		{"a database that is none", func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "fieldgate.db"), []byte(strings.Repeat("this is no database\n", 100)))
		}, "database"},
		{"a key that is none", func(t *testing.T, dir string) {
			rewrite(t, keyFile(t, dir), []byte("this is no key\n"))
		}, "is not one PEM block"},
		{"a key that others may read", func(t *testing.T, dir string) {
			if err := os.Chmod(keyFile(t, dir), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "chmod"},
		{"a key of the audit trail that is lost", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "keys", "audit.key")); err != nil {
				t.Fatal(err)
			}
		}, "audit.key"},
		{"another key of the audit trail", func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, "keys", "audit.key"), []byte(base64.RawURLEncoding.EncodeToString(make([]byte, 32))))
		}, "audit.key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := demoData(t)
			c.spoil(t, dir)
			database := filepath.Join(dir, "fieldgate.db")
			before, key := read(t, database), read(t, keyFile(t, dir))
			got := command(t, "serve", "--listen=127.0.0.1:0", "--data", dir, "--demo-password", password)
			if got.status != 1 || !strings.Contains(got.stderr, c.says) || strings.Contains(got.stdout, "answers at") {
				t.Errorf("status %d, want 1 and %q: %s%s", got.status, c.says, got.stdout, got.stderr)
			}
			if read(t, database) != before || read(t, keyFile(t, dir)) != key {
				t.Error("the data folder was written to")
			}
		})
	}
	t.Run("demo data, and --demo=off", func(t *testing.T) {
		got := command(t, "serve", "--listen=127.0.0.1:0", "--data", demoData(t), "--demo=off")
		if got.status != 1 || !strings.Contains(got.stderr, "--demo") {
			t.Errorf("status %d: %s", got.status, got.stderr)
		}
	})
}

func keyFile(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "keys", "*.pem"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	return names[0]
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func rewrite(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDemoPassword: the password is the one that was asked for, or one that is made up,
// printed, and the same at the next start.
func TestDemoPassword(t *testing.T) {
	dir := demoData(t)
	printed := func() string {
		p := start(t, "--data", dir)
		made := strings.TrimSpace(strings.TrimPrefix(p.says(regexp.MustCompile(`Their password: .+\n`)), "Their password: "))
		if a := p.guest().do(`mutation($password: String!) { signIn(input: {email: "owner@example.com", password: $password}) { expiresIn } }`,
			vars{"password": made}); len(a.errors) > 0 {
			t.Errorf("one cannot sign in with %q: %s", made, a.body)
		}
		p.stop()
		if strings.Contains(p.stderr.String(), made) {
			t.Error("the password is in the log")
		}
		return made
	}
	first := printed()
	if second := printed(); first != second || first == password || len(first) < 8 {
		t.Errorf("first %q, then %q", first, second)
	}
}
