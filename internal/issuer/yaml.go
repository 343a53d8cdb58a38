package issuer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// reader reads a YAML file and keeps every fault that it finds, each with its line.
type reader struct {
	file   string
	faults []error
}

func (r *reader) fault(at ast.Node, format string, args ...any) {
	line := 0
	if token := at.GetToken(); token != nil && token.Position != nil {
		line = token.Position.Line
	}
	r.faults = append(r.faults, fmt.Errorf("%s:%d: %s", r.file, line, fmt.Sprintf(format, args...)))
}

// parse reads the one document of a file. The parser itself refuses a key that is given twice.
func (r *reader) parse(text []byte) ast.Node {
	if len(text) > maxFile {
		r.faults = append(r.faults, fmt.Errorf("%s: longer than %d bytes", r.file, maxFile))
		return nil
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		why, line := "this is not YAML", 0
		var told yaml.Error
		if errors.As(err, &told) {
			why = told.GetMessage()
			if token := told.GetToken(); token != nil && token.Position != nil {
				line = token.Position.Line
			}
		}
		r.faults = append(r.faults, fmt.Errorf("%s:%d: %s", r.file, line, why))
		return nil
	}
	var documents []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			documents = append(documents, d.Body)
		}
	}
	if len(documents) != 1 {
		r.faults = append(r.faults, fmt.Errorf("%s: want one YAML document, and there are %d", r.file, len(documents)))
		return nil
	}
	return documents[0]
}

// members are those of a mapping, in order, by plain keys: no anchors, aliases, merges or tags, so that a file says
// what it seems to say.
func (r *reader) members(node ast.Node, what string) []*ast.MappingValueNode {
	mapping, is := node.(*ast.MappingNode)
	if !is {
		r.fault(node, "%s is a mapping of names to values", what)
		return nil
	}
	return slices.DeleteFunc(slices.Clone(mapping.Values), func(m *ast.MappingValueNode) bool {
		if _, plain := m.Key.(*ast.StringNode); plain {
			return false
		}
		r.fault(m.Key, "a name is plain text; put quotes around it")
		return true
	})
}

func nameOf(m *ast.MappingValueNode) string { return m.Key.(*ast.StringNode).Value }

// fields hands each member of a mapping to the function of its name, and refuses the others.
func (r *reader) fields(node ast.Node, what string, known map[string]func(ast.Node)) {
	for _, m := range r.members(node, what) {
		if read, is := known[nameOf(m)]; is {
			read(m.Value)
			continue
		}
		names := make([]string, 0, len(known))
		for name := range known {
			names = append(names, name)
		}
		slices.Sort(names)
		r.fault(m.Key, "%s has no %q: it has %s", what, nameOf(m), strings.Join(names, ", "))
	}
}

// text reads a text that is not empty, "" for a fault.
func (r *reader) text(node ast.Node) string {
	switch node := node.(type) {
	case *ast.StringNode:
		if strings.TrimSpace(node.Value) != "" {
			return node.Value
		}
	case *ast.IntegerNode: // such as an audience of digits
		return node.GetToken().Value
	}
	r.fault(node, "want a text that is not empty")
	return ""
}

// texts reads a list of texts, each once.
func (r *reader) texts(node ast.Node) []string {
	list, is := node.(*ast.SequenceNode)
	if !is || len(list.Values) == 0 {
		r.fault(node, "want a list that is not empty, such as [one, two]")
		return nil
	}
	var texts []string
	for _, element := range list.Values {
		text := r.text(element)
		if text != "" && slices.Contains(texts, text) {
			r.fault(element, "%q is given twice", text)
		}
		texts = append(texts, text)
	}
	return texts
}

// duration reads a duration such as 15m, from least to most.
func (r *reader) duration(node ast.Node, least, most time.Duration) time.Duration {
	text, _ := node.(*ast.StringNode)
	if text != nil {
		if d, err := time.ParseDuration(text.Value); err == nil && d >= least && d <= most {
			return d
		}
	}
	if zero, is := node.(*ast.IntegerNode); is && least == 0 {
		if n, err := strconv.Atoi(zero.GetToken().Value); err == nil && n == 0 {
			return 0
		}
	}
	r.fault(node, "want a duration from %s to %s, such as %s", least, most, least+(most-least)/2)
	return 0
}

// choice reads one of two words, and says whether it is the second.
func (r *reader) choice(node ast.Node, first, second string) bool {
	text, _ := node.(*ast.StringNode)
	if text == nil || text.Value != first && text.Value != second {
		r.fault(node, "want %s or %s", first, second)
		return false
	}
	return text.Value == second
}
