package memory

import (
	"math"
	"runtime/debug"
	"testing"
	"testing/fstest"
)

func TestLimitOf(t *testing.T) {
	for _, row := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"none", nil, 0},
		{"v2", map[string]string{"memory.max": "1000000\n"}, 900_000},
		{"v2 without a limit", map[string]string{"memory.max": "max\n"}, 0},
		{"v1", map[string]string{"memory/memory.limit_in_bytes": "536870912\n"}, 483183819},
		{"v1 without a limit", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		{"no number", map[string]string{"memory.max": ""}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			group := fstest.MapFS{}
			for name, text := range row.files {
				group[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := limitOf(group); got/10*10 != row.want/10*10 {
				t.Errorf("%d, want %d", got, row.want)
			}
		})
	}
}

// TestTune: what the environment says holds, as Go has read it at the start.
func TestTune(t *testing.T) {
	was, limit := debug.SetGCPercent(77), debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetGCPercent(was); debug.SetMemoryLimit(limit) })
	debug.SetMemoryLimit(math.MaxInt64)
	for _, row := range []struct {
		name, gogc, limit string
		want              int
	}{
		{"nothing is said", "", "", percent},
		{"something is said", "77", "1GiB", 77},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv("GOGC", row.gogc)
			t.Setenv("GOMEMLIMIT", row.limit)
			debug.SetGCPercent(77)
			Tune()
			if got := debug.SetGCPercent(77); got != row.want {
				t.Errorf("GOGC is %d, want %d", got, row.want)
			}
			if row.limit != "" && debug.SetMemoryLimit(-1) != math.MaxInt64 {
				t.Error("the limit has changed")
			}
		})
	}
}
