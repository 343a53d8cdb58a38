package policy

import (
	"regexp"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// fromExtension tells whether a directive of the type was written on an `extend type` rather than on the type.
// gqlparser merges both into one list and keeps no mark, but each directive keeps its place: one that stands in another
// file, before the type's name, or after a further `extend`, is an extension's. An orphan extension, of a type defined
// nowhere, counts as one too.
func fromExtension(def *ast.Definition, d *ast.Directive) bool {
	of, at := def.Position, d.Position
	if of == nil || at == nil || of.Src == nil {
		return false
	}
	if at.Src != of.Src || at.Start < of.Start {
		return true
	}
	text := []rune(of.Src.Input)
	start, end := min(of.Start, len(text)), min(at.Start, len(text))
	before := words(text[:start])
	if n := len(before); n > 1 && before[n-2] == "extend" {
		return true
	}
	return slices.Contains(words(text[start:end]), "extend")
}

// words lists the names and keywords of SDL, leaving out comments and strings.
func words(text []rune) []string {
	token := regexp.MustCompile(`#[^\r\n]*|"""(?s:\\"""|.)*?"""|"(?:\\.|[^"\\\r\n])*"|[_A-Za-z][_0-9A-Za-z]*`)
	var names []string
	for _, word := range token.FindAllString(string(text), -1) {
		if word[0] != '#' && word[0] != '"' {
			names = append(names, word)
		}
	}
	return names
}
