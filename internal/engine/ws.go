package engine

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// socket is an open WebSocket. One goroutine reads what the client sends; each operation has one that answers it. A
// client that takes its answers slowly holds up the operations that have them, and no more is kept for it.
//
// Who the caller is is fixed when the client has said so. From then on nothing is sent once Streams.Watch has said
// that it must not be.
type socket struct {
	transport
	conn    *websocket.Conn
	wire    net.Conn // below conn
	agent   http.Header
	address string // of the client, as it counts
	opened  time.Time
	closed  func(code int) // tells the Observer

	ctx    context.Context // ends when the socket does
	cancel context.CancelFunc
	timer  *time.Timer // until the client has said who it is, and then until the next ping
	frees  []func()    // what was taken, freed when everything has ended
	forget func() bool // that the gateway may stop

	initialised  bool // of the reading goroutine alone
	caller       context.Context
	guest        bool
	acknowledged atomic.Bool // caller and guest are known, and do not change any more

	writing sync.Mutex
	ending  sync.Once

	mu         sync.Mutex
	operations map[string]*operation // whose answers the client waits for
	running    int                   // also those that it waits for no more
	counted    int                   // those of them that keep others from beginning
	leaving    bool
	performing sync.WaitGroup
}

// freeAddress is the place in socket.frees of what is taken of its address.
const freeAddress = 1

// take counts the socket in, and says whether there may be one more.
func (s *socket) take() bool {
	limits := s.Sockets
	all, ok := s.tally.take("", limits.Open)
	if !ok {
		return false
	}
	s.frees = append(s.frees, all)
	one, ok := s.tally.take("address "+s.address, limits.OfAddress)
	if !ok {
		s.give()
		return false
	}
	s.frees = append(s.frees, one)
	_, end, ok := s.streams.begin()
	if !ok {
		s.give()
		return false
	}
	s.frees = append(s.frees, end)
	return true
}

// give frees what was taken.
func (s *socket) give() {
	for i := len(s.frees) - 1; i >= 0; i-- {
		s.frees[i]()
	}
}

// start begins to read. The context is that of the request, and is used for its values.
func (s *socket) start(ctx context.Context) {
	s.closed = func(int) {}
	ctx = context.WithoutCancel(ctx)
	if o, ok := s.Observer.(StreamObserver); ok {
		ctx, s.closed = o.Socket(ctx)
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.opened = time.Now()
	s.conn.SetReadLimit(min(s.Sockets.Message, s.Limits.BodyBytes))
	s.timer = time.AfterFunc(time.Hour, s.tick)
	s.mu.Lock() // leave waits until forget is known
	s.forget = context.AfterFunc(s.streams.leaving, s.leave)
	s.mu.Unlock()
	s.timer.Reset(s.Sockets.Init)
	go s.read()
}

// read takes what the client sends until the socket ends.
func (s *socket) read() {
	defer s.give()
	defer s.performing.Wait()
	defer func() {
		if p := recover(); p != nil {
			_ = s.panicked(p)
			s.end(closeInternal, "Something went wrong.")
		}
	}()
	for s.ctx.Err() == nil {
		kind, text, err := s.conn.Read(context.Background())
		switch {
		case errors.Is(err, websocket.ErrMessageTooBig):
			s.exceeds(s.ctx, problem.LimitExceeded, limitBody)
			s.end(websocket.StatusMessageTooBig, "The message is too long.")
		case websocket.CloseStatus(err) != -1: // the client has said goodbye
			s.end(websocket.StatusNormalClosure, "")
		case err != nil:
			s.end(websocket.StatusAbnormalClosure, "")
		case s.ctx.Err() == nil:
			var end closing
			if errors.As(s.receive(kind, text), &end) {
				s.end(end.code, end.reason)
			}
		}
	}
	s.end(websocket.StatusAbnormalClosure, "") // returns when whoever ends it has
}

// receive does what a message says. Its errors close the socket.
func (s *socket) receive(kind websocket.MessageType, text []byte) error {
	if kind != websocket.MessageText {
		return closes(closeBadRequest, "Messages are texts.")
	}
	m, err := readMessage(text)
	if err != nil {
		return err
	}
	switch m.kind {
	case "connection_init":
		return s.initialise(m.payload)
	case "ping":
		s.pong(m.payload)
	case "subscribe":
		return s.subscribe(m)
	case "complete":
		s.complete(m.id)
	}
	return nil
}

// write sends a message, unless nothing may be sent any more. A client that does not take it in time loses the
// connection.
func (s *socket) write(text []byte) { s.writeAfter(text, func() {}) }

// writeAfter is write for a message before which something is done, when its turn has come.
func (s *socket) writeAfter(text []byte, first func()) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.ctx.Err() != nil || s.caller != nil && s.caller.Err() != nil {
		return
	}
	first()
	ctx, cancel := context.WithTimeout(context.Background(), s.Sockets.Write)
	defer cancel()
	if s.send(ctx, text) != nil {
		s.end(websocket.StatusAbnormalClosure, "")
	}
}

// fragment is how much of a message is written at once.
const fragment = 16 << 10

// send writes a message, a long one in fragments, between which the socket can be closed (RFC 6455, section 5.4).
func (s *socket) send(ctx context.Context, text []byte) error {
	if len(text) <= fragment {
		return s.conn.Write(ctx, websocket.MessageText, text)
	}
	w, err := s.conn.Writer(ctx, websocket.MessageText)
	for part := range slices.Chunk(text, fragment) {
		if err == nil {
			_, err = w.Write(part)
		}
	}
	if err == nil {
		err = w.Close()
	}
	return err
}

// tick finds clients that do not say who they are, guests that have been here for long enough, and those that are gone.
func (s *socket) tick() {
	limits := s.Sockets
	switch {
	case !s.acknowledged.Load():
		s.end(closeTooSlow, "Connection initialisation timeout")
	case s.guest && time.Since(s.opened) > limits.Guest:
		s.end(websocket.StatusGoingAway, "This has taken long enough for a guest. Connect again.")
	default:
		ctx, cancel := context.WithTimeout(s.ctx, limits.KeepAlive)
		defer cancel()
		if s.conn.Ping(ctx) != nil {
			s.end(websocket.StatusAbnormalClosure, "")
			return
		}
		s.timer.Reset(limits.KeepAlive)
	}
}

// leave ends the socket of a gateway that stops. Subscriptions end at once, without a complete: clients go on with
// them elsewhere. Queries and mutations may still be answered.
func (s *socket) leave() {
	s.mu.Lock()
	s.leaving = true
	for _, op := range s.operations {
		if op.lasts {
			op.cancel()
		}
	}
	idle := s.running == 0
	s.mu.Unlock()
	if idle {
		s.end(websocket.StatusServiceRestart, restarting)
	}
}

const restarting = "The gateway stops. Connect again."

// end closes the socket, the first time that it is called, and returns when it is closed. By then nothing more is
// sent, and what runs has been told to stop.
func (s *socket) end(code websocket.StatusCode, reason string) {
	s.ending.Do(func() {
		s.cancel()
		s.timer.Stop()
		s.forget()
		if code == websocket.StatusAbnormalClosure {
			s.wire.Close()
			_ = s.conn.CloseNow()
		} else {
			late := time.AfterFunc(s.Sockets.Close, func() { s.wire.Close() })
			_ = s.conn.Close(code, reason) // fails when the client is gone
			late.Stop()
		}
		s.closed(int(code))
	})
}
