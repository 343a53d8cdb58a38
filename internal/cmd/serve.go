package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fieldgate/fieldgate/internal/memory"
)

// serve is the command serve and its configuration.
type serve struct {
	Listen string `help:"The address to listen on." default:"127.0.0.1:8080" env:"FIELDGATE_LISTEN"`
	Data   string `help:"The folder of the database and the keys." default:"./data" type:"path" env:"FIELDGATE_DATA"`
	keyFlags
	databaseFlags
	poolFlags
	RedisURL      string `help:"The Redis that holds the sessions, such as redis://localhost:6379/0. Without one, sessions are kept in this process and end with it." placeholder:"URL" env:"FIELDGATE_REDIS_URL" xor:"redis"`
	RedisURLFile  string `help:"A file that holds the URL of Redis." type:"path" placeholder:"FILE" env:"FIELDGATE_REDIS_URL_FILE" xor:"redis"`
	RedisReplicas int    `help:"How many replicas of Redis must confirm what ends or changes a session before it is answered, and that the Redis which is asked is still their master. With fewer of them it counts as one that does not answer." default:"0" env:"FIELDGATE_REDIS_REPLICAS"`
	matrixFlag
	Denials       string `help:"How answers list what was denied: ${enum}." enum:"each,selection,extensions" default:"each" env:"FIELDGATE_DENIALS"`
	Introspection string `help:"How much of the schema introspection and /schema.graphqls show: what the caller may see (role), everything (full), nothing (off)." enum:"role,full,off" default:"role" env:"FIELDGATE_INTROSPECTION"`
	Demo          string `help:"Demo data: in an empty data folder (auto), in an empty database or not at all (on), never (off)." enum:"auto,on,off" default:"auto" env:"FIELDGATE_DEMO"`
	demoFlags
	DemoPassword     string `help:"The password of the demo users, instead of one that is made up." placeholder:"TEXT" env:"FIELDGATE_DEMO_PASSWORD" xor:"password"`
	DemoPasswordFile string `help:"A file that holds the password of the demo users." type:"path" placeholder:"FILE" env:"FIELDGATE_DEMO_PASSWORD_FILE" xor:"password"`
	GraphiQL         string `name:"graphiql" help:"The GraphiQL page at /: its documentation also tells of what the caller may not see (on), or does not (role); no page (off)." enum:"on,role,off" default:"on" env:"FIELDGATE_GRAPHIQL"`
	documentFlags
	signInFlags
	Host []string `help:"Names under which clients reach the gateway, beside those of this machine itself." placeholder:"NAME" env:"FIELDGATE_HOST"`
	corsFlags
	metricsFlag
	drainFlags
	AuditLog     string `help:"A file to which each audit event is written too, as a line of JSON, once it is committed; - is standard output." type:"path" placeholder:"FILE" env:"FIELDGATE_AUDIT_LOG"`
	LogLevel     string `help:"What is logged: ${enum}." enum:"debug,info,warn,error" default:"info" env:"FIELDGATE_LOG_LEVEL"`
	sessionFlags `group:"Limits:"`
	proxyFlags   `group:"Limits:"`
	socketFlags  `group:"Limits:"`
	limitFlags   `group:"Limits:"`
}

const (
	// maxHeader bounds the headers of a request.
	maxHeader = 16 << 10
	// writeTimeout bounds how long an answer takes, from the end of the request's headers on.
	writeTimeout = 30 * time.Second
)

// Run serves until ctx ends, and then lets the requests that are under way end.
func (s serve) Run(ctx context.Context, o output) error {
	memory.Tune()
	if err := s.secrets(); err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(o.err, &slog.HandlerOptions{Level: level}))
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		return fmt.Errorf("--listen takes HOST:PORT, such as 127.0.0.1:8080: %w", err)
	}
	if err := errors.Join(s.drainFlags.check(), s.sessionFlags.check(), s.limitFlags.check()); err != nil {
		return err
	}
	if err := s.demoFlags.check(); err != nil {
		return err
	}
	if err := s.socketFlags.check(); err != nil {
		return err
	}
	if err := s.refuses(); err != nil {
		return err
	}
	// The port comes first: another gateway that has it may have the data folder too.
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("the gateway cannot listen on %s (--listen): %w", s.Listen, err)
	}
	defer listener.Close()
	out, lines := o.out, io.Writer(nil)
	switch s.AuditLog {
	case "":
	case "-":
		out, lines = o.err, o.out // for the lines alone
	default:
		file, err := openAuditLog(s.AuditLog)
		if err != nil {
			return fmt.Errorf("the audit log (--audit-log): %w", err)
		}
		defer file.Close()
		lines = file
	}
	g, err := open(ctx, s, s.limitFlags.ofEngine(), lines, log)
	if err != nil {
		return err
	}
	defer g.close()
	g.base = cmp.Or(s.PublicURL, "http://"+listener.Addr().String())
	stop, err := s.showMetrics(g, log)
	if err != nil {
		return err
	}
	defer stop()
	for _, warning := range s.warns() {
		log.Warn(warning)
	}
	g.announce(out, listener.Addr())
	return s.until(ctx, g, listener, log)
}

// until serves on the listener until ctx ends, and then takes leave.
func (s serve) until(ctx context.Context, g *gateway, listener net.Listener, log *slog.Logger) error {
	all := &connected{idle: map[net.Conn]time.Duration{}}
	server := &http.Server{
		Handler:           g.handler(s.hosts(), log),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnState:         all.note,
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx)) // a change of roles may be among the last requests
	var running sync.WaitGroup
	running.Go(func() { g.identity.Run(background, reconcileEvery) })
	defer running.Wait()
	defer stop()

	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("the gateway stopped serving: %w", err)
	case <-ctx.Done():
	}
	return s.drain(g, server, listener, served, all, log)
}

// hosts are the names that a Host header may have.
func (s serve) hosts() map[string]bool {
	names := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	if host, _, err := net.SplitHostPort(s.Listen); err == nil && host != "" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
			names[strings.ToLower(host)] = true
		}
	}
	for _, name := range s.Host {
		names[strings.ToLower(hostname(name))] = true // any port will do
	}
	return names
}
