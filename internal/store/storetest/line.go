package storetest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Line is a way to a database that can be cut and mended: while it is cut, connections
// are refused, and those that there were are closed.
type Line struct {
	t        testing.TB
	url, to  string
	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
}

// NewLine lays a line to the database at a URL. It is cut when the test ends.
func NewLine(t testing.TB, address string) *Line {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{t: t, to: at.Host, open: map[net.Conn]bool{}}
	l.listen("127.0.0.1:0")
	at.Host = l.listener.Addr().String()
	l.url = at.String()
	t.Cleanup(l.Cut)
	return l
}

// URL is that of the database at the end of the line.
func (l *Line) URL() string { return l.url }

// Mend lets connections through again.
func (l *Line) Mend() { l.listen(l.listener.Addr().String()) }

// Cut closes all connections and lets no more through.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener.Close()
	for conn := range l.open {
		conn.Close()
	}
	clear(l.open)
}

func (l *Line) listen(address string) {
	l.t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.listener = listener
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return // it is cut
			}
			go l.connect(near)
		}
	}()
}

// connect carries what is said on a connection, until either end has had enough.
func (l *Line) connect(near net.Conn) {
	far, err := net.Dial("tcp", l.to)
	if err != nil {
		near.Close()
		return
	}
	l.mu.Lock()
	l.open[near], l.open[far] = true, true
	l.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
	near.Close()
	far.Close()
	<-done
	l.mu.Lock()
	delete(l.open, near)
	delete(l.open, far)
	l.mu.Unlock()
}
