package engine

import (
	"errors"
	"fmt"

	"github.com/fieldgate/fieldgate/internal/manifest"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// What even a trusted document may not pass: the limits for strangers do not apply to it, and there are documents that
// nobody means to write, which no gateway could run. Validation is quadratic in the tokens.
const (
	trustedTokens = 10_000
	trustedFields = 10_000 // of an operation, once its fragments are written out
)

// trustedDocuments are found by id and by hash, and parsed and validated once.
type trustedDocuments struct {
	byID, byHash map[string]string             // texts
	parsed       map[string]*ast.QueryDocument // by text
}

// CheckDocuments says what is wrong with documents that are to be trusted under a schema: all that would keep a gateway
// from starting with them, each fault with the document's file and id.
func CheckDocuments(schema *ast.Schema, list []manifest.Document) error {
	_, err := trustDocuments(schema, list)
	return err
}

func trustDocuments(schema *ast.Schema, list []manifest.Document) (*trustedDocuments, error) {
	t := &trustedDocuments{byID: map[string]string{}, byHash: map[string]string{}, parsed: map[string]*ast.QueryDocument{}}
	var faults []error
	for _, d := range list {
		if text, twice := t.byID[d.ID]; twice && text != d.Text {
			faults = append(faults, fmt.Errorf("%v has another text than one of the same id in another file", d))
			continue
		}
		parsed := t.parsed[d.Text]
		if parsed == nil {
			var err error
			if parsed, err = parseTrusted(schema, d.Text); err != nil {
				faults = append(faults, fmt.Errorf("%v: %w", d, err))
				continue
			}
		}
		if err := describes(d, parsed); err != nil {
			faults = append(faults, err)
			continue
		}
		t.byID[d.ID], t.byHash[manifest.HashOf(d.Text)], t.parsed[d.Text] = d.Text, d.Text, parsed
	}
	return t, errors.Join(faults...)
}

// parseTrusted parses and validates a document by the rules that hold for one that is sent.
func parseTrusted(schema *ast.Schema, text string) (*ast.QueryDocument, error) {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, trustedTokens)
	if err != nil {
		return nil, located(err)
	}
	if len(doc.Operations) == 0 {
		return nil, errors.New("it has no operation")
	}
	written := expansion{fragments: map[string]int{}, doc: doc}
	for _, op := range doc.Operations {
		if written.fields(op.SelectionSet) > trustedFields {
			return nil, fmt.Errorf("an operation has more than %d fields once its fragments are written out", trustedFields)
		}
	}
	var faults []error
	for _, fault := range validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()) {
		faults = append(faults, located(fault))
	}
	return doc, errors.Join(faults...)
}

// located words an error of the parser or of validation with its place in the document.
func located(err error) error {
	var e *gqlerror.Error
	if errors.As(err, &e) && len(e.Locations) > 0 {
		return fmt.Errorf("line %d, column %d: %s", e.Locations[0].Line, e.Locations[0].Column, e.Message)
	}
	return err
}

// describes holds a document to what its file says of it.
func describes(d manifest.Document, parsed *ast.QueryDocument) error {
	if d.Name == "" && d.Type == "" {
		return nil
	}
	if op := parsed.Operations[0]; len(parsed.Operations) != 1 || op.Name != d.Name || string(op.Operation) != d.Type {
		return fmt.Errorf("%v is not the one operation %s %s that the file says it is", d, d.Type, d.Name)
	}
	return nil
}

// expansion counts the fields of a document once its fragments are written out. Each fragment is counted once,
// however often it is spread, and sums stay at the limit.
type expansion struct {
	doc       *ast.QueryDocument
	fragments map[string]int
}

func (e expansion) fields(set ast.SelectionSet) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n += 1 + e.fields(s.SelectionSet)
		case *ast.InlineFragment:
			n += e.fields(s.SelectionSet)
		case *ast.FragmentSpread:
			n += e.fragment(s.Name)
		}
		n = min(n, trustedFields+1)
	}
	return n
}

func (e expansion) fragment(name string) int {
	n, counted := e.fragments[name]
	if f := e.doc.Fragments.ForName(name); !counted && f != nil {
		e.fragments[name] = 0 // for a fragment that spreads itself, which validation refuses
		n = e.fields(f.SelectionSet)
		e.fragments[name] = n
	}
	return n
}
