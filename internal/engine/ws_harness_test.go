package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
	"github.com/fieldgate/fieldgate/internal/problem"
)

const subprotocol = "graphql-transport-ws"

// The reasons for which a test's caller may be sent nothing more.
var (
	errOver    = problem.New(problem.Unauthenticated, "The session has ended. Sign in again.")
	errExpired = problem.New(problem.Unauthenticated, "The access token has expired.")
	errAway    = problem.New(problem.Unavailable, "Sessions cannot be checked right now.")
	errOurs    = errors.New("a fault of ours")
)

// wsServer serves the tests' schema over WebSockets.
type wsServer struct {
	t       testing.TB
	url     string
	handler *engine.Handler
	visits  *model.Visits
	left    chan error // what closing the handler gave

	mu      sync.Mutex
	sources map[chan *model.Call]<-chan struct{} // of the subscriptions that run, with what is closed as one ends
	begun   int                                  // subscriptions, those that have ended too
	watched []context.CancelCauseFunc            // of the sockets that have begun
	codes   []int                                // by which sockets were closed
	lasting int                                  // subscriptions that run, as the Observer is told
	told    []string                             // of the operations that have ended
}

type sessionKey struct{}

// serveSockets serves whoever holds what c holds: by the token signedInToken or another one that begins with it,
// which stands for another session.
func serveSockets(t testing.TB, c caller, change ...func(*engine.Config)) *wsServer {
	t.Helper()
	s := &wsServer{t: t, left: make(chan error, 1), sources: map[chan *model.Call]<-chan struct{}{}}
	s.visits = &model.Visits{Events: s.events, On: map[string]func(context.Context) error{}}
	cfg := configOf(t, c)
	signIn := func(ctx context.Context, token string) (context.Context, error) {
		switch {
		case strings.HasPrefix(token, signedInToken):
			return context.WithValue(context.WithValue(ctx, signedInKey{}, true), sessionKey{}, token), nil
		case token == "over":
			return nil, errOver
		case token == "expired":
			return nil, errExpired
		case token == "away":
			return nil, errAway
		case token == "ours":
			return nil, errOurs
		}
		return nil, problem.New(problem.Unauthenticated, "The access token is not valid.")
	}
	cfg.Observer = s
	cfg.Streams = engine.Streams{
		Authenticate: signIn,
		Watch:        s.watch,
		Over:         func(reason error) bool { return errors.Is(reason, errOver) },
		Session: func(ctx context.Context) string {
			session, _ := ctx.Value(sessionKey{}).(string)
			return session
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	h, err := engine.NewHandler(enginetest.New(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.handler, s.told = h, nil
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := model.WithVisits(r.Context(), s.visits)
		if token, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); is {
			if ctx, err = signIn(ctx, token); err != nil {
				problem.Write(w, http.StatusUnauthorized, problem.Unauthenticated, err.Error())
				return
			}
		}
		h.ServeHTTP(w, r.WithContext(ctx))
	}))
	s.url = server.URL + "/graphql"
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.Close(ctx); err != nil {
			t.Errorf("sockets go on when the handler is closed: %v", err)
		}
	})
	return s
}

func (s *wsServer) watch(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = append(s.watched, cancel)
	return ctx, func() { cancel(context.Canceled) }
}

// revoke ends what is watched.
func (s *wsServer) revoke(reason error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cancel := range s.watched {
		cancel(reason)
	}
}

// events is a source for a subscription, which runs until the subscription ends.
func (s *wsServer) events(ctx context.Context) <-chan *model.Call {
	source := make(chan *model.Call)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources[source] = ctx.Done()
	s.begun++
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sources, source)
	})
	return source
}

// emit gives an event to all subscriptions that run.
func (s *wsServer) emit() {
	s.mu.Lock()
	all := maps.Clone(s.sources)
	s.mu.Unlock()
	for source, ended := range all {
		select {
		case source <- model.NewCall():
		case <-ended:
		case <-time.After(patience):
			s.t.Error("a subscription that runs takes no event")
		}
	}
}

// finish has the sources of all subscriptions end.
func (s *wsServer) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for source := range s.sources {
		close(source)
		delete(s.sources, source)
	}
}

func (s *wsServer) running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sources)
}

// Operation, Authorize, Socket and Subscription implement engine.StreamObserver.
func (s *wsServer) Operation(ctx context.Context) (context.Context, func(engine.Outcome)) {
	return ctx, func(out engine.Outcome) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.told = append(s.told, inWords(out))
	}
}

func (s *wsServer) Authorize(ctx context.Context) (context.Context, func()) { return ctx, func() {} }

func (s *wsServer) Socket(ctx context.Context) (context.Context, func(int)) {
	return ctx, func(code int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.codes = append(s.codes, code)
	}
}

func (s *wsServer) Subscription(context.Context) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lasting++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lasting--
	}
}

// wsClient is a client that speaks for itself.
type wsClient struct {
	t    testing.TB
	conn *websocket.Conn
}

// dial opens a socket with these headers.
func (s *wsServer) dial(header http.Header) *wsClient {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, s.url, &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{subprotocol}})
	if err != nil {
		s.t.Fatal(err)
	}
	if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != subprotocol {
		s.t.Fatalf("the subprotocol is %q", got)
	}
	s.t.Cleanup(func() { conn.CloseNow() })
	return &wsClient{s.t, conn}
}

func (c *wsClient) send(kind websocket.MessageType, text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.conn.Write(ctx, kind, []byte(text)); err != nil {
		c.t.Logf("sending %.100s: %v", text, err) // closed already; what comes of it shows
	}
}

// read is the next message, or how the socket was closed: "close 4400 reason".
func (c *wsClient) read() string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	kind, text, err := c.conn.Read(ctx)
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return strings.TrimSpace("close " + strconv.Itoa(int(closed.Code)) + " " + closed.Reason)
	case err != nil:
		return "lost: " + err.Error()
	case kind != websocket.MessageText:
		return "binary"
	}
	return string(text)
}

// equalJSON compares two texts by what they mean.
func equalJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// compact is a text without what JSON does not need.
func compact(text string) string {
	var out bytes.Buffer
	if json.Compact(&out, []byte(text)) != nil {
		return text
	}
	return out.String()
}

// play runs a script, line by line:
//
//	> text        the client sends a message; >> a binary one
//	< text        the next message is this JSON
//	close CODE .. the socket is closed with this code, and a reason that begins so
//	running N     N subscriptions run
//	begun N       N subscriptions have begun, those that have ended too
//	emit, finish  an event for all that run; their sources end
//	over, expired, away, ours   nothing may be sent any more, for this reason
//	leave         the gateway stops
//	bye           the client closes
//
// A pong for a ping at the end of a script shows that nothing else has been sent.
func (s *wsServer) play(c *wsClient, script string) {
	s.t.Helper()
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "":
		case ">":
			c.send(websocket.MessageText, rest)
		case ">>":
			c.send(websocket.MessageBinary, rest)
		case "<":
			if got := c.read(); !equalJSON(got, rest) {
				s.t.Fatalf("%s\ngot  %s\nwant %s", line, got, compact(rest))
			}
		case "close":
			if got := c.read(); !strings.HasPrefix(got, line) {
				s.t.Fatalf("got %q, want %q", got, line)
			}
		case "running":
			want, _ := strconv.Atoi(rest)
			s.eventually(line, func() bool { return s.running() == want })
		case "begun":
			want, _ := strconv.Atoi(rest)
			s.eventually(line, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.begun == want })
		case "emit":
			s.emit()
		case "finish":
			s.finish()
		case "over":
			s.revoke(errOver)
		case "expired":
			s.revoke(errExpired)
		case "away":
			s.revoke(errAway)
		case "ours":
			s.revoke(errOurs)
		case "leave":
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				s.left <- s.handler.Close(ctx)
			}()
		case "left":
			if err := <-s.left; err != nil {
				s.t.Fatalf("the handler does not close: %v", err)
			}
		case "bye":
			_ = c.conn.Close(websocket.StatusNormalClosure, "")
		default:
			s.t.Fatalf("no such line: %s", line)
		}
	}
}

func (s *wsServer) eventually(what string, happened func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !happened(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: it does not happen", what)
		}
	}
}
