// Package manifest reads the files in which whoever runs a gateway lists the documents that they trust: those that
// the tools of clients write, and a form of our own.
package manifest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fieldgate/fieldgate/internal/strictjson"
)

// Document is one that is trusted.
type Document struct {
	File string // that lists it, for messages
	ID   string // by which requests name it
	Text string
	// Type and Name are what the file says of the one operation in the text, as "query" and "Calls". They are empty
	// where it says nothing.
	Type, Name string
}

// String names the document where its file is read, as in `documents.json: the document "abc"`.
func (d Document) String() string { return fmt.Sprintf("%s: the document %q", d.File, d.ID) }

// The forms that a file may have. One without a member "format" is an object of texts by id, as relay-compiler
// (persistConfig) and graphql-codegen (persistedDocuments) write it.
const (
	// formatOwn has such an object as its member "documents".
	formatOwn = "fieldgate-documents"
	// formatApollo is what @apollo/generate-persisted-query-manifest writes.
	formatApollo = "apollo-persisted-query-manifest"
)

const (
	// depth is how deep the deepest of these forms nests.
	depth = 4
	// longestID bounds what a request can name.
	longestID = 256
)

// Read reads a file: name is for messages. The documents come in the order of their ids. The error joins all faults,
// each with the name of the file and, where it is of one, the document.
func Read(name string, text []byte) ([]Document, error) {
	value, err := strictjson.DecodeObject(text, depth)
	if twice := (strictjson.Duplicate{}); errors.As(err, &twice) {
		return nil, fmt.Errorf("%s: the member %q is given twice", name, twice.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: the file is %w", name, err)
	}
	r := reader{file: name, ids: map[string]bool{}}
	r.whole(value)
	slices.SortFunc(r.found, func(a, b Document) int { return cmp.Compare(a.ID, b.ID) })
	if len(r.found) == 0 && len(r.faults) == 0 {
		r.fault("the file has no documents")
	}
	if len(r.faults) > 0 {
		return nil, errors.Join(r.faults...)
	}
	return r.found, nil
}

// reader gathers the documents of one file, and its faults.
type reader struct {
	file   string
	ids    map[string]bool
	found  []Document
	faults []error
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s: %s", r.file, fmt.Sprintf(format, args...)))
}

// whole reads the whole, in the form that it says it has.
func (r *reader) whole(members map[string]any) {
	format, given := members["format"]
	switch format {
	case formatOwn:
		r.head(members, "documents")
		texts, ok := members["documents"].(map[string]any)
		if !ok {
			r.fault("documents is an object of texts by id")
		}
		r.texts(texts)
	case formatApollo:
		r.head(members, "operations")
		list, ok := members["operations"].([]any)
		if !ok {
			r.fault("operations is a list")
		}
		r.operations(list)
	default:
		if given {
			r.fault("the format is %q or %q, or the file is an object of texts by id without one", formatOwn, formatApollo)
			return
		}
		r.texts(members)
	}
}

// head checks what stands beside the documents.
func (r *reader) head(members map[string]any, documents string) {
	if members["version"] != json.Number("1") {
		r.fault("the version is not 1, the one that is known")
	}
	r.only(members, "the file", "format", "version", documents)
}

// only refuses members that say something which would be overlooked.
func (r *reader) only(members map[string]any, of string, known ...string) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, name) {
			r.fault("%s has a member %q, which is not known", of, name)
		}
	}
}

// texts reads documents by id.
func (r *reader) texts(texts map[string]any) {
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		text, ok := texts[id].(string)
		if !ok {
			r.fault("the document %q is not a text", id)
			continue
		}
		r.add(Document{ID: id, Text: text})
	}
}

// operations reads Apollo's list.
func (r *reader) operations(list []any) {
	for i, entry := range list {
		members, ok := entry.(map[string]any)
		if !ok {
			r.fault("operation %d is not an object", i)
			continue
		}
		d := Document{}
		for name, place := range map[string]*string{"id": &d.ID, "body": &d.Text, "name": &d.Name, "type": &d.Type} {
			if *place, ok = members[name].(string); !ok {
				r.fault("operation %d has no %s that is a text", i, name)
			}
		}
		r.only(members, fmt.Sprintf("operation %d", i), "id", "body", "name", "type", "clientName")
		switch {
		case d.Type != "query" && d.Type != "mutation" && d.Type != "subscription":
			r.fault("operation %d: the type is query, mutation or subscription", i)
		case d.Name == "":
			r.fault("operation %d has an empty name", i)
		}
		r.add(d)
	}
}

// add takes a document up when it can be trusted to be what it is named.
func (r *reader) add(d Document) {
	d.File = r.file
	before := len(r.faults)
	if !nameable(d.ID) {
		r.fault("the document %q: an id has 1 to %d printable characters of ASCII, without spaces", short(d.ID), longestID)
	}
	if r.ids[d.ID] {
		r.fault("the document %q is there twice", short(d.ID))
	}
	r.ids[d.ID] = true
	if strings.TrimSpace(d.Text) == "" {
		r.fault("the document %q is empty", short(d.ID))
	}
	if hash, is := Hash(d.ID); is && hash != HashOf(d.Text) {
		r.fault("the document %q: the id is not the SHA-256 of the text", short(d.ID))
	}
	if len(r.faults) == before {
		r.found = append(r.found, d)
	}
}

// short is an id for a message.
func short(id string) string {
	if len(id) > longestID {
		return id[:longestID] + "…"
	}
	return id
}

// nameable says whether an id can be written everywhere that requests name documents.
func nameable(id string) bool {
	return id != "" && len(id) <= longestID && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' })
}

// HashOf is the SHA-256 of a text in hexadecimal, as clients write it.
func HashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Hash is the SHA-256 that an id is, with or without the prefix "sha256:", and whether it is one.
func Hash(id string) (hash string, is bool) {
	hash = strings.TrimPrefix(id, "sha256:")
	if len(hash) != 2*sha256.Size || strings.Trim(hash, "0123456789abcdef") != "" {
		return "", false
	}
	return hash, true
}
