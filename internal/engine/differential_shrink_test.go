package engine_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// shrink takes selections out of a case, one after the other, as long as what is left is valid and fails.
func (w *world) shrink(a asking, fails func(asking) bool) asking {
	for i := 0; ; {
		smaller, more := w.without(a, i)
		switch {
		case !more:
			return a
		case smaller != nil && fails(*smaller):
			a = *smaller
		default:
			i++
		}
	}
}

// without is the case without its i-th selection: nil when it cannot be, and false when it has no more.
func (w *world) without(a asking, i int) (smaller *asking, more bool) {
	doc, err := gqlparser.LoadQueryWithRules(w.schema, a.op.text, rules.NewDefaultRules())
	if err != nil {
		return nil, false
	}
	var cut func(set *ast.SelectionSet) bool
	cut = func(set *ast.SelectionSet) bool {
		for j, sel := range *set {
			if i--; i < 0 {
				*set = slices.Delete(slices.Clone(*set), j, j+1)
				return true
			}
			switch sel := sel.(type) {
			case *ast.Field:
				if cut(&sel.SelectionSet) {
					return true
				}
			case *ast.InlineFragment:
				if cut(&sel.SelectionSet) {
					return true
				}
			}
		}
		return false
	}
	for _, op := range doc.Operations {
		more = more || cut(&op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		more = more || cut(&f.SelectionSet)
	}
	if !more {
		return nil, false
	}
	text := unused(doc)
	doc, err = gqlparser.LoadQueryWithRules(w.schema, text, rules.NewDefaultRules())
	if err != nil {
		return nil, true
	}
	a.op.text, a.op.doc = text, doc
	return &a, true
}

// unused writes a document without the fragments and variables that nothing uses any more.
func unused(doc *ast.QueryDocument) string {
	for {
		text := written(doc)
		uses := func(name string) int {
			return len(regexp.MustCompile(regexp.QuoteMeta(name)+`\b`).FindAllString(text, -1))
		}
		before := len(doc.Fragments)
		doc.Fragments = slices.DeleteFunc(doc.Fragments, func(f *ast.FragmentDefinition) bool { return uses("..."+f.Name) == 0 })
		for _, op := range doc.Operations {
			before += len(op.VariableDefinitions)
			op.VariableDefinitions = slices.DeleteFunc(op.VariableDefinitions, func(v *ast.VariableDefinition) bool { return uses("$"+v.Variable) == 1 })
			before -= len(op.VariableDefinitions)
		}
		if before == len(doc.Fragments) {
			return text
		}
	}
}

// written is a document on one line, as people read it.
func written(doc *ast.QueryDocument) string {
	var out bytes.Buffer
	formatter.NewFormatter(&out, formatter.WithCompacted()).FormatQueryDocument(doc)
	return strings.TrimSpace(out.String())
}
