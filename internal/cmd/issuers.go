package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/issuer"
	"github.com/fieldgate/fieldgate/internal/keyfile"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/quota"
	"github.com/fieldgate/fieldgate/internal/signin"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// issuersFlag names the file of other issuers.
type issuersFlag struct {
	Issuers string `help:"A YAML file of the identity providers whose people are let in, by token exchange and in GraphiQL, or whose tokens are accepted as they are." type:"path" placeholder:"FILE" env:"FIELDGATE_ISSUERS"`
}

// signInFlags say who may sign in.
type signInFlags struct {
	issuersFlag
	PublicURL         string        `name:"public-url" help:"The origin under which people reach the gateway, such as https://gateway.example.com. Identity providers send browsers back there, and invitations lead there." placeholder:"URL" env:"FIELDGATE_PUBLIC_URL"`
	InvitationExpires time.Duration `help:"How long the link of an invitation is good, from a minute to 30 days." default:"72h" env:"FIELDGATE_INVITATION_EXPIRES"`
	LocalSignIn       string        `help:"Whether people sign in with a password of the gateway's own (on), or through their identity provider alone (off)." enum:"on,off" default:"on" env:"FIELDGATE_LOCAL_SIGN_IN"`
}

// maxIssuersFile bounds what is read of a file of issuers or roles: a byte more than the package takes, so that it says
// that it is too long.
const maxIssuersFile = 1<<20 + 1

// load reads the file of issuers, and the files that it names, which stand beside it unless their names begin with /.
func (i issuersFlag) load() (issuer.File, error) {
	if i.Issuers == "" {
		return issuer.File{}, nil
	}
	text, err := readBounded(i.Issuers)
	if err != nil {
		return issuer.File{}, fmt.Errorf("the file of issuers cannot be read (--issuers): %w", err)
	}
	return issuer.Parse(i.Issuers, text, func(name string) ([]byte, error) { return readBounded(i.beside(name)) })
}

// beside is where a file is that the file of issuers names.
func (i issuersFlag) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(i.Issuers), name)
}

func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxIssuersFile))
}

// configs are the issuers, with the secrets of the clients that they know the gateway by, and the keys of those whose tokens
// are accepted as they are.
func (s signInFlags) configs() (issuer.File, error) {
	file, err := s.load()
	if err != nil {
		return issuer.File{}, err
	}
	for i, c := range file.Issuers {
		if c.ClientSecretFile == "" {
			continue
		}
		if file.Issuers[i].ClientSecret, err = readSecret(s.beside(c.ClientSecretFile)); err != nil {
			return issuer.File{}, fmt.Errorf("the client secret of the issuer %s (client_secret_file in --issuers): %w", c.Name, err)
		}
	}
	for i := range file.Bearers {
		if err := file.Bearers[i].Load(s.key); err != nil {
			return issuer.File{}, fmt.Errorf("%w (--issuers)", err)
		}
	}
	return file, nil
}

// key reads a key of an issuer, which nobody else may read when it is a secret.
func (i issuersFlag) key(f issuer.KeyFile) ([]byte, error) {
	if f.Secret() {
		return keyfile.Read(i.beside(f.File))
	}
	return readBounded(i.beside(f.File))
}

// refuses says what is wrong with the file of issuers and --public-url, or why nobody could sign in. local says whether
// the gateway is reached from this machine alone.
func (s signInFlags) refuses(local bool) error {
	file, err := s.configs()
	if err != nil {
		return err
	}
	if s.PublicURL != "" {
		if why := faultOfOrigin(s.PublicURL); why != "" {
			return fmt.Errorf("--public-url takes an origin, such as https://gateway.example.com: %s", why)
		}
	}
	if _, _, err := identity.NewInvitation(time.Now(), s.InvitationExpires); err != nil {
		return fmt.Errorf("--invitation-expires: %w", err)
	}
	browsers := slices.ContainsFunc(file.Issuers, func(c issuer.Config) bool { return c.ClientID != "" })
	if browsers && s.PublicURL == "" && !local {
		return errors.New("an issuer has a client_id (--issuers), but where its people come back to from there is not known: say under which origin they reach the gateway (--public-url)")
	}
	if s.LocalSignIn == "off" && len(file.Issuers) == 0 && len(file.Bearers) == 0 {
		return errors.New("without passwords (--local-sign-in=off) and without an identity provider (--issuers) nobody could sign in")
	}
	return nil
}

// warns says what signing in is like that may not be what is wanted.
func (s signInFlags) warns() []string {
	var warnings []string
	if s.LocalSignIn == "off" {
		warnings = append(warnings, "nobody signs in with a password (--local-sign-in=off), and no identity provider makes anyone Owner: as long as the Owner is a user of the gateway's own, nobody is let in as Owner")
	}
	if file, err := s.load(); err == nil {
		for _, b := range file.Bearers {
			if b.Unchecked {
				warnings = append(warnings, fmt.Sprintf("tokens of %s are good until they expire, whatever becomes of their sessions (sessions: unchecked in --issuers)", b.Name))
			}
		}
	}
	if s.Issuers != "" && othersMay(write, s.Issuers) {
		warnings = append(warnings, fmt.Sprintf("others on this machine may write to the file of issuers (--issuers), %s: they could add one that makes them Administrator (chmod go-w)", s.Issuers))
	}
	return warnings
}

// bearersHaveAccounts warns of issuers whose people would be let into an account that is not there.
func (g *gateway) bearersHaveAccounts(ctx context.Context, bearers []issuer.Bearer, db *store.Store) error {
	for _, b := range bearers {
		_, err := db.Account(ctx, upstream.NewScope(b.Account, policy.NewFields("sid")))
		switch {
		case problem.CodeOf(err) == problem.NotFound:
			g.warnings = append(g.warnings, fmt.Sprintf("there is no account %s, and so nothing to read for the people of %s (account in --issuers)", b.Account, b.Name))
		case err != nil:
			return err
		}
	}
	return nil
}

// openIssuers makes ready to let the people of other issuers in, into accounts that are there by now, and asks the issuers for
// their keys meanwhile: one that cannot be reached holds up nothing.
func (g *gateway) openIssuers(ctx context.Context, s signInFlags, sessions *session.Store, db *store.Store, log *slog.Logger) error {
	file, err := s.configs()
	if err != nil {
		return err
	}
	if err := g.bearersHaveAccounts(ctx, file.Bearers, db); err != nil {
		return err
	}
	g.auth.Trust(issuer.NewBearers(file.Bearers, time.Now).Verify)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	set := issuer.NewSet(file.Issuers, transport, time.Now, log)
	g.admission = issuer.NewAdmission(set, g.identity.Admit, log)
	g.identity.Trust(set.Clients)
	key, err := g.keys.Derive("fieldgate sign-in")
	if err != nil {
		return err
	}
	g.signIn, err = signin.New(signin.Config{
		Admission: g.admission, Attempt: g.attempt, Open: g.auth.SignInUntil, Once: sessions.Once, Key: key, Public: s.PublicURL, Now: time.Now, Log: log,
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // requests that are under way still need keys
	var running sync.WaitGroup
	running.Go(func() { set.Run(ctx) })
	g.closers = append(g.closers, func() error {
		stop()
		running.Wait()
		transport.CloseIdleConnections()
		return nil
	})
	return nil
}

// attempt counts an attempt to sign in from where the request comes, before a provider is asked or a signature checked.
func (g *gateway) attempt(ctx context.Context) error {
	return g.quotas.attempts.Address(ctx, quota.SignIn)
}

// exchange makes a session of whom another issuer's token is about.
func (g *gateway) exchange(ctx context.Context, subjectToken, client string) (auth.Tokens, error) {
	return g.auth.SignInUntil(ctx, func(ctx context.Context) (string, time.Time, error) {
		if err := g.attempt(ctx); err != nil {
			return "", time.Time{}, err
		}
		return g.admission.ByToken(ctx, subjectToken)
	}, client)
}
