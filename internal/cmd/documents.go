package cmd

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/fieldgate/fieldgate/internal/apq"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/manifest"
	"github.com/redis/go-redis/v9"
	"github.com/vektah/gqlparser/v2/ast"
)

// The values of --documents-mode.
const (
	documentsOff  = "off"
	documentsOnly = "only"
)

// documentFlags say which documents requests may name.
type documentFlags struct {
	Documents     []string `help:"Files of trusted documents: those of relay-compiler, graphql-codegen and Apollo's manifest generator, or a JSON object of texts by id." type:"path" placeholder:"FILE" env:"FIELDGATE_DOCUMENTS"`
	DocumentsMode string   `help:"Trusted documents run by their ids or as they are, beside others (prefer), with everything else refused (only), or not at all (off)." enum:"off,prefer,only" default:"prefer" env:"FIELDGATE_DOCUMENTS_MODE"`
	APQ           string   `name:"apq" help:"Automatic persisted queries: whether signed-in callers' documents are kept for a day, so that requests can name them by hash." enum:"on,off" default:"on" env:"FIELDGATE_APQ"`
}

// acceptance is the mutation of our own page /accept, which works also where only trusted documents do.
const acceptance = "mutation Accept($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { email } }"

// refuses says why there is no gateway with these flags.
func (f documentFlags) refuses() error {
	if f.DocumentsMode == documentsOnly && len(f.Documents) == 0 {
		return errors.New("--documents-mode=only runs trusted documents and nothing else: name their files (--documents)")
	}
	return nil
}

// warns says what goes on with these flags that may not be meant.
func (f documentFlags) warns(graphiql string) []string {
	var warnings []string
	if f.DocumentsMode == documentsOnly && graphiql != graphiqlOff {
		warnings = append(warnings, "GraphiQL is served, but only trusted documents run (--documents-mode): what is written in it, and its signing in, are refused (--graphiql=off)")
	}
	if f.DocumentsMode == documentsOff && len(f.Documents) > 0 {
		warnings = append(warnings, "the trusted documents (--documents) are not read (--documents-mode=off)")
	}
	for _, name := range f.Documents {
		if f.DocumentsMode != documentsOff && othersMay(write, name) {
			warnings = append(warnings, fmt.Sprintf("others on this machine may write to the trusted documents (--documents), %s: they could add some that the next start takes up (chmod go-w)", name))
		}
	}
	return warnings
}

// trusted reads the trusted documents and checks them under the schema, which is done before anything is opened.
func (f documentFlags) trusted(schema *ast.Schema) (engine.Documents, error) {
	d := engine.Documents{Only: f.DocumentsMode == documentsOnly}
	if f.DocumentsMode == documentsOff {
		return d, nil
	}
	listed, err := readDocuments(f.Documents)
	d.Trusted = append(listed, manifest.Document{File: "fieldgate", ID: "fieldgate:accept", Text: acceptance})
	return d, errors.Join(err, engine.CheckDocuments(schema, d.Trusted))
}

// automatic has the documents that clients register kept in Redis, unless they may not.
func (f documentFlags) automatic(d *engine.Documents, client redis.UniversalClient, log *slog.Logger) error {
	if f.APQ == "off" || d.Only {
		return nil
	}
	store, err := apq.New(client, time.Now, log, apq.Options{})
	d.Automatic = store
	return err
}

// readDocuments reads files of trusted documents, or names every fault in them.
func readDocuments(files []string) ([]manifest.Document, error) {
	var all []manifest.Document
	var faults []error
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			faults = append(faults, fmt.Errorf("the trusted documents (--documents) cannot be read: %w", err))
			continue
		}
		list, err := manifest.Read(name, text)
		faults = append(faults, err)
		all = append(all, list...)
	}
	return all, errors.Join(faults...)
}
