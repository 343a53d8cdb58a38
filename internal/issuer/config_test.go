package issuer

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
)

// TestExample reads the example of the documentation.
func TestExample(t *testing.T) {
	text, err := os.ReadFile("../../docs/issuers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse("docs/issuers.yaml", text, func(name string) ([]byte, error) {
		if name != "partner-roles.yaml" {
			t.Errorf("it names the file %s", name)
		}
		return []byte("agents: SUPPORT\n"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Config{{
		Name: "corp", Issuer: "https://login.example.com/realms/corp", Audiences: []string{"fieldgate"}, Algorithms: []string{"RS256"},
		Claims: Claims{"sub", "email", "name", "realm_access.roles"}, Leeway: 30 * time.Second,
		Roles: map[string]policy.Role{
			"fieldgate-admins": policy.Administrator, "engineering": policy.Developer, "accounting": policy.BillingManager, "helpdesk": policy.Support,
		},
		Session: time.Hour, Clients: 720 * time.Hour, Refresh: 15 * time.Minute,
		ClientID: "fieldgate", ClientSecretFile: "/run/secrets/corp-client-secret", Scopes: []string{"openid", "email", "profile"},
	}, {
		Name: "entra", Issuer: "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
		Audiences: []string{"11111111-1111-1111-1111-111111111111"}, Algorithms: []string{"RS256"},
		Claims: Claims{"oid", "preferred_username", "name", "roles"}, Leeway: time.Minute, Account: "AC00000000000000000000000000000000",
		Roles:   map[string]policy.Role{"Fieldgate.Support": policy.Support},
		Session: 30 * time.Minute, Clients: 168 * time.Hour, Assumed: true, Refresh: 15 * time.Minute, Scopes: []string{"openid", "email", "profile"},
	}, {
		Name: "partner", Issuer: "https://id.partner.example", Audiences: []string{"https://gateway.example.com"},
		Algorithms: []string{"ES256", "EdDSA"}, KeysURL: "https://id.partner.example/keys.json",
		Claims: Claims{"sub", "email", "name", "https://partner.example/teams"}, Leeway: 30 * time.Second,
		Roles: map[string]policy.Role{"agents": policy.Support}, Session: time.Hour, Clients: 720 * time.Hour, Refresh: 15 * time.Minute,
		Scopes: []string{"openid", "email", "profile"},
	}}
	if !reflect.DeepEqual(got.Issuers, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got.Issuers, want)
	}
	bearers := []Bearer{{
		Name: "console", Issuer: "console.example.com", Audiences: []string{"fieldgate"}, Type: "jwt",
		Files:  []KeyFile{{"console-1", "EdDSA", "console-1.pem"}, {"console-2", "HS256", "console-2.secret"}},
		Claims: BearerClaims{"sub", "role", "sid"}, Leeway: 30 * time.Second, Account: "AC00000000000000000000000000000000",
		Roles: map[string]policy.Role{"developer": policy.Developer, "support": policy.Support}, Prefix: "sess:",
	}}
	if !reflect.DeepEqual(got.Bearers, bearers) {
		t.Errorf("got\n%+v\nwant\n%+v", got.Bearers, bearers)
	}
}

// good is an issuer without faults.
const good = `issuers:
  - name: corp
    issuer: https://login.example.com
    audiences: [fieldgate]
    algorithms: [RS256]
    roles: {helpdesk: SUPPORT}
`

func TestFaults(t *testing.T) {
	nothing := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	if _, err := Parse("f", []byte(good), nothing); err != nil {
		t.Fatal(err)
	}
	replaced := func(old, by string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(good, old, by, 1)
	}
	with := func(line string) string { return good + "    " + line + "\n" }
	for _, row := range []struct {
		name, text string
		says       []string // each a fault
	}{
		{"nothing", "", []string{"f: want one YAML document"}},
		{"two documents", good + "---\n" + good, []string{"f: want one YAML document, and there are 2"}},
		{"no YAML", "issuers: [", []string{"f:1: "}},
		{"a list", "- x", []string{"f:1: the file is a mapping"}},
		{"no issuers", "{}", []string{"f:1: there are no issuers"}},
		{"an empty list", "issuers: []", []string{"f:1: issuers is a list of 1 to 32"}},
		{"an issuer that is a text", "issuers: [x]", []string{"f:1: an issuer is a mapping"}},
		{"an empty issuer", "issuers:\n  - {}", []string{"needs name", "needs issuer", "needs audiences", "needs algorithms", "needs roles"}},
		{"a key that is not known", with("audience: x"), []string{`f:7: an issuer has no "audience"`}},
		{"a key of the file", good + "issuer: x", []string{`f:7: the file has no "issuer"`}},
		{"a key twice", with("name: other"), []string{"f:7: "}},
		{"an anchor", replaced("corp", "&a corp"), []string{"f:2: want a text"}},
		{"a merge", with("<<: {name: x}"), []string{"f:7: a name is plain text"}},
		{"a tag", replaced("corp", "!!binary corp"), []string{"f:2: want a text"}},
		{"a name of another kind", replaced("corp", "Corp/1"), []string{"f:2: a name has"}},
		{"plain HTTP", replaced("https:", "http:"), []string{"f:3: want a URL"}},
		{"an issuer with a query", replaced("example.com", "example.com?x"), []string{"f:3: want a URL"}},
		{"an issuer with a password", replaced("login", "a:b@login"), []string{"f:3: want a URL"}},
		{"an issuer that is no URL", replaced("https://login.example.com", "login"), []string{"f:3: want a URL"}},
		{"no audience", replaced("[fieldgate]", "[]"), []string{"f:4: want a list"}},
		{"an empty audience", replaced("[fieldgate]", "['']"), []string{"f:4: want a text"}},
		{"an audience twice", replaced("[fieldgate]", "[a, a]"), []string{`f:4: "a" is given twice`}},
		{"a symmetric algorithm", replaced("RS256", "RS256, HS256"), []string{"f:5: HS256 is no algorithm with a public key"}},
		{"no algorithm", replaced("RS256", "none"), []string{"f:5: none is no algorithm"}},
		{"two at once, on their lines", replaced("[RS256]", "\n      - HS512\n      - RS256\n      - none"), []string{"f:6: HS512", "f:8: none"}},
		{"an Owner", replaced("SUPPORT", "OWNER"), []string{"f:6: nobody is made Owner by a group"}},
		{"a role that there is not", replaced("SUPPORT", "support"), []string{`f:6: "support" is no role: they are ADMINISTRATOR, DEVELOPER, BILLING_MANAGER, SUPPORT`}},
		{"a role that is a list", replaced("SUPPORT", "[SUPPORT]"), []string{"f:6: want a text"}},
		{"no group", replaced("{helpdesk: SUPPORT}", "{}"), []string{"f:6: roles is a mapping"}},
		{"both roles and a file", with("roles_file: x"), []string{"f:7: the file of roles cannot be read", "f:7: give roles or roles_file"}},
		{"an address as the subject", with("claims: {subject: email}"), []string{"f:7: the subject cannot be email"}},
		{"a user name as the subject", with("claims: {subject: preferred_username}"), []string{"f:7: the subject cannot be preferred_username"}},
		{"an address of another name as the subject", with("claims: {subject: mail, email: mail}"), []string{"f:7: the subject cannot be mail"}},
		{"another format of groups", with("groups_format: commas"), []string{"f:7: want list or spaces"}},
		{"an address that is believed somehow", with("email_verified: true"), []string{"f:7: want required or assumed"}},
		{"clients for years", with("clients: 87600h"), []string{"f:7: want a duration from 0s"}},
		{"a claim that is not known", with("claims: {group: x}"), []string{`f:7: claims has no "group"`}},
		{"a leeway of hours", with("leeway: 5h"), []string{"f:7: want a duration from 0s to 5m0s"}},
		{"a leeway without a unit", with("leeway: 30"), []string{"f:7: want a duration"}},
		{"a session of days", with("session: 48h"), []string{"f:7: want a duration from 1m0s to 12h0m0s"}},
		{"keys that are fetched all the time", with("refresh_keys: 1s"), []string{"f:7: want a duration"}},
		{"keys that are too old after one failed fetch", with("refresh_keys: 24h"), []string{"f:7: want a duration from 1m0s to 6h0m0s"}},
		{"keys over plain HTTP", with("jwks_uri: http://login.example.com/keys"), []string{"f:7: want a URL"}},
		{"a secret of no client", with("client_secret_file: x"), []string{"f:7: a client secret is of a client"}},
		{"scopes without openid", with("scopes: [email]"), []string{"f:7: the scopes must have openid"}},
		{"one name twice", good + strings.TrimPrefix(good, "issuers:\n"), []string{"f:7: another issuer has the name corp"}},
		{"one issuer twice", good + strings.Replace(strings.TrimPrefix(good, "issuers:\n"), "corp", "other", 1), []string{"f:8: this issuer is there already"}},
		{"too long", good + "#" + strings.Repeat(" ", maxFile), []string{"longer than"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Parse("f", []byte(row.text), nothing)
			if err == nil || got.Issuers != nil || got.Bearers != nil {
				t.Fatalf("%+v, %v", got, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(row.says) {
				t.Fatalf("%q, want %d faults", lines, len(row.says))
			}
			for i, says := range row.says {
				if !strings.Contains(lines[i], says) {
					t.Errorf("%q, want %q", lines[i], says)
				}
			}
		})
	}
}

// TestGroupsFormat: a text of groups is split where it is a scope, or where the file says so.
func TestGroupsFormat(t *testing.T) {
	for lines, want := range map[string]bool{
		"": false, "claims: {groups: scope}": true, "claims: {groups: scp}": true, "claims: {groups: scopes}": false,
		"groups_format: spaces": true, "claims: {groups: scp}\n    groups_format: list": false,
	} {
		got, err := Parse("f", []byte(good+"    "+lines+"\n"), nil)
		if err != nil || got.Issuers[0].Spaced != want {
			t.Errorf("%q: %v, %v", lines, got, err)
		}
	}
}

// TestRolesFile: its faults are told with its own name.
func TestRolesFile(t *testing.T) {
	text := strings.Replace(good, "roles: {helpdesk: SUPPORT}", "roles_file: roles.yaml", 1)
	for content, says := range map[string]string{
		"helpdesk: SUPPORT":        "",
		"a: SUPPORT\nb: OWNER":     "roles.yaml:2: nobody is made Owner",
		"- x":                      "roles.yaml:1: roles is a mapping",
		"a: SUPPORT\na: DEVELOPER": "roles.yaml:2: ",
	} {
		got, err := Parse("f", []byte(text), func(name string) ([]byte, error) {
			if name != "roles.yaml" {
				return nil, errors.New("another name")
			}
			return []byte(content), nil
		})
		if says == "" && (err != nil || got.Issuers[0].Roles["helpdesk"] != policy.Support) || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v, want %q", content, err, says)
		}
	}
}
