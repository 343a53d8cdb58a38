//go:build faults

package cmd

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// mode is what a middle does with what a server says.
type mode int32

const (
	pass     mode = iota
	swallow       // nothing comes back
	reset         // connections are reset, new ones too
	late          // everything comes five seconds late
	distant       // everything comes 100 ms late
	garbage       // something else comes back
	loading       // the server says that it is loading
	truncate      // the first byte of each answer comes, and then the end
	huge          // an answer is announced that would fill the memory
)

// middle stands between the gateway and a server.
type middle struct {
	t        *testing.T
	to       string
	listener net.Listener
	mode     atomic.Int32
	// atCommit is called once, when a client of Postgres commits a transaction, and says whether to go on as if nothing were.
	// finish commits it; either way, the client is told nothing and loses its connection when it is false.
	atCommit atomic.Pointer[func(finish func()) bool]

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// between puts one in front of a server. It ends with the test.
func between(t *testing.T, to string) *middle {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &middle{t: t, to: to, listener: listener, conns: map[net.Conn]bool{}}
	t.Cleanup(func() {
		listener.Close()
		m.drop()
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go m.serve(conn)
		}
	}()
	return m
}

func (m *middle) url() string { return "redis://" + m.listener.Addr().String() + "/0" }

// be changes what it does, also with what is connected.
func (m *middle) be(what mode) {
	m.mode.Store(int32(what))
	if what == reset || what == pass {
		m.drop()
	}
}

// drop resets every connection.
func (m *middle) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for conn := range m.conns {
		if tcp, is := conn.(*net.TCPConn); is {
			_ = tcp.SetLinger(0)
		}
		conn.Close()
	}
	clear(m.conns)
}

func (m *middle) serve(client net.Conn) {
	server, err := net.Dial("tcp", m.to)
	if err != nil {
		client.Close()
		return
	}
	m.mu.Lock()
	m.conns[client], m.conns[server] = true, true
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		delete(m.conns, client)
		delete(m.conns, server)
		m.mu.Unlock()
		client.Close()
		server.Close()
	}()
	if mode(m.mode.Load()) == reset {
		_ = client.(*net.TCPConn).SetLinger(0)
		return
	}
	finished := make(chan struct{}, 1) // has room for the answer to a commit that the client does not get
	var cut atomic.Bool
	go func() {
		defer server.Close()
		asked := make([]byte, 64<<10)
		for {
			n, err := client.Read(asked)
			if bytes.Contains(bytes.ToLower(asked[:n]), []byte("commit\x00")) {
				if at := m.atCommit.Swap(nil); at != nil && !(*at)(func() {
					cut.Store(true)
					_, _ = server.Write(asked[:n])
					<-finished
				}) {
					return
				}
			}
			if _, failed := server.Write(asked[:n]); failed != nil || err != nil {
				return
			}
		}
	}()
	said := make([]byte, 64<<10)
	for {
		n, err := server.Read(said)
		if cut.Load() {
			finished <- struct{}{}
			return
		}
		if n > 0 && !m.answer(client, said[:n]) || err != nil {
			return
		}
	}
}

// answer passes on what the server said, in the way of the day. It is false when the connection ends.
func (m *middle) answer(client net.Conn, said []byte) bool {
	switch mode(m.mode.Load()) {
	case swallow:
		return true
	case late:
		time.Sleep(5 * time.Second)
	case distant:
		time.Sleep(100 * time.Millisecond)
	case garbage:
		said = []byte("HTTP/1.1 200 OK\r\n\r\n$-17\r\n*9999999\r\n")
	case loading:
		said = []byte("-LOADING Redis is loading the dataset in memory\r\n")
	case truncate:
		_, _ = client.Write(said[:1])
		return false
	case huge:
		said = []byte("*2\r\n$2\r\nok\r\n$67108864\r\nx")
	}
	_, err := client.Write(said)
	return err == nil
}
