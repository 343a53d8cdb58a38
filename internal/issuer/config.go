package issuer

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/jws"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/goccy/go-yaml/ast"
)

const (
	maxFile    = 1 << 20 // bytes
	maxIssuers = 32

	defaultLeeway  = 30 * time.Second
	maxLeeway      = 5 * time.Minute
	defaultSession = time.Hour
	maxSession     = 12 * time.Hour
	defaultClients = 30 * 24 * time.Hour
	maxClients     = 366 * 24 * time.Hour
	defaultRefresh = 15 * time.Minute
	// maxRefresh leaves four attempts until the last keys are too old.
	maxRefresh = keepGood / 4
)

// slug is what an issuer's name may be: it stands in a path.
var slug = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// reassigned are claims that are somebody else's one day (OpenID Connect Core 1.0, section 5.7), and so nobody's subject.
var reassigned = []string{"email", "name", "nickname", "phone_number", "preferred_username", "unique_name", "upn"}

// spaced are claims whose text is a list with spaces in between (RFC 6749, section 3.3).
var spaced = []string{"scope", "scp"}

// File is what a file of issuers says: whose people are let in, and whose tokens are accepted as they are.
type File struct {
	Issuers []Config
	Bearers []Bearer
}

// Parse reads a file of issuers; name is its name, for faults. read returns the content of another file that it names.
// The error joins every fault that was found, each with its line: a key that is not known, a value that cannot be, an
// issuer that would be believed too easily. A file without an issuer is a fault too.
func Parse(name string, text []byte, read func(name string) ([]byte, error)) (File, error) {
	r := &reader{file: name}
	var file File
	if root := r.parse(text); root != nil {
		given := false
		list := func(what string, element func(ast.Node)) func(ast.Node) {
			return func(node ast.Node) {
				given = true
				list, is := node.(*ast.SequenceNode)
				if !is || len(list.Values) == 0 || len(list.Values) > maxIssuers {
					r.fault(node, "%s is a list of 1 to %d issuers", what, maxIssuers)
					return
				}
				for _, node := range list.Values {
					element(node)
				}
			}
		}
		r.fields(root, "the file", map[string]func(ast.Node){
			"issuers": list("issuers", func(n ast.Node) { file.Issuers = append(file.Issuers, r.issuer(n, file.Issuers, read)) }),
			"bearers": list("bearers", func(n ast.Node) { file.Bearers = append(file.Bearers, r.bearer(n, file.Bearers)) }),
		})
		if !given && len(r.faults) == 0 {
			r.fault(root, "there are no issuers")
		}
	}
	if len(r.faults) > 0 {
		return File{}, errors.Join(r.faults...)
	}
	return file, nil
}

// issuer reads one issuer; before are those that stand before it.
func (r *reader) issuer(node ast.Node, before []Config, read func(name string) ([]byte, error)) Config {
	c := Config{
		Claims:  Claims{Subject: "sub", Email: "email", Name: "name", Groups: "groups"},
		Leeway:  defaultLeeway,
		Session: defaultSession,
		Clients: defaultClients,
		Refresh: defaultRefresh,
		Scopes:  []string{"openid", "email", "profile"},
	}
	given := map[string]ast.Node{}
	known := map[string]func(ast.Node){
		"name":               func(n ast.Node) { c.Name = r.slug(n) },
		"issuer":             func(n ast.Node) { c.Issuer = r.url(n) },
		"audiences":          func(n ast.Node) { c.Audiences = r.texts(n) },
		"algorithms":         func(n ast.Node) { c.Algorithms = r.algorithms(n) },
		"jwks_uri":           func(n ast.Node) { c.KeysURL = r.url(n) },
		"claims":             func(n ast.Node) { r.claims(n, &c.Claims) },
		"leeway":             func(n ast.Node) { c.Leeway = r.duration(n, 0, maxLeeway) },
		"account":            func(n ast.Node) { c.Account = r.text(n) },
		"roles":              func(n ast.Node) { c.Roles = r.roles(n, policy.Roles()[1:]) },
		"roles_file":         func(n ast.Node) { c.Roles = r.rolesFile(n, read) },
		"session":            func(n ast.Node) { c.Session = r.duration(n, time.Minute, maxSession) },
		"clients":            func(n ast.Node) { c.Clients = r.duration(n, 0, maxClients) },
		"groups_format":      func(n ast.Node) { c.Spaced = r.choice(n, "list", "spaces") },
		"email_verified":     func(n ast.Node) { c.Assumed = r.choice(n, "required", "assumed") },
		"refresh_keys":       func(n ast.Node) { c.Refresh = r.duration(n, time.Minute, maxRefresh) },
		"client_id":          func(n ast.Node) { c.ClientID = r.text(n) },
		"client_secret_file": func(n ast.Node) { c.ClientSecretFile = r.text(n) },
		"scopes":             func(n ast.Node) { c.Scopes = r.texts(n) },
	}
	for name, field := range known {
		known[name] = func(n ast.Node) { given[name] = n; field(n) }
	}
	faults := len(r.faults)
	r.fields(node, "an issuer", known)
	if _, is := node.(*ast.MappingNode); !is {
		return c
	}
	for _, name := range []string{"name", "issuer", "audiences", "algorithms"} {
		if given[name] == nil {
			r.fault(node, "an issuer needs %s", name)
		}
	}
	if given["groups_format"] == nil {
		c.Spaced = slices.Contains(spaced, c.Claims.Groups)
	}
	switch {
	case given["roles"] == nil && given["roles_file"] == nil:
		r.fault(node, "an issuer needs roles, or roles_file: without them nobody is let in")
	case given["roles"] != nil && given["roles_file"] != nil:
		r.fault(given["roles_file"], "give roles or roles_file, not both")
	}
	if given["client_id"] == nil && given["client_secret_file"] != nil {
		r.fault(given["client_secret_file"], "a client secret is of a client: give client_id too")
	}
	if given["scopes"] != nil && !slices.Contains(c.Scopes, "openid") {
		r.fault(given["scopes"], "the scopes must have openid, or there is no ID token")
	}
	for _, other := range before {
		if len(r.faults) == faults && other.Name == c.Name {
			r.fault(given["name"], "another issuer has the name %s", c.Name)
		}
		if len(r.faults) == faults && other.Issuer == c.Issuer {
			r.fault(given["issuer"], "this issuer is there already")
		}
	}
	return c
}

func (r *reader) slug(node ast.Node) string {
	text := r.text(node)
	if text != "" && !slug.MatchString(text) {
		r.fault(node, "a name has up to 32 small letters, digits and hyphens, such as corp")
	}
	return text
}

// url reads a URL that is https, or http on this machine itself.
func (r *reader) url(node ast.Node) string {
	text := r.text(node)
	if text == "" {
		return ""
	}
	if u, err := url.Parse(text); err != nil || u.User != nil || strings.ContainsAny(text, "?# ") || !trusted(u) {
		r.fault(node, "want a URL that begins with https://, or with http:// on this machine itself, without a user, a query or a fragment")
	}
	return text
}

// trusted says whether what comes from a URL can be believed to be its host's: it is https, or does not leave this
// machine.
func trusted(u *url.URL) bool { return u.Scheme == "https" && u.Hostname() != "" || local(u) }

// local says whether a URL is http on this machine itself.
func local(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback())
}

func (r *reader) algorithms(node ast.Node) []string {
	names := r.texts(node)
	for i, name := range names {
		if all := jws.Algorithms(); name != "" && !slices.Contains(all, name) {
			at := node.(*ast.SequenceNode).Values[i]
			r.fault(at, "%s is no algorithm with a public key: they are %s", name, strings.Join(all, ", "))
		}
	}
	return names
}

func (r *reader) claims(node ast.Node, c *Claims) {
	r.fields(node, "claims", map[string]func(ast.Node){
		"subject": func(n ast.Node) { c.Subject = r.text(n) },
		"email":   func(n ast.Node) { c.Email = r.text(n) },
		"name":    func(n ast.Node) { c.Name = r.text(n) },
		"groups":  func(n ast.Node) { c.Groups = r.text(n) },
	})
	if c.Subject != "" && (slices.Contains(reassigned, c.Subject) || c.Subject == c.Email || c.Subject == c.Name) {
		r.fault(node, "the subject cannot be %s, which may be somebody else's one day, who would then be taken for the same person: use sub, or an id that is never given again", c.Subject)
	}
}

// named lists roles in words.
func named(roles []policy.Role) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return strings.Join(names, ", ")
}

// roles reads which of these roles each group comes to.
func (r *reader) roles(node ast.Node, of []policy.Role) map[string]policy.Role {
	roles := map[string]policy.Role{}
	for _, m := range r.members(node, "roles") {
		name := r.text(m.Value)
		role := policy.Role(name)
		switch {
		case name == "":
		case slices.Contains(of, role):
		case role == policy.Owner:
			r.fault(m.Value, "nobody is made Owner by a group: ownership is transferred")
		default:
			r.fault(m.Value, "%q is no role: they are %s", name, named(of))
		}
		roles[nameOf(m)] = role
	}
	if len(roles) == 0 {
		r.fault(node, "roles is a mapping of groups to roles, such as {operators: SUPPORT}")
	}
	return roles
}

func (r *reader) rolesFile(node ast.Node, read func(name string) ([]byte, error)) map[string]policy.Role {
	name := r.text(node)
	if name == "" {
		return nil
	}
	text, err := read(name)
	if err != nil {
		r.fault(node, "%s", fmt.Errorf("the file of roles cannot be read: %w", err))
		return nil
	}
	of := &reader{file: name}
	var roles map[string]policy.Role
	if root := of.parse(text); root != nil {
		roles = of.roles(root, policy.Roles()[1:])
	}
	r.faults = append(r.faults, of.faults...)
	return roles
}
