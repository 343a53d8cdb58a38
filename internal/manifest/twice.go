package manifest

import (
	"bytes"
	"encoding/json"
)

// twice finds the first member that an object of a well-formed text has twice: a member that a later one replaces
// unseen is what strictjson refuses without naming it.
func twice(text []byte) string {
	type object struct {
		names map[string]bool // nil for an array
		value bool            // whether a value comes next, and not a name
	}
	var open []*object
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		var in *object
		if len(open) > 0 {
			in = open[len(open)-1]
		}
		if name, ok := token.(string); ok && in != nil && in.names != nil && !in.value {
			if in.names[name] {
				return name
			}
			in.names[name], in.value = true, true
			continue
		}
		if in != nil {
			in.value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, &object{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, &object{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
}
