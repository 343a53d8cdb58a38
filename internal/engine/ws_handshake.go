package engine

import (
	"bufio"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// subprotocol is GraphQL over WebSocket (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).
const subprotocol = "graphql-transport-ws"

// upgrades says whether a request asks for a WebSocket (RFC 6455, section 4.1).
func upgrades(r *http.Request) bool {
	return r.Method == http.MethodGet && hasToken(r.Header, "Upgrade", "websocket")
}

// hasToken says whether a list in a header has a word, in any case (RFC 9110, section 5.6.1).
func hasToken(h http.Header, name, token string) bool {
	return slices.ContainsFunc(tokens(h, name), func(t string) bool { return strings.EqualFold(t, token) })
}

func tokens(h http.Header, name string) []string {
	list := strings.Split(strings.Join(h.Values(name), ","), ",")
	for i, t := range list {
		list[i] = strings.TrimSpace(t)
	}
	return list
}

// openSocket makes a WebSocket of a request that asks for one. It goes on when openSocket has returned, so that the
// request ends and what the server kept for it is free.
func (t transport) openSocket(w http.ResponseWriter, r *http.Request) {
	if _, can := innermost(w).(http.Hijacker); !can { // HTTP/2, which the gateway does not speak
		problem.Write(w, http.StatusNotImplemented, problem.BadRequest, "This connection cannot become a WebSocket.")
		return
	}
	if err := t.checkHandshake(w.Header(), r); err != nil {
		code := problem.BadRequest
		if err.status == http.StatusForbidden {
			code = problem.Forbidden
		}
		problem.Write(w, err.status, code, err.Error())
		return
	}
	s := &socket{transport: t, agent: http.Header{}, address: addressOf(r.RemoteAddr), operations: map[string]*operation{}}
	if agent := r.UserAgent(); agent != "" {
		s.agent.Set("User-Agent", agent)
	}
	if !s.take() {
		t.exceeds(r.Context(), problem.Unavailable, limitSockets)
		problem.Refuse(w, http.StatusServiceUnavailable, &problem.Error{
			Code: problem.Unavailable, Message: "There are too many WebSockets right now. Try again in a moment.", RetryAfter: time.Second,
		})
		return
	}
	keeper := &hijacker{ResponseWriter: w}
	conn, err := websocket.Accept(keeper, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		InsecureSkipVerify: true, // the origin is checked above, without repeating it
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		t.Log.Debug("a WebSocket was not opened", "error", err)
		s.give()
		return
	}
	s.conn, s.wire = conn, keeper.conn
	s.start(r.Context())
}

// checkHandshake says what is wrong with a request for a WebSocket (RFC 6455, section 4.2.1). Whoever opens one from
// a page of another site is refused, also for what a guest may do: a browser lets any page open one.
func (t transport) checkHandshake(answer http.Header, r *http.Request) *refusedRequest {
	bad := func(status int, message string) *refusedRequest {
		return &refusedRequest{status, problem.New(problem.BadRequest, message)}
	}
	key := r.Header.Values("Sec-WebSocket-Key")
	switch {
	case !hasToken(r.Header, "Connection", "Upgrade") || !r.ProtoAtLeast(1, 1) || r.ContentLength != 0:
		return bad(http.StatusBadRequest, "The request is no handshake of a WebSocket.")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		answer.Set("Sec-WebSocket-Version", "13")
		return bad(http.StatusUpgradeRequired, "The version of WebSockets is 13.")
	case len(key) != 1 || !isNonce(key[0]):
		return bad(http.StatusBadRequest, "The Sec-WebSocket-Key of a handshake is 16 bytes in Base64, once.")
	case !t.allowsOrigin(r):
		return bad(http.StatusForbidden, "WebSockets are not for pages of this origin. Whoever runs the gateway can allow it.")
	case !slices.Contains(tokens(r.Header, "Sec-WebSocket-Protocol"), subprotocol):
		return bad(http.StatusBadRequest, "The subprotocol of a WebSocket is "+subprotocol+".")
	}
	return nil
}

// isNonce says whether a text is one of 16 bytes.
func isNonce(text string) bool {
	nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	return err == nil && len(nonce) == 16
}

// allowsOrigin says whether a request is of the gateway's own pages, of an origin that was allowed, or of no page
// (RFC 6455, section 10.2). The scheme is left aside for its own: TLS may end before the gateway.
func (t transport) allowsOrigin(r *http.Request) bool {
	switch origin := r.Header.Values("Origin"); len(origin) {
	case 0:
		return true
	case 1:
		if slices.Contains(t.Origins, origin[0]) {
			return true
		}
		u, err := url.Parse(origin[0])
		return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
	}
	return false
}

// addressOf is what an address counts as: of IPv6, whoever has one has all of its last 64 bits.
func addressOf(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	addr := ap.Addr().Unmap().WithZone("")
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}

// hijacker keeps the connection that is taken over, to be able to end it at once.
type hijacker struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn = conn
	return conn, rw, err
}
