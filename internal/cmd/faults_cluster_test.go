//go:build faults

package cmd

import (
	"context"
	"net"
	"slices"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
)

// clustered is a Redis Cluster of three masters and replicas of the one that has our keys.
type clustered struct {
	t       *testing.T
	nodes   []*realRedis // the master with our keys, two others, and the replicas, of which the first takes its place
	clients []*redis.Client
	ids     []string
	slot    int // of our keys
}

func cluster(t *testing.T, replicas int) *clustered {
	t.Helper()
	c := &clustered{t: t}
	ctx := t.Context()
	for i := range 3 + replicas {
		settings := []string{"--cluster-enabled", "yes", "--cluster-node-timeout", "500", "--cluster-replica-validity-factor", "0", "--cluster-allow-replica-migration", "no"}
		if i > 3 {
			settings = append(settings, "--cluster-replica-no-failover", "yes")
		}
		r := oneOfMany(t, settings...)
		client := redis.NewClient(&redis.Options{Addr: r.address, MaxRetries: -1})
		t.Cleanup(func() { client.Close() })
		id, err := client.Do(ctx, "CLUSTER", "MYID").Text()
		if err != nil {
			t.Fatal(err)
		}
		c.nodes, c.clients, c.ids = append(c.nodes, r), append(c.clients, client), append(c.ids, id)
	}
	slot, err := c.clients[0].ClusterKeySlot(ctx, "{fieldgate}:").Result()
	if err != nil {
		t.Fatal(err)
	}
	c.slot = int(slot)
	for i, slots := range [][2]int{{c.slot - 1, c.slot}, {0, c.slot - 2}, {c.slot + 1, 16383}} {
		if err := c.clients[i].ClusterAddSlotsRange(ctx, slots[0], slots[1]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range c.nodes[1:] {
		host, port, _ := net.SplitHostPort(other.address)
		if err := c.clients[0].ClusterMeet(ctx, host, port).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, replica := range c.clients[3:] {
		eventually(t, "the replica follows its master", func() bool { return replica.ClusterReplicate(ctx, c.ids[0]).Err() == nil })
	}
	eventually(t, "all nodes agree", func() bool { return c.ownedBy(0) && caughtUp(c.nodes[0], replicas) })
	return c
}

func (c *clustered) url() string {
	return "redis+cluster://" + c.nodes[1].address + "?addr=" + c.nodes[2].address
}

// ownedBy says whether all nodes but the first, which may be dead, say that our keys are this node's and that all is well.
func (c *clustered) ownedBy(owner int) bool {
	for _, client := range c.clients[1:] {
		//lint:ignore SA1019 it lists the slots with their master first, which the shards leave to be put together
		all, err := client.ClusterSlots(context.Background()).Result()
		i := slices.IndexFunc(all, func(s redis.ClusterSlot) bool { return s.Start <= c.slot && c.slot <= s.End })
		if err != nil || i < 0 || all[i].Nodes[0].ID != c.ids[owner] {
			return false
		}
		if info, err := client.ClusterInfo(context.Background()).Result(); err != nil || info[:len("cluster_state:ok")] != "cluster_state:ok" {
			return false
		}
	}
	return true
}

// move moves our keys from the first node to another, as resharding does.
func (c *clustered) move(to int) {
	c.t.Helper()
	ctx := context.Background()
	do := func(node int, args ...any) {
		c.t.Helper()
		if err := c.clients[node].Do(ctx, args...).Err(); err != nil {
			c.t.Fatalf("%v: %v", args, err)
		}
	}
	do(to, "CLUSTER", "SETSLOT", c.slot, "IMPORTING", c.ids[0])
	do(0, "CLUSTER", "SETSLOT", c.slot, "MIGRATING", c.ids[to])
	host, port, _ := net.SplitHostPort(c.nodes[to].address)
	for {
		keys, err := c.clients[0].ClusterGetKeysInSlot(ctx, c.slot, 100).Result()
		if err != nil {
			c.t.Fatal(err)
		}
		if len(keys) == 0 {
			break
		}
		for _, key := range keys {
			do(0, "MIGRATE", host, port, key, 0, 5000)
		}
	}
	for _, node := range []int{to, 0, 3 - to} {
		do(node, "CLUSTER", "SETSLOT", strconv.Itoa(c.slot), "NODE", c.ids[to])
	}
}

// TestFaultsOfCluster: the master that has our keys is killed, or gives them to another.
func TestFaultsOfCluster(t *testing.T) {
	for _, fault := range []struct {
		name     string
		end      func(c *clustered)
		owner    int
		away     bool
		replicas int
		args     []string
	}{
		{"killed", func(c *clustered) { c.nodes[0].kill() }, 3, true, 1, nil},
		{"killed, and one must confirm", func(c *clustered) { c.nodes[0].kill() }, 3, true, 2, []string{"--redis-replicas=1"}},
		{"resharded", func(c *clustered) { c.move(1) }, 1, false, 1, nil},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			c := cluster(t, fault.replicas)
			survives(t, replacement{
				url: c.url(), ready: func() bool { return caughtUp(c.nodes[0], fault.replicas) }, end: func() { fault.end(c) },
				heir: c.nodes[fault.owner], over: func() bool { return c.ownedBy(fault.owner) }, after: func() {}, away: fault.away, args: fault.args,
			})
		})
	}
}
