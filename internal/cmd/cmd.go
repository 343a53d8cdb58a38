// Package cmd has the commands of the program and wires its parts together. It is
// the only package that reads flags, the environment and configuration files.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line. Every flag is also an environment variable.
type commands struct {
	Serve  serve       `cmd:"" default:"withargs" help:"Start the gateway (the default)."`
	Init   initCmd     `cmd:"" help:"Make a real first account, and a link by which its Owner sets a password."`
	Outbox outboxCmd   `cmd:"" help:"Print the mails to those who were invited, for a mailer to send, and take them out of the outbox."`
	Keys   keysCmd     `cmd:"" help:"List the keys that sign access tokens, or add one."`
	Audit  auditCmd    `cmd:"" help:"Verify or export the audit trails."`
	Check  checkCmd    `cmd:"" help:"Check the schema's rules and the matrix, and name every fault."`
	Matrix printMatrix `cmd:"" help:"Print the table of roles and permissions."`
	Schema schemaCmd   `cmd:"" help:"Print the schema, or what of it a role may see."`
	Plan   planCmd     `cmd:"" help:"Print which rule each field of an operation needs, and what of it a role gets."`

	Healthcheck healthcheck `cmd:"" help:"Ask the gateway on this machine whether it is well: for containers."`
}

// output is where a command writes.
type output struct{ out, err io.Writer }

// Main runs the command line that args give, without the program's name, and
// returns the program's exit status: 0, 1 for a command that failed, 2 for a command
// line that cannot be understood.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-asked
		signal.Stop(asked) // from before anybody can see that it stops, a second signal ends the process at once
		cancel()
	}()
	return run(ctx, args, stdout, stderr)
}

// exited carries an exit status out of the parser, which asks for it after --help.
type exited int

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	defer func() {
		if p := recover(); p != nil {
			code, ok := p.(exited)
			if !ok {
				panic(p)
			}
			status = int(code)
		}
	}()
	var line commands
	parser, err := kong.New(&line,
		kong.Name("fieldgate"),
		kong.Description("A GraphQL gateway with field-level authorization for a communications account. Without a command it serves: see fieldgate serve --help for the flags."),
		kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "fieldgate:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "fieldgate:", err)
		fmt.Fprintln(stderr, "Run fieldgate --help for the commands and flags.")
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(output{stdout, stderr}); err != nil && !errors.Is(err, context.Canceled) {
		for _, line := range strings.Split(strings.TrimRight(err.Error(), "\n"), "\n") {
			fmt.Fprintln(stderr, "fieldgate:", line)
		}
		return 1
	}
	return 0
}
