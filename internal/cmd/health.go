package cmd

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// readyWithin bounds how long all checks together take.
	readyWithin = 900 * time.Millisecond
	// readyFor is how long their outcome is good for whoever else asks. Probes need no token, so they
	// must not be a way to keep Redis and the database busy.
	readyFor = time.Second
)

// check is one thing without which the gateway serves nobody.
type check struct {
	name string
	ask  func(context.Context) error
}

// health answers the probes of whatever runs the gateway. It says that something fails, never what
// or where: that is for the log.
type health struct {
	checks   []check
	log      *slog.Logger
	stopping atomic.Bool

	mu    sync.Mutex // held while the checks run, so that all who ask meanwhile share them
	asked time.Time
	last  verdict
}

// verdict is the body of an answer.
type verdict struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
}

const (
	statusOK       = "ok"
	statusFailed   = "failed"
	statusStopping = "stopping"
)

// register has a server answer /healthz and /readyz. The first says that the process lives, and
// touches nothing else: whoever restarts a gateway because Redis is away makes it worse.
func (h *health) register(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		h.answer(w, verdict{Status: statusOK})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { h.answer(w, h.ready()) })
}

func (h *health) answer(w http.ResponseWriter, v verdict) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if v.Status != statusOK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	if err := json.NewEncoder(w).Encode(v); err != nil {
		h.log.Debug("a probe went away", "error", err)
	}
}

// ready says whether the gateway can serve. What it finds holds for a second.
func (h *health) ready() verdict {
	if h.stopping.Load() {
		return verdict{Status: statusStopping}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.asked) > readyFor {
		h.last = h.ask()
		h.asked = time.Now()
	}
	return h.last
}

// ask makes all checks at once. One that does not end in time has failed. No request's context is
// in it: others may wait for the same answer.
func (h *health) ask() verdict {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	errs := make([]chan error, len(h.checks))
	for i, c := range h.checks {
		errs[i] = make(chan error, 1)
		go func() { errs[i] <- c.ask(ctx) }()
	}
	v := verdict{Status: statusOK, Checks: map[string]string{}}
	for i, c := range h.checks {
		var err error
		select {
		case err = <-errs[i]:
		case <-ctx.Done():
			select {
			case err = <-errs[i]: // it ended in time, while another did not
			default:
				err = ctx.Err()
			}
		}
		v.Checks[c.name] = statusOK
		if err != nil {
			v.Status, v.Checks[c.name] = statusFailed, statusFailed
		}
		h.note(c.name, err)
	}
	return v
}

// note logs that a check has begun to fail, and that it passes again.
func (h *health) note(name string, err error) {
	failed := h.last.Checks[name] == statusFailed
	switch {
	case err != nil && !failed:
		h.log.Warn("the gateway is not ready", "check", name, "error", err)
	case err == nil && failed:
		h.log.Info("a check passes again", "check", name)
	}
}
