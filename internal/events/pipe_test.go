package events_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// pipe stands between a client and a Redis, and can be closed or frozen.
type pipe struct {
	to, addr string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	flowing  chan struct{} // closed while bytes go through
	frozen   bool
}

func pipeTo(t *testing.T, to string) *pipe {
	t.Helper()
	p := &pipe{to: to, flowing: make(chan struct{})}
	close(p.flowing)
	p.listen(t, "127.0.0.1:0")
	p.addr = p.listener.Addr().String()
	t.Cleanup(func() {
		p.thaw(t)
		p.close()
	})
	return p
}

func (p *pipe) listen(t *testing.T, at string) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	p.listener = l
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", p.to)
			if err != nil {
				from.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, from, to)
			p.mu.Unlock()
			go p.carry(from, to)
			go p.carry(to, from)
		}
	}()
}

func (p *pipe) carry(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		flowing := p.flowing
		p.mu.Unlock()
		<-flowing
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				from.Close()
			}
			return
		}
	}
}

// freeze lets connections stand, and carries nothing.
func (p *pipe) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flowing, p.frozen = make(chan struct{}), true
}

// close closes all connections and takes no new ones.
func (p *pipe) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener.Close()
	p.listener = nil
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// thaw undoes freeze and close.
func (p *pipe) thaw(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen {
		close(p.flowing)
		p.frozen = false
	}
	if p.listener == nil {
		p.listen(t, p.addr)
	}
}
