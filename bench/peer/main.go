// Command peer serves the schema of a comparison of GraphQL servers, its data in memory, by what the gateway is made of: the
// verifier of other issuers' tokens, their sessions in Redis, the engine and the generated code. make peers runs it beside the
// others; docs/performance.md has what came of that.
//
// Environment: PORT, KEYS_FILE, REDIS_URL, SESSION_CHECK=0 (a token is good without its session), COMMON (the folder with
// data.json and permissions.json), SESSION_LEASE (that of the sessions, 100ms as in the gateway; with 0 Redis is asked with each
// request), PPROF (an address for profiles).
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"time"

	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/memory"
)

func main() {
	denials := flag.String("denials", "each", "how answers list what was denied: each, selection or extensions")
	flag.Parse()
	if err := run(*denials); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(denials string) error {
	memory.Tune()
	how, err := engine.ParseDenials(denials)
	if err != nil {
		return err
	}
	common := os.DirFS(os.Getenv("COMMON"))
	account, err := load(common)
	if err != nil {
		return err
	}
	bearer, err := readKeys(os.Getenv("KEYS_FILE"))
	if err != nil {
		return err
	}
	bearer.Unchecked = os.Getenv("SESSION_CHECK") == "0"
	client, err := session.NewClient(os.Getenv("REDIS_URL"))
	if err != nil {
		return err
	}
	defer client.Close()
	lease, err := time.ParseDuration(cmp.Or(os.Getenv("SESSION_LEASE"), "100ms"))
	if err != nil {
		return fmt.Errorf("SESSION_LEASE: %w", err)
	}
	sessions := session.New(client, time.Now, session.Options{Lease: lease})
	defer sessions.Close()
	if !bearer.Unchecked {
		if err := sessions.Start(context.Background()); err != nil {
			return err
		}
	}
	h, err := newHandler(account, common, bearer, sessions, how, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", h)
	if at := os.Getenv("PPROF"); at != "" {
		go profiles(at)
	}
	server := &http.Server{
		Addr: net.JoinHostPort("127.0.0.1", os.Getenv("PORT")), Handler: mux,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}
	return server.ListenAndServe()
}

// profiles serves Go's profiles at an address of their own.
func profiles(at string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	fmt.Fprintln(os.Stderr, http.ListenAndServe(at, mux))
}
