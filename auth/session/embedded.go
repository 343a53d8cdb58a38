package session

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Embedded starts a Redis inside this process, for one gateway without a Redis of its own, and returns a client of it.
// It listens on a free port of the loopback address and wants a random password that only this client has. Sessions end
// with the process. stop closes the client and the server, and returns when both are closed;
// it may be called twice.
func Embedded() (client redis.UniversalClient, stop func(), err error) {
	server := miniredis.NewMiniRedis()
	password := rand.Text()
	server.RequireAuth(password) // before it listens, so that there is no moment without
	if err := server.Start(); err != nil {
		return nil, nil, fmt.Errorf("session: embedded Redis: %w", err)
	}
	address := url.URL{Scheme: "redis", User: url.UserPassword("", password), Host: server.Addr()}
	if client, err = NewClient(address.String()); err != nil {
		server.Close()
		return nil, nil, err
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go drive(server, quit, done)
	return client, sync.OnceFunc(func() {
		close(quit)
		<-done
		client.Close()
		server.Close()
	}), nil
}

// drive lets keys expire, which this server does not do by itself. Once a second is enough: what is over is decided by
// the store's own clock, and expiry only clears away.
func drive(server *miniredis.Miniredis, quit <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-quit:
			return
		case now := <-ticker.C:
			server.FastForward(now.Sub(last))
			last = now
		}
	}
}
