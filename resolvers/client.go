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
	agent := strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, graphql.GetOperationContext(ctx).Headers.Get("User-Agent"))
	if runes := []rune(agent); len(runes) > maxClient {
		agent = string(runes[:maxClient])
	}
	return agent
}
