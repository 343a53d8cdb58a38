package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Durability is what a Redis says of how it keeps what it was told.
type Durability struct {
	// Logged says that it writes each change to an append-only file (appendonly yes). With snapshots alone, a crash
	// brings back sessions that had ended since the last one.
	Logged bool
	// Evicts says that it throws keys away when its memory is full (a maxmemory-policy other than noeviction), among
	// them what it remembers of used refresh tokens and of roles that are being changed.
	Evicts bool
	// Replicated says that it has replicas, which may take its place and lack what they were not asked to confirm (see
	// Options.Replicas).
	Replicated bool
}

// Durability asks the Redis how it keeps its data; of a cluster, each master, and the worst answer counts. It asks by
// INFO, which more servers allow than CONFIG. An error says that the Redis does not tell, as some hosted ones do not.
func (s *Store) Durability(ctx context.Context) (Durability, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return durabilityOf(ctx, s.client)
	}
	var mu sync.Mutex
	masters, worst := 0, Durability{Logged: true}
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
		told, err := durabilityOf(ctx, master)
		mu.Lock()
		defer mu.Unlock()
		masters++
		worst.Logged = worst.Logged && told.Logged
		worst.Evicts = worst.Evicts || told.Evicts
		worst.Replicated = worst.Replicated || told.Replicated
		return err
	})
	if err == nil && masters == 0 {
		err = errors.New("the cluster has no master")
	}
	if err != nil {
		return Durability{}, unavailable(err)
	}
	return worst, nil
}

func durabilityOf(ctx context.Context, client redis.UniversalClient) (Durability, error) {
	logged, err := info(ctx, client, "persistence", "aof_enabled")
	if err != nil {
		return Durability{}, err
	}
	policy, err := info(ctx, client, "memory", "maxmemory_policy")
	if err != nil {
		return Durability{}, err
	}
	replicas, err := info(ctx, client, "replication", "connected_slaves")
	if err != nil {
		return Durability{}, err
	}
	return Durability{Logged: logged == "1", Evicts: policy != "noeviction", Replicated: replicas != "0"}, nil
}

// info reads one fact from one section of INFO.
func info(ctx context.Context, client redis.UniversalClient, section, name string) (string, error) {
	text, err := client.Info(ctx, section).Result()
	if err != nil {
		return "", unavailable(err)
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("%w: it does not tell its %s", ErrUnavailable, name)
}
