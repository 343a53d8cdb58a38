// Package memory sets how much memory the program takes to work with.
package memory

import (
	"io/fs"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// percent is how much garbage may lie about, as a share of what is alive, before it is collected (GOGC). What a request makes dies
// with it, and little is alive between requests: docs/performance.md has what it costs and saves.
const percent = 400

// Tune sets Go's garbage collector for a server, but for what GOGC and GOMEMLIMIT say in the environment: more garbage may lie
// about than by Go's own setting, and less as it comes near to what the container may have.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if limit := limitOf(os.DirFS("/sys/fs/cgroup")); limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}

// limitOf is nine tenths of what a control group may have, in bytes, or 0 when there is no limit: the rest is for what Go
// does not count. The files are those of cgroup v2 (memory.max) or v1.
func limitOf(group fs.FS) int64 {
	for _, name := range []string{"memory.max", "memory/memory.limit_in_bytes"} {
		text, err := fs.ReadFile(group, name)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n < math.MaxInt64/2 { // v1 has a huge number for none
			return n / 10 * 9
		}
	}
	return 0
}
