package policy

import (
	"regexp"
	"strings"
)

// absoluteURL has the parts of a URL as RFC 3986 has them: scheme, user-info, host and port, path, query, fragment. A
// host is taken only in plain letters.
var absoluteURL = regexp.MustCompile(
	`(?s)^([A-Za-z][A-Za-z0-9+.-]*://)([^/?#]*@)?((?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?)(/[^?#]*)?(\?[^#]*)?(#.*)?$`)

// plainWord is a name, and neither a secret nor somebody's number: short, and of few digits.
var plainWord = regexp.MustCompile(`^[A-Za-z._~-]*(?:[0-9][A-Za-z._~-]*){0,6}$`)

const longestWord = 24

// maskURL writes https://••••@example.com:8443/voice?token=••••: user-info, the values of the query and the fragment are
// hidden. So is a segment of the path or the name of a parameter that may be a secret or personal data itself: one that
// is longer than 24 bytes, has more than six digits or what is neither letter, digit nor one of . _ ~ and -. What is no
// absolute URL is hidden whole.
func maskURL(s string) string {
	parts := absoluteURL.FindStringSubmatch(s)
	if parts == nil {
		return hidden
	}
	scheme, user, host, path, query, fragment := parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]
	if user != "" {
		user = hidden + "@"
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = maskWord(segment)
	}
	if query != "" {
		pairs := strings.Split(query[1:], "&")
		for i, pair := range pairs {
			if name, _, named := strings.Cut(pair, "="); named {
				pairs[i] = maskWord(name) + "=" + hidden
			} else {
				pairs[i] = hidden
			}
		}
		query = "?" + strings.Join(pairs, "&")
	}
	if fragment != "" {
		fragment = "#" + hidden
	}
	return scheme + user + host + strings.Join(segments, "/") + query + fragment
}

func maskWord(s string) string {
	if len(s) <= longestWord && plainWord.MatchString(s) {
		return s
	}
	return hidden
}
