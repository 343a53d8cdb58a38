package audit

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// ErrBroken says that an account's trail is not as it was written, so that nothing is added to it: that would sign
// what has been done to it. fieldgate audit verify says more.
var ErrBroken = errors.New("audit: the trail is not as it was written")

// Record is an event as it is kept, at its place in its account's trail.
type Record struct {
	Account      string    `json:"account,omitempty"`
	Sequence     int64     `json:"sequence,omitempty"` // from 1 on, without a gap
	SID          string    `json:"sid"`
	Time         Micros    `json:"time"`
	User         string    `json:"user,omitempty"`
	Client       string    `json:"client,omitempty"`
	Session      string    `json:"session,omitempty"`
	Agent        string    `json:"agent,omitempty"`
	Coordinate   string    `json:"coordinate,omitempty"`
	Permission   string    `json:"permission,omitempty"`
	Action       string    `json:"action,omitempty"`
	Decision     string    `json:"decision"`
	Outcome      string    `json:"outcome"`
	Code         string    `json:"code,omitempty"`
	Count        int64     `json:"count"`
	RequestID    string    `json:"requestId,omitempty"`
	ResourceType string    `json:"resourceType,omitempty"`
	ResourceSID  string    `json:"resourceSid,omitempty"`
	Fields       FieldList `json:"fields,omitempty"`
	Key          string    `json:"key,omitempty"` // the id of the key of MAC
	MAC          string    `json:"mac,omitempty"` // of all of this and the MAC of the record before
}

// Micros are microseconds since 1970. In JSON they are RFC 3339.
type Micros int64

// MarshalJSON implements json.Marshaler.
func (m Micros) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.UnixMicro(int64(m)).UTC().Format("2006-01-02T15:04:05.000000Z"))
}

// FieldList is names of fields with commas between them. In JSON it is a list.
type FieldList string

// MarshalJSON implements json.Marshaler.
func (l FieldList) MarshalJSON() ([]byte, error) { return json.Marshal(strings.Split(string(l), ",")) }

// RecordOf is the record of an event that has no place in a trail yet.
func RecordOf(sid string, e Event) Record {
	return Record{
		Account: e.Account, SID: sid, Time: Micros(e.Time.UnixMicro()),
		User: e.User, Client: e.Client, Session: e.Session, Agent: e.Agent,
		Coordinate: e.Coordinate, Permission: string(e.Permission), Action: string(e.Action),
		Decision: string(e.Decision), Outcome: string(e.Outcome), Code: e.Code, Count: int64(max(e.Count, 1)),
		RequestID: e.RequestID, ResourceType: e.Type, ResourceSID: e.Change.SID, Fields: FieldList(strings.Join(e.Fields, ",")),
	}
}

// Column is a column that a record is kept in: its name, and where its value stands.
type Column struct {
	Name   string
	Text   *string
	Number *int64 // instead of Text
}

// Columns are all columns that the MAC covers: all but the MAC itself.
func (r *Record) Columns() []Column {
	return []Column{
		{Name: "account_sid", Text: &r.Account}, {Name: "sequence", Number: &r.Sequence},
		{Name: "sid", Text: &r.SID}, {Name: "date_created", Number: (*int64)(&r.Time)},
		{Name: "user_sid", Text: &r.User}, {Name: "client_sid", Text: &r.Client},
		{Name: "session_id", Text: &r.Session}, {Name: "agent", Text: &r.Agent},
		{Name: "coordinate", Text: &r.Coordinate}, {Name: "permission", Text: &r.Permission}, {Name: "action", Text: &r.Action},
		{Name: "decision", Text: &r.Decision}, {Name: "outcome", Text: &r.Outcome}, {Name: "code", Text: &r.Code},
		{Name: "count", Number: &r.Count}, {Name: "request_id", Text: &r.RequestID},
		{Name: "resource_type", Text: &r.ResourceType}, {Name: "resource_sid", Text: &r.ResourceSID},
		{Name: "fields", Text: (*string)(&r.Fields)}, {Name: "key_id", Text: &r.Key},
	}
}

// Head is where an account's trail ends, signed, so that a record that is cut off at the end shows.
type Head struct {
	Account  string
	Sequence int64  // of the last record, 0 for none
	MAC      string // of the last record
	Key      string // the id of the key of Seal
	Seal     string // the MAC of all of this
}

// Append gives records their places after the head, which is empty but for its account where there is none yet, and returns
// the head after them. ErrBroken says that the head is not as it was written.
func (k *Keyring) Append(head Head, records []Record) (Head, error) {
	if head != (Head{Account: head.Account}) && !k.Sealed(head) {
		return Head{}, fmt.Errorf("%w: the head of %s", ErrBroken, head.Account)
	}
	for i := range records {
		r := &records[i]
		r.Account, r.Sequence, r.Key = head.Account, head.Sequence+1, k.signs
		r.MAC = text(k.mac(k.signs, r.message(head.MAC)))
		head.Sequence, head.MAC = r.Sequence, r.MAC
	}
	head.Key = k.signs
	head.Seal = text(k.mac(k.signs, head.message()))
	return head, nil
}

// Resealed is the coordinate of the event that Reseal is for.
const Resealed = "audit.reseal"

// Reseal gives a record its place after the last one that is there, whatever that is, and returns the head after it.
func (k *Keyring) Reseal(account string, last Record, r *Record) (Head, error) {
	if last.Sequence >= math.MaxInt64-1 {
		return Head{}, fmt.Errorf("audit: event %d leaves no number for another", last.Sequence)
	}
	end := Head{Account: account, Sequence: last.Sequence, MAC: last.MAC, Key: k.signs}
	end.Seal = text(k.mac(k.signs, end.message()))
	records := []Record{*r}
	next, err := k.Append(end, records)
	*r = records[0]
	return next, err
}

// chained says whether a record is as it was written after the one with this MAC.
func (k *Keyring) chained(before string, r *Record) bool {
	want := k.mac(r.Key, r.message(before))
	return want != nil && hmac.Equal([]byte(text(want)), []byte(r.MAC))
}

// Sealed says whether a head is as it was written.
func (k *Keyring) Sealed(h Head) bool {
	want := k.mac(h.Key, h.message())
	return want != nil && hmac.Equal([]byte(text(want)), []byte(h.Seal))
}

func text(mac []byte) string { return base64.RawURLEncoding.EncodeToString(mac) }

// message is what a record's MAC is of. Each part goes with its length, so that no two records have the same.
func (r *Record) message(before string) []byte {
	m := part(nil, "fieldgate audit record 1")
	for _, c := range r.Columns() {
		m = part(m, c.Name)
		if c.Number != nil {
			m = number(m, *c.Number)
		} else {
			m = part(m, *c.Text)
		}
	}
	return part(m, before)
}

func (h Head) message() []byte {
	m := part(nil, "fieldgate audit head 1")
	m = number(part(m, h.Account), h.Sequence)
	return part(part(m, h.MAC), h.Key)
}

func part(m []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint64(m, uint64(len(text))), text...)
}

func number(m []byte, n int64) []byte { return binary.BigEndian.AppendUint64(m, uint64(n)) }
