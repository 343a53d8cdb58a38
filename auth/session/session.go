package session

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Session is one sign-in of a user or a client. Times are in UTC.
type Session struct {
	ID      string   // 128 random bits in hex; not a secret, but not to be guessed
	User    string   // the user who signed in, or who made the client that did
	Account string   // the account it is bound to
	Roles   []string // held when the session was made, last refreshed or reconciled
	Policy  string   // the version of the policy the roles were read under
	Epoch   string   // the life of the store it belongs to
	Created time.Time
	Expires time.Time // when it ends unless it is refreshed before; a refresh cannot move it past Options.Lifetime
	Seen    time.Time // last used, to the minute
	Client  string    // what signed in, in words for the user; at most 256 bytes

	// OAuthClient is the SID of the client of OAuth that holds the session in place of User, who made the client and whose
	// roles it is cut to; "" for a session of User's own.
	OAuthClient string
	Grants      string // what the client was granted, as CreateForClient was told
}

// Holder is whose session it is: the client's, or the user's where there is no client.
func (s Session) Holder() string {
	if s.OAuthClient != "" {
		return s.OAuthClient
	}
	return s.User
}

// NewSession is what Create needs to know.
type NewSession struct {
	User       string // required, at most 256 bytes
	Account    string
	Roles      []string
	Policy     string
	Client     string
	Generation int64     // of the user, read with Generation before the roles were read
	Until      time.Time // the session ends then at the latest; zero for no limit but the store's own
}

const (
	maxUser   = 256
	maxClient = 256
)

// NewClientSession is what CreateForClient needs to know.
type NewClientSession struct {
	NewSession              // User is who made the client
	OAuthClient      string // the client, required
	Grants           string // kept as it is
	ClientGeneration int64  // of the client, read with Generation before the client was
}

// newID returns 128 random bits as 32 hex digits.
func newID() string {
	id := make([]byte, 16)
	rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// IsID says whether text has the form of a session id. Ids become part of key names, so nothing else gets there.
func IsID(text string) bool {
	if len(text) != 32 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isUser(text string) bool {
	return text != "" && len(text) <= maxUser
}

// shorten cuts text to maxClient bytes of valid UTF-8: the name of a client comes from outside.
func shorten(text string) string {
	if len(text) > maxClient {
		text = text[:maxClient]
	}
	return strings.ToValidUTF8(text, "")
}

// encodeRoles writes roles as they are kept; no roles are an empty list.
func encodeRoles(roles []string) (string, error) {
	if roles == nil {
		roles = []string{}
	}
	text, err := json.Marshal(roles)
	if err != nil {
		return "", fmt.Errorf("session: roles: %w", err)
	}
	return string(text), nil
}

func millis(t time.Time) string {
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// decode reads a session as a script returns it: names and values in turn. A record that cannot be read is no session.
func decode(reply any) (Session, map[string]string, error) {
	flat, _ := reply.([]any)
	fields := make(map[string]string, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		name, _ := flat[i].(string)
		fields[name], _ = flat[i+1].(string)
	}
	s := Session{
		ID: fields["id"], User: fields["user"], Account: fields["account"], Policy: fields["policy"],
		Epoch: fields["epoch"], Client: fields["client"], OAuthClient: fields["oauth_client"], Grants: fields["grants"],
	}
	malformed := fmt.Errorf("%w: its record cannot be read", ErrNotFound)
	if s.ID == "" || s.User == "" || s.Epoch == "" || json.Unmarshal([]byte(fields["roles"]), &s.Roles) != nil {
		return Session{}, nil, malformed
	}
	for name, to := range map[string]*time.Time{"created": &s.Created, "deadline": &s.Expires, "seen": &s.Seen} {
		ms, err := strconv.ParseInt(fields[name], 10, 64)
		if err != nil {
			return Session{}, nil, malformed
		}
		*to = time.UnixMilli(ms).UTC()
	}
	return s, fields, nil
}
