package session

import (
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// ioLimit bounds each dial, read and write. With the limit on a whole call it keeps the worst answer of a frozen Redis
// under a second.
const ioLimit = 400 * time.Millisecond

// clusterReload is how often a cluster is asked which node has what: one that is dead does not tell who took its place.
const clusterReload = time.Second

// errURL hides the parser's own error, which would quote the URL and so its password.
var errURL = errors.New("session: the Redis URL cannot be used: want redis://, rediss://, unix://, " +
	"redis+sentinel://…?master_name=…, redis+cluster:// and only options that go-redis knows")

// NewClient makes a client for a Redis URL; it does not connect yet. Schemes are redis and rediss (TLS) for one server,
// unix for a socket, and redis+sentinel, redis+cluster, rediss+sentinel and rediss+cluster, whose further addresses are
// given as addr=host:port options. Other options are go-redis's own, but for these, which are fixed: timeouts are at
// most 400 ms, contexts are obeyed, reads go to masters only, and nothing is tried twice. A command whose answer was
// lost may have been executed, and a refresh token that is sent again by the client library would end its session.
func NewClient(url string) (redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(url, "://")
	base, mode, _ := strings.Cut(scheme, "+")
	switch mode {
	case "":
		return newSingle(url)
	case "sentinel":
		return newSentinel(base + "://" + rest)
	case "cluster":
		return newCluster(base + "://" + rest)
	}
	return nil, errURL
}

func newSingle(url string) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errURL
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = ioLimit, ioLimit, ioLimit, ioLimit
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = -1, 1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = noNotifications()
	return redis.NewClient(o), nil
}

func newSentinel(url string) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(url)
	if err != nil || o.MasterName == "" {
		return nil, errURL
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = ioLimit, ioLimit, ioLimit, ioLimit
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = -1, 1
	o.DisableIdentity = true
	// A replica may not know yet that a session has ended.
	o.ReplicaOnly, o.UseDisconnectedReplicas, o.RouteByLatency, o.RouteRandomly = false, false, false, false
	return redis.NewFailoverClient(o), nil
}

func newCluster(url string) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(url)
	if err != nil {
		return nil, errURL
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = ioLimit, ioLimit, ioLimit, ioLimit
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = -1, 1
	o.DisableIdentity = true
	// Following a redirection is what the library takes for a reason to try anything again. Where it leads is known to the next call.
	o.MaxRedirects = -1
	o.ClusterStateReloadInterval = clusterReload
	o.ReadOnly, o.RouteByLatency, o.RouteRandomly = false, false, false
	o.MaintNotificationsConfig = noNotifications()
	return redis.NewClusterClient(o), nil
}

// noNotifications turns off announcements of maintenance, which only some hosted servers send and which cost each new
// connection a round trip.
func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
