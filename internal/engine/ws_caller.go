package engine

import (
	"context"
	"errors"
	"strings"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// initialise finds out who the caller is, and has it watched from then on.
func (s *socket) initialise(payload map[string]any) error {
	if s.initialised {
		return closes(closeTooManyInits, "Too many initialisation requests")
	}
	s.initialised = true
	ctx, err := s.identify(payload)
	if err != nil {
		return err
	}
	s.guest = !s.Caller(ctx).SignedIn()
	if session := s.session(ctx); session != "" {
		give, ok := s.tally.take("session "+session, s.Limits.Sockets)
		if !ok {
			s.exceeds(s.ctx, problem.LimitExceeded, limitSockets)
			return closes(websocket.StatusTryAgainLater, "There are too many WebSockets of this session.")
		}
		s.ofSession(give)
	}
	caller, free := s.Streams.Watch(ctx)
	s.frees = append(s.frees, free)
	s.caller = caller
	context.AfterFunc(caller, func() {
		if s.ctx.Err() == nil {
			end := s.closesFor(context.Cause(caller))
			s.end(end.code, end.reason)
		}
	})
	if caller.Err() != nil {
		return s.closesFor(context.Cause(caller))
	}
	s.acknowledged.Store(true)
	s.timer.Reset(s.Sockets.KeepAlive)
	s.write([]byte(`{"type":"connection_ack"}`))
	return nil
}

// ofSession counts the socket as one of a session, and no more as one of its address.
func (s *socket) ofSession(give func()) {
	s.frees[freeAddress]()
	s.frees[freeAddress] = give
}

// identify gives the context of the caller: of whom the token in an initialisation stands for, and where there is
// none of whom the request for the socket was.
func (s *socket) identify(payload map[string]any) (context.Context, error) {
	token, given, err := tokenIn(payload)
	if err != nil || !given {
		return s.ctx, err
	}
	ctx, err := s.Streams.Authenticate(s.ctx, token)
	if err != nil {
		return nil, s.closesFor(err)
	}
	if s.Caller(s.ctx).SignedIn() && (s.session(s.ctx) == "" || s.session(s.ctx) != s.session(ctx)) {
		return nil, closes(closeBadRequest, "The request and the initialisation have access tokens of two sessions.")
	}
	return ctx, nil
}

// session names the session of a caller, "" for a guest.
func (t transport) session(ctx context.Context) string {
	if t.Streams.Session == nil {
		return ""
	}
	return t.Streams.Session(ctx)
}

// tokenIn is the access token in the payload of an initialisation, as it would stand in the header (RFC 6750, section
// 2.1). Whoever gives one is no guest, whatever it is: what is no token is forbidden.
func tokenIn(payload map[string]any) (token string, given bool, err error) {
	value := payload["Authorization"]
	if lower := payload["authorization"]; lower != nil {
		if value != nil {
			return "", false, closes(closeBadRequest, "The initialisation has two access tokens.")
		}
		value = lower
	}
	if value == nil {
		return "", false, nil
	}
	text, is := value.(string)
	if !is {
		return "", false, closes(closeBadRequest, "The Authorization of an initialisation is a text.")
	}
	scheme, token, _ := strings.Cut(text, " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " ,\t") {
		return "", false, closes(closeForbidden, "The access token is not valid.")
	}
	return token, true, nil
}

// closesFor says how a socket is closed because of what is wrong with a caller: with closeUnauthorized when no new
// token will help, with closeForbidden when one may, and otherwise so that clients try again later.
func (s *socket) closesFor(reason error) closing {
	p := problem.New(problem.Internal, "Something went wrong.")
	errors.As(reason, &p)
	code := closeForbidden
	switch {
	case s.Streams.Over(reason):
		code = closeUnauthorized
	case p.Code == problem.Unavailable || p.Code == problem.RateLimited:
		code = websocket.StatusTryAgainLater
	case p.Code == problem.Internal:
		s.Log.Error("a WebSocket is closed", "error", reason)
		code = closeInternal
	}
	return closes(code, "%s", p.Message)
}
