package cmd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

const ada = "ada@example.com"

var link = regexp.MustCompile(`(?m)^  (\S+)/accept#token=([A-Za-z0-9_-]{43})$`)

// found makes a real first account, and returns the data folder and the link's token.
func found(t testing.TB, args ...string) (data, token string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "new", "data")
	got := command(t, append([]string{"init", "--account-name", "Halyard Freight", "--owner", "Ada@Example.com", "--data", data}, args...)...)
	return data, linkOf(t, got)[2]
}

// linkOf is the one link that init printed, its base and its token. The token stands nowhere else.
func linkOf(t testing.TB, got result) []string {
	t.Helper()
	links := link.FindAllStringSubmatch(got.stdout, -1)
	if got.status != 0 || got.stderr != "" || len(links) != 1 || strings.Count(got.stdout, links[0][2]) != 1 {
		t.Fatalf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	return links[0]
}

// TestInit goes the whole way of a real start: init, serve, accept, sign in, and ask for
// everything that an account has.
func TestInit(t *testing.T) {
	data, token := found(t)
	for name, want := range map[string]os.FileMode{"": 0o700, "fieldgate.db": 0o600, "keys": 0o700, "keys/19700101T000000Z.pem": 0o600} {
		if info, err := os.Stat(filepath.Join(data, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, want mode %o", name, err, want)
		}
	}
	p := start(t, "--data", data, "--demo", "off")
	if strings.Contains(p.stdout.String(), "demo") {
		t.Errorf("it speaks of a demo: %s", p.stdout)
	}
	const chosen = "a password of their own"
	for _, guess := range []string{"", token, chosen} {
		p.guest().do(signInQuery, vars{"email": ada, "password": guess}).refused(t, http.StatusOK, "UNAUTHENTICATED")
	}
	if got := p.guest().do(acceptQuery, vars{"token": token, "password": chosen}).ok(t).text("acceptInvitation", "email"); got != ada {
		t.Errorf("accepted as %q", got)
	}
	p.guest().do(acceptQuery, vars{"token": token, "password": "another password"}).refused(t, http.StatusOK, "NOT_FOUND")
	a := p.guest().do(signInQuery, vars{"email": ada, "password": chosen}).ok(t)
	who := client{p, a.text("signIn", "accessToken"), a.text("signIn", "refreshToken")}
	if got := fmt.Sprint(who.do(`{ viewer { email roles } account { friendlyName status balance { amount currency }
		settings { timeZone type } billingSettings { companyName invoiceEmail currency autoRechargeEnabled } } }`, nil).ok(t).data); got !=
		"map[account:map[balance:map[amount:0 currency:USD] billingSettings:map[autoRechargeEnabled:false companyName:Halyard Freight currency:USD invoiceEmail:"+ada+"]"+
			" friendlyName:Halyard Freight settings:map[timeZone:UTC type:FULL] status:ACTIVE] viewer:map[email:"+ada+" roles:[OWNER]]]" {
		t.Error(got)
	}
	everyFieldOfAccount(t, who)
	key := who.do(`mutation { createApiKey(input: {friendlyName: "first"}) { apiKey { id } } }`, nil).ok(t)
	who.do(`mutation($id: ID!) { deleteApiKey(input: {id: $id}) { deletedApiKeyId } }`, vars{"id": key.text("createApiKey", "apiKey", "id")}).ok(t)

	// Neither secret is at rest or in the log.
	if status := p.stop(); status != 0 {
		t.Errorf("it stopped with %d", status)
	}
	err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, secret := range []string{token, chosen} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("a secret is in %s", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, secret := range []string{token, chosen} {
		if strings.Contains(p.stdout.String()+p.stderr.String(), secret) {
			t.Error("a secret is in what serve wrote")
		}
	}
}

// everyFieldOfAccount asks for all that there is below each field of Account: no error,
// and lists that are empty but for the Owner.
func everyFieldOfAccount(t *testing.T, who client) {
	t.Helper()
	s := load(t, sdl(t))
	for _, f := range s.Types["Account"].Fields {
		a := who.do("{ account { "+selectAll(s, f, 0)+" } }", nil).ok(t)
		value := a.at("account", f.Name)
		if f.Name != "users" && f.Name != "auditEvents" && strings.HasSuffix(f.Type.Name(), "Connection") {
			if got := fmt.Sprint(value); got != "map[edges:[] pageInfo:map[endCursor:<nil> hasNextPage:false hasPreviousPage:false startCursor:<nil>]]" {
				t.Errorf("%s: %s", f.Name, got)
			}
		} else if value == nil {
			t.Errorf("%s is null", f.Name)
		}
	}
	if got := who.do(`{ account { users { edges { node { email } } } } }`, nil).ok(t).all("account", "users", "edges", "node", "email"); !slices.Equal(got, []any{ada}) {
		t.Errorf("the users are %v", got)
	}
}

// selectAll selects a field with all that is below it and needs no arguments.
func selectAll(s *ast.Schema, f *ast.FieldDefinition, depth int) string {
	def := s.Types[f.Type.Name()]
	if !def.IsCompositeType() {
		return f.Name
	}
	var inner []string
	for _, f := range def.Fields {
		if depth < 10 && !needsArguments(f) && !strings.HasPrefix(f.Name, "__") {
			inner = append(inner, selectAll(s, f, depth+1))
		}
	}
	return f.Name + page(f, 10) + " { " + strings.Join(inner, " ") + " }"
}

// TestInitNewLink: an Owner who has no password yet gets another link, and the one before
// is dead; one who has, does not.
func TestInitNewLink(t *testing.T) {
	data, first := found(t, "--link-expires", "1m")
	again := []string{"init", "--new-link", "--owner", "ADA@example.com", "--data", data, "--base-url", "https://gateway.example/fg/"}
	p := start(t, "--data", data, "--demo", "off") // it is made while the gateway runs
	got := command(t, again...)
	second := linkOf(t, got)
	if second[1] != "https://gateway.example/fg" || !strings.Contains(got.stdout, "--host=gateway.example") {
		t.Errorf("the link begins with %s: %s", second[1], got.stdout)
	}
	p.guest().do(acceptQuery, vars{"token": first, "password": password}).refused(t, http.StatusOK, "NOT_FOUND")
	p.guest().do(acceptQuery, vars{"token": second[2], "password": password}).ok(t)
	p.signIn(ada)
	if got := command(t, again...); got.status != 1 || got.stdout != "" || !strings.Contains(got.stderr, "has set a password already") {
		t.Errorf("once more: status %d, %s%s", got.status, got.stdout, got.stderr)
	}
	p.signIn(ada)
}

// TestInitRefused: what init refuses is said, and changes nothing.
func TestInitRefused(t *testing.T) {
	demo := demoData(t)
	taken, _ := found(t)
	plain := file(t, "plain", "this is a file\n")
	for _, c := range []struct {
		name   string
		data   string // "" for a folder that is not there
		args   []string
		status int
		says   string
	}{
		{"no flags", "", nil, 2, "--owner"},
		{"no Owner", "", []string{"--account-name=Halyard"}, 2, "--owner"},
		{"no account", "", []string{"--owner=" + ada}, 2, "--account-name"},
		{"an empty name", "", []string{"--account-name=", "--owner=" + ada}, 1, "account's name"},
		{"a name too long", "", []string{"--account-name=" + strings.Repeat("x", 65), "--owner=" + ada}, 1, "account's name"},
		{"a name with an escape", "", []string{"--account-name=a\x1b[2Jb", "--owner=" + ada}, 1, "account's name"},
		{"an Owner's name too long", "", []string{"--account-name=x", "--owner=" + ada, "--owner-name=" + strings.Repeat("x", 65)}, 1, "Owner's name"},
		{"no e-mail address", "", []string{"--account-name=x", "--owner=ada"}, 1, "e-mail address"},
		{"an e-mail address with a name", "", []string{"--account-name=x", "--owner=Ada <ada@example.com>"}, 1, "e-mail address"},
		{"a link that expires at once", "", []string{"--account-name=x", "--owner=" + ada, "--link-expires=1s"}, 1, "--link-expires"},
		{"a link for years", "", []string{"--account-name=x", "--owner=" + ada, "--link-expires=8760h"}, 1, "--link-expires"},
		{"a time that is none", "", []string{"--account-name=x", "--owner=" + ada, "--link-expires=soon"}, 2, "--link-expires"},
		{"a base that is none", "", []string{"--account-name=x", "--owner=" + ada, "--base-url=gateway"}, 1, "--base-url"},
		{"a base with a query", "", []string{"--account-name=x", "--owner=" + ada, "--base-url=https://gateway.example/?a=b"}, 1, "--base-url"},
		{"a base with a password", "", []string{"--account-name=x", "--owner=" + ada, "--base-url=https://me:hunter2@gateway.example"}, 1, "--base-url"},
		{"a base of another scheme", "", []string{"--account-name=x", "--owner=" + ada, "--base-url=javascript://localhost/"}, 1, "https://"},
		{"a password over plain http", "", []string{"--account-name=x", "--owner=" + ada, "--base-url=http://gateway.example"}, 1, "https://"},
		{"a new link and no account", "", []string{"--new-link", "--owner=" + ada}, 1, "no account"},
		{"an account and a new link", "", []string{"--account-name=x", "--new-link", "--owner=" + ada}, 2, "--new-link"},
		{"there is an account", taken, []string{"--account-name=x", "--owner=eve@example.com"}, 1, "--new-link"},
		{"a new link for someone else", taken, []string{"--new-link", "--owner=eve@example.com"}, 1, "--owner"},
		{"there is the demo", demo, []string{"--account-name=x", "--owner=" + ada}, 1, "demo data"},
		{"a new link for who has a password", demo, []string{"--new-link", "--owner=" + owner}, 1, "password already"},
		{"a new link for who is no Owner", demo, []string{"--new-link", "--owner=" + support}, 1, "--owner"},
		{"a data folder that is a file", plain, []string{"--account-name=x", "--owner=" + ada}, 1, "--data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := c.data
			if data == "" {
				data = filepath.Join(t.TempDir(), "data")
			}
			before := contents(t, data)
			got := command(t, append([]string{"init", "--data", data}, c.args...)...)
			if got.status != c.status || got.stdout != "" || !strings.Contains(got.stderr, c.says) || strings.Contains(got.stderr, "hunter2") {
				t.Errorf("status %d, want %d and %q: %s%s", got.status, c.status, c.says, got.stdout, got.stderr)
			}
			if after := contents(t, data); !slices.Equal(before, after) {
				t.Errorf("the data folder was\n%q\nand is\n%q", before, after)
			}
		})
	}
}

// contents is what a data folder has, by name and content, but for the files in which
// SQLite keeps what other processes look at.
func contents(t *testing.T, data string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-wal") {
			return err
		}
		all = append(all, fmt.Sprintf("%s %x", path, sha256.Sum256([]byte(read(t, path)))))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// broken cannot be written to.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

// TestInitUnheard: when nobody has seen the link, there is another.
func TestInitUnheard(t *testing.T) {
	data, problems := filepath.Join(t.TempDir(), "data"), newWritten()
	status := run(context.Background(), []string{"init", "--account-name=x", "--owner=" + ada, "--data=" + data}, broken{}, problems)
	if status != 1 || !strings.Contains(problems.String(), "--new-link") {
		t.Errorf("status %d: %s", status, problems)
	}
	linkOf(t, command(t, "init", "--new-link", "--owner="+ada, "--data="+data))
}
