package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
)

// initCmd is the command init: the first account of a data folder.
type initCmd struct {
	databaseFlags
	keyFlags
	AccountName string        `help:"The name of the account." placeholder:"NAME" xor:"what" required:""`
	NewLink     bool          `help:"Make no account, but a new link for an Owner who has not set a password yet. The one before is dead." xor:"what" required:""`
	Owner       string        `help:"The e-mail address of the account's Owner." placeholder:"EMAIL" required:""`
	OwnerName   string        `help:"The name of the Owner, by default what stands before the @." placeholder:"NAME"`
	Data        string        `help:"The folder of the database and the keys." default:"./data" type:"path" env:"FIELDGATE_DATA"`
	BaseURL     string        `help:"What the link begins with: where people reach the gateway." default:"http://127.0.0.1:8080"`
	LinkExpires time.Duration `help:"How long the link is good, from a minute to 30 days." default:"24h"`
}

// Run makes the account, or the link, and prints the link. What is wrong with the flags
// is said before anything is opened or made.
func (i initCmd) Run(ctx context.Context, o output) error {
	if err := readSecrets(i.secret()); err != nil {
		return err
	}
	base, host, err := linkBase("--base-url", i.BaseURL)
	if err != nil {
		return err
	}
	invitation, secret, err := identity.NewInvitation(time.Now(), i.LinkExpires)
	if err != nil {
		return fmt.Errorf("--link-expires: %w", err)
	}
	if i.NewLink {
		err = i.invite(ctx, invitation)
	} else {
		err = i.create(ctx, invitation)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.out, `%s is the Owner, and sets a password with this link, once, until %s:

  %s

It leads to the gateway, which must be running: fieldgate serve --demo=off --data=%s%s
`, i.Owner, invitation.Expires.UTC().Format(time.RFC3339), acceptLink(base, secret), i.Data, host)
	if err != nil {
		return fmt.Errorf("the account is there, but the link could not be printed, so make another (--new-link): %w", err)
	}
	return nil
}

// create makes the account and whatever of the data folder is missing.
func (i initCmd) create(ctx context.Context, invitation identity.Invitation) error {
	account, err := identity.NewAccount{Name: i.AccountName, OwnerEmail: i.Owner, OwnerName: i.OwnerName}.Check()
	if err != nil {
		return err
	}
	db, err := i.open(ctx, i.Data, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := i.vacant(ctx, db); err != nil {
		return err
	}
	// The account comes last: with it, everything is there that a start needs, but for keys
	// that are given to gateways that share a database.
	if !i.external() {
		dir, flag := i.folder(i.Data)
		if _, _, err := token.LoadKeys(dir); err != nil {
			return fmt.Errorf("the keys in %s (%s): %w", dir, flag, err)
		}
		if _, err := i.makeAuditKey(i.Data); err != nil {
			return err
		}
	}
	err = db.CreateAccount(ctx, account, invitation)
	if errors.Is(err, store.ErrNotEmpty) {
		return i.taken()
	}
	return err
}

// vacant says why the database is not one to make a first account in.
func (i initCmd) vacant(ctx context.Context, db *store.Store) error {
	demo, err := db.Demo(ctx)
	if err != nil {
		return err
	}
	if demo {
		return fmt.Errorf("there is demo data in %s: choose another", i.place(i.Data))
	}
	empty, err := db.Empty(ctx)
	if err == nil && !empty {
		return i.taken()
	}
	return err
}

// invite replaces the invitation of an Owner who has no password.
func (i initCmd) invite(ctx context.Context, invitation identity.Invitation) error {
	if i.fresh(i.Data) {
		return fmt.Errorf("there is no account in %s yet: make one (--account-name)", i.place(i.Data))
	}
	db, err := i.open(ctx, i.Data, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.InviteOwner(ctx, i.Owner, invitation)
	if problem.CodeOf(err) == problem.NotFound {
		return fmt.Errorf("no account in %s has an Owner with this e-mail address (--owner)", i.place(i.Data))
	}
	return err
}

func (i initCmd) taken() error {
	return fmt.Errorf("there is an account in %s already: its Owner can get a new link until they have set a password (--new-link)", i.place(i.Data))
}

// linkBase is what a link begins with, and the flag by which the gateway is told of the
// name in it. Off this machine it must be https: with the link goes a password.
func linkBase(flag, text string) (base, host string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, "?#") {
		return "", "", errors.New(flag + " takes a URL such as https://gateway.example.com")
	}
	local := loopback(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", "", errors.New(flag + " begins with https://, or with http:// on this machine itself: with the link goes a password")
	}
	if !local {
		host = " --host=" + u.Hostname()
	}
	return strings.TrimRight(u.String(), "/"), host, nil
}

func databaseFile(data string) string { return filepath.Join(data, "fieldgate.db") }

// fresh says whether a data folder has no database yet.
func fresh(data string) bool {
	_, err := os.Stat(databaseFile(data))
	return errors.Is(err, os.ErrNotExist)
}
