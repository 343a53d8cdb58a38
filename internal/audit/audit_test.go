package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// trails keeps what is recorded, or fails.
type trails struct {
	mu     sync.Mutex
	fail   error
	events []audit.Event
}

func (t *trails) RecordEvents(_ context.Context, _ string, events ...audit.Event) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fail == nil {
		t.events = append(t.events, events...)
	}
	return t.fail
}

func (t *trails) set(fail error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail = fail
}

// take is what was recorded since.
func (t *trails) take() []audit.Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.events
	t.events = nil
	return taken
}

func denied(user, coordinate string) audit.Event {
	e := audit.Event{Account: "AC1", Count: 1}
	e.User, e.Coordinate = user, coordinate
	e.Ended(problem.Forbidden)
	return e
}

// record runs a test with a recorder that runs, in a time of its own. drops is how many events were dropped.
func record(t *testing.T, test func(t *testing.T, r *audit.Recorder, kept *trails, drops func() int, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		kept := new(trails)
		var mu sync.Mutex
		dropped := 0
		r := audit.NewRecorder(kept, nil, slog.New(slog.DiscardHandler), func(n int) {
			mu.Lock()
			defer mu.Unlock()
			dropped += n
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		stop := func() { cancel(); running.Wait() }
		defer stop()
		test(t, r, kept, func() int { mu.Lock(); defer mu.Unlock(); return dropped }, stop)
	})
}

func TestEqualDenialsAreOne(t *testing.T) {
	record(t, func(t *testing.T, r *audit.Recorder, kept *trails, drops func() int, _ func()) {
		for range 10 {
			r.Note(denied("US1", "Call.price"))
		}
		r.Note(denied("US2", "Call.price"))
		r.Note(denied("US1", "Call.from"))
		time.Sleep(time.Second)
		counts := map[string]int{}
		for _, e := range kept.take() {
			counts[e.User+" "+e.Coordinate] = e.Count
		}
		if want := map[string]int{"US1 Call.price": 10, "US2 Call.price": 1, "US1 Call.from": 1}; !reflect.DeepEqual(counts, want) || drops() > 0 {
			t.Errorf("%v, want %v; %d dropped", counts, want, drops())
		}
	})
}

// TestFullQueue: noting never waits, what is too much is counted, the account's trail says how much that was, and others'
// events have their place.
func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept, dropped := new(trails), 0
		r := audit.NewRecorder(kept, nil, slog.New(slog.DiscardHandler), func(n int) { dropped += n })
		const flood, most = 5000, 512
		for i := range flood { // nobody takes them up yet
			r.Note(denied("US1", fmt.Sprint("Call.field", i)))
			r.Note(denied("US1", "Call.field0")) // which costs nothing
		}
		other := denied("US2", "Call.price")
		other.Account = "AC2"
		r.Note(other)
		if dropped != flood-most {
			t.Fatalf("%d dropped", dropped)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r.Run(ctx) // what is left is written before it ends
		of := map[string]int{}
		for _, e := range kept.take() {
			of[fmt.Sprint(e.Account, " ", e.Coordinate, " ", e.Outcome)] += e.Count
		}
		if len(of) != most+2 || of["AC1 Call.field0 REFUSED"] != flood+1 || of["AC1  DROPPED"] != dropped || of["AC2 Call.price REFUSED"] != 1 {
			t.Errorf("%d events, %v", len(of), of)
		}
		r.Note(other) // nobody would write it
		if dropped != flood-most+1 || len(kept.take()) > 0 {
			t.Errorf("%d dropped after the end", dropped)
		}
	})
}

// TestDatabaseAway: what cannot be written waits, but not for ever, and is counted when it is given up.
func TestDatabaseAway(t *testing.T) {
	record(t, func(t *testing.T, r *audit.Recorder, kept *trails, drops func() int, _ func()) {
		kept.set(errors.New("away"))
		r.Note(denied("US1", "Call.price"))
		time.Sleep(10 * time.Second)
		kept.set(nil)
		time.Sleep(time.Second)
		if got := kept.take(); len(got) != 1 || got[0].Coordinate != "Call.price" || drops() > 0 {
			t.Errorf("%+v, %d dropped", got, drops())
		}
		kept.set(errors.New("away"))
		r.Note(denied("US1", "Call.price"))
		r.Note(denied("US1", "Call.price"))
		time.Sleep(2 * time.Minute)
		if drops() != 2 {
			t.Errorf("%d dropped, want 2", drops())
		}
		kept.set(nil) // nothing else is denied, and it is said all the same
		time.Sleep(time.Second)
		if got := kept.take(); len(got) != 1 || got[0].Outcome != audit.Dropped || got[0].Count != 2 {
			t.Errorf("%+v", got)
		}
	})
}

// TestBrokenTrail: the events of a trail that is not as it was written do not wait.
func TestBrokenTrail(t *testing.T) {
	record(t, func(t *testing.T, r *audit.Recorder, kept *trails, drops func() int, _ func()) {
		kept.set(audit.ErrBroken)
		r.Note(denied("US1", "Call.price"))
		time.Sleep(time.Second)
		if drops() != 1 {
			t.Errorf("%d dropped", drops())
		}
		kept.set(nil)
		time.Sleep(time.Second)
		if got := kept.take(); len(got) > 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestAround(t *testing.T) {
	away := problem.New(problem.Unavailable, "away")
	for _, row := range []struct {
		name     string
		trail    error // of the intent
		call     error
		outcomes []audit.Outcome
		called   bool
	}{
		{"done", nil, nil, []audit.Outcome{audit.Intended, audit.Done}, true},
		{"refused", nil, problem.New(problem.Forbidden, "no"), []audit.Outcome{audit.Intended, audit.Refused}, true},
		{"failed", nil, problem.Missing(), []audit.Outcome{audit.Intended, audit.Failed}, true},
		{"nobody answers", nil, away, []audit.Outcome{audit.Intended, audit.Unknown}, true},
		{"too late", nil, context.DeadlineExceeded, []audit.Outcome{audit.Intended, audit.Unknown}, true},
		{"an error of ours", nil, errors.New("?"), []audit.Outcome{audit.Intended, audit.Unknown}, true},
		{"no intent, no call", away, nil, nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			kept := &trails{fail: row.trail}
			r := audit.NewRecorder(kept, nil, slog.New(slog.DiscardHandler), func(int) {})
			called := false
			err := r.Around(t.Context(), audit.Event{Account: "AC1"}, func(context.Context, *audit.Event) error {
				called = true
				return row.call
			})
			var outcomes []audit.Outcome
			for _, e := range kept.take() {
				outcomes = append(outcomes, e.Outcome)
			}
			if !reflect.DeepEqual(outcomes, row.outcomes) || called != row.called || (err == nil) != (row.call == nil && row.trail == nil) {
				t.Errorf("%v, called %v, %v", outcomes, called, err)
			}
		})
	}
}

// TestIntendAnyway: what only takes access away is not kept from happening, and its intent is written later.
func TestIntendAnyway(t *testing.T) {
	record(t, func(t *testing.T, r *audit.Recorder, kept *trails, _ func() int, _ func()) {
		kept.set(errors.New("away"))
		r.IntendAnyway(t.Context(), audit.Event{Account: "AC1"})
		kept.set(nil)
		time.Sleep(time.Second)
		if got := kept.take(); len(got) != 1 || got[0].Outcome != audit.Intended {
			t.Errorf("%+v", got)
		}
	})
}

// stuck never answers.
type stuck struct{}

func (stuck) RecordEvents(ctx context.Context, _ string, _ ...audit.Event) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestIntendAnywayStuck: a trail that does not answer leaves whoever signs out the most of their time.
func TestIntendAnywayStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, begun := audit.NewRecorder(stuck{}, nil, slog.New(slog.DiscardHandler), func(int) {}), time.Now()
		r.IntendAnyway(t.Context(), audit.Event{Account: "AC1"})
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestSlowLines: who writes a line never waits for the stream, and the gap in the numbers shows what was dropped.
func TestSlowLines(t *testing.T) {
	reader, writer := io.Pipe()
	var mu sync.Mutex
	dropped := 0
	lines := audit.NewLines(writer, slog.New(slog.DiscardHandler), func(n int) { mu.Lock(); dropped += n; mu.Unlock() })
	const all = 6000
	for range all {
		lines.Write(audit.Record{SID: "AE1", Fields: "a,b"})
	}
	var text bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&text, reader) })
	if err := lines.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines.Write(audit.Record{}) // after the end
	writer.Close()
	reading.Wait()
	var got, last int64
	for line := range strings.Lines(text.String()) {
		var l struct {
			Line   int64
			Fields []string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Line <= last || len(l.Fields) != 2 {
			t.Fatalf("%v: %s", err, line)
		}
		last = l.Line
		got++
	}
	if mu.Lock(); got+int64(dropped) != all+1 || dropped < 2 {
		t.Errorf("%d lines, %d dropped, of %d", got, dropped, all+1)
	}
}

// full is a disk that is full at first, and then has room again.
type full struct {
	bytes.Buffer
	writes int
}

func (f *full) Write(p []byte) (int, error) {
	if f.writes++; f.writes == 1 {
		n, _ := f.Buffer.Write(p[:5])
		return n, errors.New("no space left")
	}
	return f.Buffer.Write(p)
}

// TestFullDisk: lines are written again when the stream takes them again, none as a part of the one that was torn.
func TestFullDisk(t *testing.T) {
	disk, dropped := new(full), 0
	lines := audit.NewLines(disk, slog.New(slog.DiscardHandler), func(n int) { dropped += n })
	for range 3 {
		lines.Write(audit.Record{SID: "AE1"})
	}
	if err := lines.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(disk.String(), "\n"); len(got) != 4 || !strings.HasPrefix(got[1], `{"line":2,`) || !strings.HasPrefix(got[2], `{"line":3,`) || dropped != 1 {
		t.Errorf("%d dropped of %q", dropped, got)
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	if _, err := audit.ReadKeys(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	path := filepath.Join(dir, "new folder", "audit.key")
	for i, want := range []bool{true, false} {
		if made, err := audit.MakeKeys(path); made != want || err != nil {
			t.Errorf("made the %dth time: %v, %v", i, made, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := audit.ReadKeys(path); err != nil {
		t.Error(err)
	}
	const one = "ZmllbGRnYXRlIHRlc3RzOiBubyBzZWNyZXQgYXQgYWw"
	for _, row := range []struct {
		name, text string
		mode       fs.FileMode
		says       string // "" for a good one
	}{
		{"as openssl writes it", one + "=\n", 0o600, ""},
		{"two, and white space", one + "\r\n" + strings.Repeat("A", 43) + "\n\n", 0o600, ""},
		{"for others", one, 0o640, "chmod"},
		{"empty", "", 0o600, "line 1"},
		{"too short", one + "\n" + one[1:], 0o600, "line 2"},
		{"too long", strings.Repeat(one+"\n", 1000), 0o600, "too long"},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.key")
			if err := os.WriteFile(path, []byte(row.text), row.mode); err != nil {
				t.Fatal(err)
			}
			_, err := audit.ReadKeys(path)
			if (err == nil) != (row.says == "") || err != nil && (!strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), one[2:])) {
				t.Errorf("error %v, want %q", err, row.says)
			}
		})
	}
	if _, err := audit.ReadKeys(dir); err == nil {
		t.Error("a folder is a key")
	}
}
