// Package apq keeps the documents that clients register as they go: Apollo's automatic persisted queries, in which a
// request names a document by its SHA-256 and sends the text only when the gateway does not know it.
//
// They are in Redis, where every gateway finds them, beside the sessions, and Redis must not evict those. So what is
// kept here is bounded in number and in bytes, and the one that was not used for longest makes room. What is lost is no
// loss: clients send it again. For the same reason no failure of Redis is an error here.
package apq

import (
	"context"
	"log/slog"
	"time"

	"github.com/fieldgate/fieldgate/internal/manifest"
	"github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
)

// prefix is the sessions' own, with its hash tag: Redis Cluster keeps all keys in one slot.
const prefix = "{fieldgate}:"

const (
	// callLimit bounds a call. A client waits for it that could as well send its text, so it is short.
	callLimit = 250 * time.Millisecond
	// nearby is how many documents are kept in this process too, nearbySize how long the longest of them is, and
	// nearbyFor how long: then Redis is asked again, and learns that the document is in use.
	nearby     = 1000
	nearbySize = 8 << 10
	nearbyFor  = time.Hour
)

// Options bounds what is kept. A zero field stands for its default.
type Options struct {
	Lifetime time.Duration // a document is kept for so long after its last use: 24 hours
	Count    int           // so many: 10,000
	Bytes    int           // so many bytes of text together: 16 MiB
	Longest  int           // the bytes of the longest that is kept: 32 KiB
}

// Store keeps documents. It may be shared.
type Store struct {
	client redis.UniversalClient
	now    func() time.Time
	log    *slog.Logger
	limits Options
	keys   []string // in the order of the scripts' KEYS
	wait   time.Duration
	nearby *lru.Cache[string, kept]
}

// kept is a document in this process.
type kept struct {
	text  string
	until time.Time
}

// New makes a store on a client, which stays the caller's to close. now is the clock, time.Now outside of tests.
func New(client redis.UniversalClient, now func() time.Time, log *slog.Logger, options Options) (*Store, error) {
	for _, limit := range []struct {
		given    *int
		standard int
	}{{&options.Count, 10_000}, {&options.Bytes, 16 << 20}, {&options.Longest, 32 << 10}} {
		if *limit.given == 0 {
			*limit.given = limit.standard
		}
	}
	if options.Lifetime == 0 {
		options.Lifetime = 24 * time.Hour
	}
	cache, err := lru.New[string, kept](nearby)
	return &Store{
		client: client, now: now, log: log, limits: options, keys: keysOf(prefix), wait: callLimit, nearby: cache,
	}, err
}

func keysOf(prefix string) []string {
	return []string{prefix + "apq:texts", prefix + "apq:used", prefix + "apq:bytes"}
}

// Load returns the text whose SHA-256 in hexadecimal is hash, and whether it is known.
func (s *Store) Load(ctx context.Context, hash string) (text string, known bool) {
	if k, ok := s.nearby.Get(hash); ok && s.now().Before(k.until) {
		return k.text, true
	}
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	text, err := loadScript.Run(ctx, s.client, s.keys, s.now().UnixMilli(), s.limits.Lifetime.Milliseconds(), hash).Text()
	if err != nil {
		s.failed("read", err)
		return "", false
	}
	if manifest.HashOf(text) != hash {
		s.log.Warn("Redis has another text for a persisted query than its hash says; it is not used")
		return "", false
	}
	s.keep(hash, text)
	return text, true
}

// Save keeps a text under its hash, unless it is too long. The caller has seen to it that the hash is the text's.
func (s *Store) Save(ctx context.Context, hash, text string) {
	if len(text) > s.limits.Longest {
		return
	}
	if k, ok := s.nearby.Get(hash); ok && s.now().Before(k.until) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	err := saveScript.Run(ctx, s.client, s.keys, s.now().UnixMilli(), s.limits.Lifetime.Milliseconds(), hash, text,
		s.limits.Count, s.limits.Bytes).Err()
	if err != nil {
		s.failed("kept", err)
		return
	}
	s.keep(hash, text)
}

func (s *Store) keep(hash, text string) {
	if len(text) <= nearbySize {
		s.nearby.Add(hash, kept{text, s.now().Add(nearbyFor)})
	}
}

// failed logs why Redis did not do it, quietly: of a Redis that is away, the sessions tell loudly enough.
func (s *Store) failed(what string, err error) {
	if err != redis.Nil {
		s.log.Debug("a persisted query was not "+what+": its client will send it again", "error", err)
	}
}
