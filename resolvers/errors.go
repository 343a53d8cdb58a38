package resolvers

import (
	"context"
	"errors"
	"log/slog"
	"strconv"

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
		var shown *gqlerror.Error
		if errors.As(err, &shown) {
			out.Locations = shown.Locations
			if shown.Path != nil {
				out.Path = shown.Path
			}
			if code, ok := shown.Extensions["code"]; ok { // made by the engine, the parser or validation
				out.Message = shown.Message
				out.Extensions = shown.Extensions
				if code == string(problem.ValidationFailed) && isVariable(out.Path) {
					out.Extensions = map[string]any{"code": problem.BadUserInput}
				}
				return out
			}
		}
		p := translate(err)
		out.Message = p.Message
		out.Extensions = map[string]any{"code": p.Code}
		if len(p.InputPath) > 0 {
			out.Extensions["inputPath"] = p.InputPath
		}
		if p.Code == problem.Internal {
			id := problem.RequestID(ctx)
			out.Extensions["requestId"] = id
			log.ErrorContext(ctx, "an error that is not shown", "requestId", id, "path", out.Path.String(), "error", err)
		}
		return out
	}
}

// translate finds what of an error a client may know.
func translate(err error) *problem.Error {
	var p *problem.Error
	var input *scalar.Error
	var number *strconv.NumError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &input):
		return problem.Input(input.Error())
	case errors.As(err, &number):
		return problem.Input("A number of the request is out of range.")
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
