package resolvers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/scalar"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Presenter turns errors into what a client sees. It is the only place where an
// error leaves the gateway: a *problem.Error as it says of itself, what the parser
// and validation say with their own codes, and everything else as
// INTERNAL_SERVER_ERROR with the request's id, under which it is logged.
func Presenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		out := &gqlerror.Error{Path: graphql.GetPath(ctx)}
		var given *gqlerror.Error
		if errors.As(err, &given) {
			out.Locations = given.Locations
			if given.Path != nil {
				out.Path = given.Path
			}
			if code, ok := given.Extensions["code"]; ok { // by the engine, the parser or validation
				out.Message, out.Extensions = given.Message, given.Extensions
				if code == string(problem.ValidationFailed) && isVariable(given.Path) {
					out.Extensions = map[string]any{"code": problem.BadUserInput, "inputPath": pathNames(given.Path[1:])}
					out.Path = nil
				}
				return out
			}
		}
		p := translate(err)
		var input []string
		out.Path, input = splitPath(ctx, out.Path)
		if p.InputPath == nil {
			p.InputPath = input
		}
		out.Message = p.Message
		out.Extensions = p.Extensions()
		if p.Code == problem.BadUserInput && len(p.InputPath) > 0 {
			out.Extensions["inputPath"] = p.InputPath
		}
		id := problem.RequestID(ctx)
		switch {
		case p.Code == problem.Internal:
			out.Extensions["requestId"] = id
			log.ErrorContext(ctx, "an error that is not shown", "requestId", id, "path", out.Path.String(), "error", err)
		case p.Cause != nil && (p.Code == problem.Unavailable || p.Code == problem.Timeout):
			log.WarnContext(ctx, "a problem with a cause", "requestId", id, "path", out.Path.String(), "code", p.Code, "error", err)
		}
		return out
	}
}

// splitPath parts a path at the field being resolved: gqlgen goes on with the names of
// arguments and input fields, which are no part of the answer.
func splitPath(ctx context.Context, path ast.Path) (field ast.Path, input []string) {
	fc := graphql.GetFieldContext(ctx)
	if fc == nil {
		return path, nil
	}
	n := len(fc.Path())
	if n >= len(path) {
		return path, nil
	}
	return path[:n], pathNames(path[n:])
}

func pathNames(path ast.Path) []string {
	names := make([]string, len(path))
	for i, p := range path {
		names[i] = fmt.Sprint(p)
	}
	return names
}

// translate finds what of an error a client may know.
func translate(err error) *problem.Error {
	var p *problem.Error
	var input *scalar.Error
	switch {
	case errors.As(err, &p):
		shown := *p // the presenter may add to it, and some problems are shared
		return &shown
	case errors.As(err, &input):
		return problem.Input(input.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return problem.New(problem.Timeout, "The operation took too long.")
	case errors.Is(err, context.Canceled):
		return problem.New(problem.Timeout, "The request was called off.")
	}
	return problem.New(problem.Internal, "Something went wrong inside the gateway.")
}

// isVariable says whether a path leads into the variables of a request: gqlparser
// begins those with "variable".
func isVariable(path ast.Path) bool {
	return len(path) > 0 && path[0] == ast.PathName("variable")
}
