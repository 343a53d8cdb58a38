package relay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
)

// ErrCursor says that a cursor was not made by this gateway for this list: by
// another account, another field, other filters, or nobody.
var ErrCursor = errors.New("the cursor does not belong to this list")

const (
	macSize = 16 // HMAC-SHA-256 cut to 128 bits, as RFC 2104 section 5 allows
	// maxCursor bounds a cursor before it is decoded.
	maxCursor = 512
)

// Cursors makes and reads cursors under one key. A cursor holds a position in a
// list and a MAC over that position and the list's name, so that it cannot be
// forged, changed, or carried to another list.
type Cursors struct{ key []byte }

// NewCursors takes the key, of at least 32 bytes. Replicas share it.
func NewCursors(key []byte) (*Cursors, error) {
	if len(key) < 32 {
		return nil, errors.New("the key of cursors has fewer than 32 bytes")
	}
	return &Cursors{key: key}, nil
}

// List is the cursors of one list. One goroutine at a time may use it.
type List struct {
	key, scope []byte
	mac        hash.Hash // nil until it is needed
}

// In is the cursors of the list that scope names: account, field and filters.
func (c *Cursors) In(scope []string) *List {
	named := binary.AppendUvarint(nil, uint64(len(scope))) // so that no scope is another's beginning
	return &List{key: c.key, scope: appendStrings(named, scope)}
}

// Encode is the cursor of a position, the values of the columns that the list is ordered by.
func (l *List) Encode(position []string) string {
	var room [128]byte
	body := appendStrings(room[:0], position)
	return base64.RawURLEncoding.EncodeToString(append(l.sum(body), body...))
}

// Decode reads the position back, or says ErrCursor.
func (l *List) Decode(cursor string) ([]string, error) {
	if len(cursor) > maxCursor {
		return nil, ErrCursor
	}
	raw, ok := decode(cursor)
	if !ok || len(raw) < macSize {
		return nil, ErrCursor
	}
	sum, body := raw[:macSize], raw[macSize:]
	if !hmac.Equal(sum, l.sum(body)) {
		return nil, ErrCursor
	}
	return readStrings(body), nil
}

// sum is the MAC of a position, with room for the position behind it.
func (l *List) sum(body []byte) []byte {
	if l.mac == nil {
		l.mac = hmac.New(sha256.New, l.key)
	}
	l.mac.Reset()
	l.mac.Write(l.scope)
	l.mac.Write(body)
	return l.mac.Sum(make([]byte, 0, sha256.Size+len(body)))[:macSize]
}

// appendStrings writes each string after its length.
func appendStrings(b []byte, list []string) []byte {
	for _, s := range list {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// readStrings reads what appendStrings wrote. Its input has passed the MAC.
func readStrings(b []byte) []string {
	var list []string
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return nil
		}
		b = b[size:]
		list = append(list, string(b[:n]))
		b = b[n:]
	}
	return list
}
