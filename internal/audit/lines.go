package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"sync"
)

// lineQueue is how many lines wait to be written at most.
const lineQueue = 4096

// Lines writes events as JSON, one to a line, in the order in which they were committed. Each line has a number, so that
// a gap shows where one was dropped because too many were waiting.
type Lines struct {
	mu     sync.Mutex
	number int64
	queue  chan line
	closed bool

	written chan struct{} // closed after the last
	onDrop  func(n int)
}

type line struct {
	Line int64 `json:"line"`
	Record
}

// NewLines begins to write to w. onDrop is told how many lines were not written, and must not take long.
func NewLines(w io.Writer, log *slog.Logger, onDrop func(n int)) *Lines {
	l := &Lines{queue: make(chan line, lineQueue), written: make(chan struct{}), onDrop: onDrop}
	go func() {
		defer close(l.written)
		broken := false
		for next := range l.queue {
			var text bytes.Buffer
			if broken { // perhaps within a line
				text.WriteByte('\n')
			}
			out := json.NewEncoder(&text)
			out.SetEscapeHTML(false)
			err := out.Encode(next)
			if err == nil {
				_, err = w.Write(text.Bytes())
			}
			if err != nil {
				onDrop(1)
			}
			if err != nil && !broken {
				log.Error("the audit log cannot be written (--audit-log)", "error", err)
			}
			broken = err != nil
		}
	}()
	return l
}

// Write has a record written. It does not wait.
func (l *Lines) Write(r Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	if l.closed {
		l.onDrop(1)
		return
	}
	select {
	case l.queue <- line{l.number, r}:
	default:
		l.onDrop(1)
	}
}

// Close writes what is waiting, for as long as ctx lasts.
func (l *Lines) Close(ctx context.Context) error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.queue)
	}
	l.mu.Unlock()
	select {
	case <-l.written:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
