package bench

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// module is how the names of this project's functions begin.
const module = "github.com/fieldgate/fieldgate/"

// site is where something is allocated: the function that does and, where that is another's, ours that called it.
type site struct{ by, of string }

// Sites calls run n times, and logs where it allocates: per call, how often and how many bytes, for each place, the most
// first. Every allocation is seen, those of other goroutines and of what keeps measuring too; what is allocated less often
// than once in ten calls is summed up. It is for a benchmark that is run once, as it is slow.
func Sites(b *testing.B, n int, run func()) {
	b.Helper()
	rate := runtime.MemProfileRate
	runtime.MemProfileRate = 1
	defer func() { runtime.MemProfileRate = rate }()
	run() // what is made once
	before := records()
	for range n {
		run()
	}
	type count struct{ objects, bytes int64 }
	counts, rest, total := map[site]count{}, count{}, count{}
	for stack, now := range records() {
		then := before[stack]
		objects, bytes := now.AllocObjects-then.AllocObjects, now.AllocBytes-then.AllocBytes
		s := siteOf(now.Stack())
		if objects == 0 || s.by == "" {
			continue
		}
		counts[s] = count{counts[s].objects + objects, counts[s].bytes + bytes}
		total = count{total.objects + objects, total.bytes + bytes}
	}
	per := func(v int64) float64 { return float64(v) / float64(n) }
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %.1f allocations, %.0f bytes\n", b.Name(), per(total.objects), per(total.bytes))
	for _, s := range slices.SortedFunc(maps.Keys(counts), func(x, y site) int {
		return cmp.Or(cmp.Compare(counts[y].objects, counts[x].objects), cmp.Compare(x.by+x.of, y.by+y.of))
	}) {
		c := counts[s]
		if per(c.objects) < 0.1 {
			rest = count{rest.objects + c.objects, rest.bytes + c.bytes}
			continue
		}
		of := ""
		if s.of != "" {
			of = "`" + s.of + "`"
		}
		fmt.Fprintf(&text, "| %.1f | %.0f | `%s` | %s |\n", per(c.objects), per(c.bytes), s.by, of)
	}
	fmt.Fprintf(&text, "| %.1f | %.0f | what is rarer | |", per(rest.objects), per(rest.bytes))
	b.Log(text.String())
}

// records are what has been allocated so far, by stack.
func records() map[[32]uintptr]runtime.MemProfileRecord {
	runtime.GC() // what was allocated shows after the second
	runtime.GC()
	list := make([]runtime.MemProfileRecord, 1024)
	for {
		n, ok := runtime.MemProfile(list, true)
		if ok {
			list = list[:n]
			break
		}
		list = make([]runtime.MemProfileRecord, n+n/2)
	}
	by := map[[32]uintptr]runtime.MemProfileRecord{}
	for _, r := range list {
		// One stack has several records where sizes differ.
		sum := by[r.Stack0]
		sum.Stack0, sum.AllocObjects, sum.AllocBytes = r.Stack0, sum.AllocObjects+r.AllocObjects, sum.AllocBytes+r.AllocBytes
		by[r.Stack0] = sum
	}
	return by
}

// siteOf names a stack by its innermost function and the innermost of this project's; the zero site is this package.
func siteOf(stack []uintptr) (s site) {
	frames := runtime.CallersFrames(stack)
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		name, ours := strings.CutPrefix(f.Function, module)
		if strings.HasPrefix(name, "bench.") && ours {
			return site{}
		}
		if s.by == "" && !strings.HasPrefix(f.Function, "runtime.") {
			s.by = name
			if ours {
				s.by = fmt.Sprintf("%s:%d", name, f.Line)
			}
		}
		if ours {
			if s.of = fmt.Sprintf("%s:%d", name, f.Line); s.of == s.by {
				s.of = ""
			}
			return s
		}
	}
	return s
}
