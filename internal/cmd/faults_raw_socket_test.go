//go:build faults

package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// rawSocket is a WebSocket of a client that takes next to nothing itself, so that one process can have ten thousand.
type rawSocket struct {
	conn net.Conn
	in   *bufio.Reader
}

// rawSocket opens one that has begun, for a guest or with a token. receive is how many bytes the machine takes for it that are not read
// yet; 0 for as many as it likes.
func (g *tried) rawSocket(token string, receive int) (*rawSocket, error) {
	conn, err := net.DialTimeout("tcp", g.host(), patience)
	if err != nil {
		return nil, err
	}
	if receive > 0 {
		_ = conn.(*net.TCPConn).SetReadBuffer(receive)
	}
	_ = conn.SetDeadline(time.Now().Add(2 * patience))
	fmt.Fprintf(conn, "GET /graphql HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n", g.host())
	s := &rawSocket{conn, bufio.NewReaderSize(conn, 256)}
	resp, err := http.ReadResponse(s.in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		conn.Close()
		return nil, fmt.Errorf("no socket: %w, %+v", err, resp)
	}
	init := `{"type":"connection_init"}`
	if token != "" {
		init = `{"type":"connection_init","payload":{"Authorization":"Bearer ` + token + `"}}`
	}
	s.write(1, init)
	if _, text, err := s.read(); err != nil || text != `{"type":"connection_ack"}` {
		conn.Close()
		return nil, fmt.Errorf("not acknowledged: %q, %w", text, err)
	}
	return s, conn.SetDeadline(time.Time{})
}

// write sends a frame (RFC 6455, section 5.2), masked with zeros.
func (s *rawSocket) write(opcode byte, payload string) {
	head := []byte{0x80 | opcode, 0x80 | byte(len(payload))}
	if len(payload) > 125 {
		head = []byte{0x80 | opcode, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload))}
	}
	_, _ = s.conn.Write(append(append(head, 0, 0, 0, 0), payload...)) // that it failed is read
}

// read is the next frame.
func (s *rawSocket) read() (opcode byte, payload string, err error) {
	var head [4]byte
	if _, err := io.ReadFull(s.in, head[:2]); err != nil {
		return 0, "", err
	}
	size := int(head[1])
	if size == 126 {
		if _, err := io.ReadFull(s.in, head[2:4]); err != nil {
			return 0, "", err
		}
		size = int(head[2])<<8 | int(head[3])
	}
	if size == 127 {
		return 0, "", errors.New("a frame that is too long")
	}
	text := make([]byte, size)
	_, err = io.ReadFull(s.in, text)
	return head[0] & 0xf, string(text), err
}

// keep answers pings until the socket is closed.
func (s *rawSocket) keep() {
	for {
		opcode, payload, err := s.read()
		if err != nil || opcode == 8 {
			s.conn.Close()
			return
		}
		if opcode == 9 {
			s.write(10, payload)
		}
	}
}
