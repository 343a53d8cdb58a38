package issuer

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fieldgate/fieldgate/auth/jws"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/goccy/go-yaml/ast"
)

const (
	maxKeys = 16
	// ownIssuer is the claim iss of the gateway's own tokens, and ownKeys how the names of its keys in Redis begin.
	ownIssuer = "fieldgate"
	ownKeys   = "{fieldgate}"
)

var (
	accountSID = regexp.MustCompile(`^AC[0-9a-f]{32}$`)
	// prefixes are what the names of sessions' keys may begin with.
	prefixes = regexp.MustCompile(`^[A-Za-z0-9:{}._-]{1,64}$`)
)

// bearer reads one issuer whose tokens are accepted as they are; before are those that stand before it.
func (r *reader) bearer(node ast.Node, before []Bearer) Bearer {
	b := Bearer{Type: "at+jwt", Claims: BearerClaims{Subject: "sub", Roles: "roles", Session: "sid"}, Leeway: defaultLeeway}
	given := map[string]ast.Node{}
	known := map[string]func(ast.Node){
		"name":       func(n ast.Node) { b.Name = r.slug(n) },
		"issuer":     func(n ast.Node) { b.Issuer = r.text(n) },
		"audiences":  func(n ast.Node) { b.Audiences = r.texts(n) },
		"token_type": func(n ast.Node) { b.Type = mediaOf(r.text(n)) },
		"keys":       func(n ast.Node) { b.Files = r.keyFiles(n) },
		"claims":     func(n ast.Node) { r.bearerClaims(n, &b.Claims) },
		"leeway":     func(n ast.Node) { b.Leeway = r.duration(n, 0, maxLeeway) },
		"account":    func(n ast.Node) { b.Account = r.text(n) },
		"roles":      func(n ast.Node) { b.Roles = r.roles(n, policy.Roles()) },
		"sessions":   func(n ast.Node) { b.Prefix, b.Unchecked = r.sessions(n) },
	}
	for name, field := range known {
		known[name] = func(n ast.Node) { given[name] = n; field(n) }
	}
	faults := len(r.faults)
	r.fields(node, "a bearer", known)
	if _, is := node.(*ast.MappingNode); !is {
		return b
	}
	for _, name := range []string{"name", "issuer", "audiences", "keys", "account", "roles", "sessions"} {
		if given[name] == nil {
			r.fault(node, "a bearer needs %s", name)
		}
	}
	if len(r.faults) > faults {
		return b
	}
	if b.Issuer == ownIssuer {
		r.fault(given["issuer"], "%s is the issuer of the gateway's own tokens", ownIssuer)
	}
	if !accountSID.MatchString(b.Account) {
		r.fault(given["account"], "an account is given by its SID: AC and 32 hexadecimal digits")
	}
	for _, other := range before {
		if other.Name == b.Name {
			r.fault(given["name"], "another bearer has the name %s", b.Name)
		}
		if other.Issuer == b.Issuer {
			r.fault(given["issuer"], "this issuer is there already")
		}
	}
	return b
}

// keyFiles reads which keys there are, each with its one algorithm.
func (r *reader) keyFiles(node ast.Node) []KeyFile {
	list, is := node.(*ast.SequenceNode)
	if !is || len(list.Values) == 0 || len(list.Values) > maxKeys {
		r.fault(node, "keys is a list of 1 to %d keys, such as [{id: k1, algorithm: EdDSA, file: k1.pem}]", maxKeys)
		return nil
	}
	all := append(jws.Algorithms(), jws.SecretAlgorithms()...)
	var files []KeyFile
	for _, element := range list.Values {
		var f KeyFile
		r.fields(element, "a key", map[string]func(ast.Node){
			"id":   func(n ast.Node) { f.ID = r.text(n) },
			"file": func(n ast.Node) { f.File = r.text(n) },
			"algorithm": func(n ast.Node) {
				if f.Algorithm = r.text(n); f.Algorithm != "" && !slices.Contains(all, f.Algorithm) {
					r.fault(n, "%s is no algorithm: they are %s", f.Algorithm, strings.Join(all, ", "))
				}
			},
		})
		switch {
		case f.ID == "" || f.Algorithm == "" || f.File == "":
			r.fault(element, "a key needs id, algorithm and file")
		case slices.ContainsFunc(files, func(other KeyFile) bool { return other.ID == f.ID }):
			r.fault(element, "another key has the id %s", f.ID)
		}
		files = append(files, f)
	}
	return files
}

func (r *reader) bearerClaims(node ast.Node, c *BearerClaims) {
	r.fields(node, "claims", map[string]func(ast.Node){
		"subject": func(n ast.Node) { c.Subject = r.text(n) },
		"roles":   func(n ast.Node) { c.Roles = r.text(n) },
		"session": func(n ast.Node) { c.Session = r.text(n) },
	})
	if slices.Contains(reassigned, c.Subject) {
		r.fault(node, "the subject cannot be %s, which may be somebody else's one day: use sub, or an id that is never given again", c.Subject)
	}
}

// sessions reads which keys in Redis are the sessions, or that there are none.
func (r *reader) sessions(node ast.Node) (prefix string, unchecked bool) {
	if text, is := node.(*ast.StringNode); is && text.Value == "unchecked" {
		return "", true
	}
	if _, is := node.(*ast.MappingNode); !is {
		r.fault(node, "sessions is {key_prefix: PREFIX}, or unchecked")
		return "", false
	}
	r.fields(node, "sessions", map[string]func(ast.Node){"key_prefix": func(n ast.Node) {
		if prefix = r.text(n); prefix != "" && (!prefixes.MatchString(prefix) || strings.HasPrefix(prefix, ownKeys)) {
			r.fault(n, "a prefix has up to 64 letters, digits and :{}._-, and is not %s, where the gateway's own keys are", ownKeys)
		}
	}})
	if prefix == "" {
		r.fault(node, "sessions needs key_prefix")
	}
	return prefix, false
}
