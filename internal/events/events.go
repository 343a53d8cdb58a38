// Package events carries from one gateway to all others what is logged in an account.
// It goes through Redis, by Pub/Sub, also when the only Redis is the one in this process.
//
// An event is a kind and an SID and nothing else: no personal data travels, and who
// follows an account's logs reads of each what they may, as anywhere. There is one channel
// for each account:
//
//	{fieldgate}:logs:<account>    CALL CA…, MESSAGE SM… or ALERT NO…
//
// Nothing is lost without a word. A stream whose reader is too slow ends, and so do all
// when Redis stops answering: Pub/Sub keeps nothing for those who are not there.
package events

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
	"github.com/redis/go-redis/v9"
)

const (
	// channelPrefix has the hash tag of all keys of ours.
	channelPrefix = "{fieldgate}:logs:"
	// callLimit bounds each call to Redis.
	callLimit = 800 * time.Millisecond
	// silence is after how long without a word Redis is asked whether it is still there.
	// It has as long again to answer.
	silence = time.Second
)

var (
	_ upstream.LogEvents    = (*Bus)(nil)
	_ upstream.LogPublisher = (*Bus)(nil)
)

// Bus publishes events and has them followed. It may be shared.
type Bus struct {
	client redis.UniversalClient
	log    *slog.Logger

	mu    sync.Mutex
	feeds map[string]*feed // by account
}

// NewBus makes a bus on a client, which stays the caller's to close. It does nothing
// until it is used.
func NewBus(client redis.UniversalClient, log *slog.Logger) *Bus {
	return &Bus{client: client, log: log, feeds: map[string]*feed{}}
}

// PublishLog tells all who follow the account's logs. SERVICE_UNAVAILABLE says that this
// may not have reached them.
func (b *Bus) PublishLog(ctx context.Context, account string, e upstream.LogEvent) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return unavailable(b.client.Publish(ctx, channelPrefix+account, encode(e)).Err())
}

// FollowLogs begins a stream of what is logged in the account from now on. All streams of
// one account share one subscription to Redis. SERVICE_UNAVAILABLE says that Redis does
// not answer.
func (b *Bus) FollowLogs(ctx context.Context, account string) (upstream.LogStream, error) {
	f := b.join(account)
	select {
	case <-f.ready:
	case <-ctx.Done():
		b.leave(f)
		return nil, ctx.Err()
	}
	s, err := f.add(func() { b.leave(f) })
	if err != nil {
		b.leave(f)
		return nil, err
	}
	return s, nil
}

// Followed tells whether someone follows the account's logs by way of this gateway.
func (b *Bus) Followed(account string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.feeds[account] != nil
}

// join takes part in the feed of an account, which begins with the first who does.
func (b *Bus) join(account string) *feed {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.feeds[account]
	if f == nil {
		ctx, stop := context.WithCancel(context.Background())
		f = &feed{account: account, stop: stop, ready: make(chan struct{}), streams: map[*stream]bool{}}
		b.feeds[account] = f
		go func() {
			err := f.run(ctx, b.client.Subscribe(ctx), func() { b.forget(f) })
			if ctx.Err() == nil {
				b.log.Warn("the logs of an account cannot be followed", "error", err)
			}
		}()
	}
	f.joined++
	return f
}

// leave is the end of join. With the last who leaves the feed ends.
func (b *Bus) leave(f *feed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f.joined--
	if f.joined == 0 {
		f.stop()
		if b.feeds[f.account] == f {
			delete(b.feeds, f.account)
		}
	}
}

// forget has the next who comes begin another feed.
func (b *Bus) forget(f *feed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.feeds[f.account] == f {
		delete(b.feeds, f.account)
	}
}

func encode(e upstream.LogEvent) string { return string(e.Kind) + " " + e.Sid }

// decode reads what encode wrote. Of what another version may have written, nothing is known.
func decode(text string) (e upstream.LogEvent, ok bool) {
	kind, sid, ok := strings.Cut(text, " ")
	e = upstream.LogEvent{Kind: model.ProductLogKind(kind), Sid: sid}
	return e, ok && e.Kind.IsValid() && sid != ""
}

// unavailable is what a client is told of a Redis that does not answer.
func unavailable(cause error) error {
	if cause == nil {
		return nil
	}
	return &problem.Error{
		Code: problem.Unavailable, Message: "Events cannot be followed right now. Try again in a moment.",
		Cause: fmt.Errorf("events: %w", cause),
	}
}
