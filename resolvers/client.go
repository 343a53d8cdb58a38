package resolvers

import (
	"context"
	"strings"
	"unicode"

	"github.com/99designs/gqlgen/graphql"
)

// maxClient is how much is kept of a client's own description.
const maxClient = 100

// clientOf is what the client says it is, by its User-Agent header, so that people
// can tell their sessions apart.
func clientOf(ctx context.Context) string {
	if !graphql.HasOperationContext(ctx) {
		return ""
	}
	return printable(graphql.GetOperationContext(ctx).Headers.Get("User-Agent"))
}

// printable is the beginning of a text, without what cannot be printed.
func printable(text string) string {
	text = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, text)
	if runes := []rune(text); len(runes) > maxClient {
		text = string(runes[:maxClient])
	}
	return text
}
