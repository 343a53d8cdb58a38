package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/store"
)

// outboxKey is what the key is derived for that tokens are sealed under while they wait to be mailed.
const outboxKey = "fieldgate mail outbox"

// maxMails is how many mails one run of the command outbox prints.
const maxMails = 1000

// outboxCmd is the command outbox: what is to be mailed to those who were invited.
type outboxCmd struct {
	databaseFlags
	keyFlags
	Data      string `help:"The folder of the database and the keys." default:"./data" type:"path" env:"FIELDGATE_DATA"`
	PublicURL string `name:"public-url" help:"What the links begin with: where people reach the gateway." default:"http://127.0.0.1:8080" env:"FIELDGATE_PUBLIC_URL"`
}

// mailLine is a mail as it is printed.
type mailLine struct {
	Kind    string       `json:"kind"`
	To      string       `json:"to"`
	Name    string       `json:"name,omitempty"`
	Account string       `json:"account"`
	Roles   []model.Role `json:"roles"`
	Link    string       `json:"link"`
	Expires time.Time    `json:"expires"`
}

// Run prints the mails that are due, a line of JSON for each, and takes each out of the outbox once it was written: what
// is printed twice, because this was interrupted, is the same mail.
func (c outboxCmd) Run(ctx context.Context, o output) error {
	if err := readSecrets(c.secret()); err != nil {
		return err
	}
	base, _, err := linkBase("--public-url", c.PublicURL)
	if err != nil {
		return err
	}
	if c.fresh(c.Data) {
		return fmt.Errorf("there is no account in %s yet", c.place(c.Data))
	}
	dir, flag := c.folder(c.Data)
	if there, err := token.ListKeys(dir); err != nil || len(there) == 0 {
		return fmt.Errorf("the mails' links cannot be read without the gateway's keys, and there are none in %s (%s)", dir, flag)
	}
	keys, _, err := token.LoadKeys(dir)
	if err != nil {
		return fmt.Errorf("the keys in %s (%s): %w", dir, flag, err)
	}
	sealer, err := newSealer(keys)
	if err != nil {
		return err
	}
	db, err := c.open(ctx, c.Data, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	mails, err := db.PendingMails(ctx, time.Now(), maxMails)
	if err != nil {
		return err
	}
	out, lost := json.NewEncoder(o.out), 0
	out.SetEscapeHTML(false)
	for _, m := range mails {
		link := base + "/"
		if m.Sealed != "" {
			secret, err := sealer.Open(m)
			if err != nil {
				lost++
				continue
			}
			link = acceptLink(base, secret)
		}
		if err := out.Encode(mailLine{"invitation", m.To, m.Name, m.Account, m.Roles, link, m.Expires}); err != nil {
			return fmt.Errorf("a mail could not be printed, and stays in the outbox: %w", err)
		}
		if err := db.MailSent(ctx, m.TokenHash); err != nil {
			return err
		}
	}
	if lost > 0 {
		return fmt.Errorf("the links of %d mails were made under a key that is not in %s (%s) any more: have the invitations sent again", lost, dir, flag)
	}
	return nil
}

// acceptLink leads to the page where an invitation is accepted. Browsers send its fragment to nobody.
func acceptLink(base, secret string) string { return base + "/accept#token=" + secret }

func newSealer(keys *token.Keys) (*identity.Sealer, error) {
	derived, err := keys.DeriveAll(outboxKey)
	if err != nil {
		return nil, err
	}
	return identity.NewSealer(derived...)
}

// openMailing has people invited, by mails that wait in the outbox. In a demo, where there is nobody to send them, the log
// shows the links: whoever reads it may sign in as anyone in any case.
func (g *gateway) openMailing(s signInFlags, log *slog.Logger) error {
	m := identity.Mailing{Good: s.InvitationExpires}
	if g.passwords {
		sealer, err := newSealer(g.keys)
		if err != nil {
			return err
		}
		m.Sealer = sealer
	}
	if g.demo && g.passwords {
		m.Show = func(ctx context.Context, secret string) {
			log.InfoContext(ctx, "someone was invited; the link is shown because this is a demo", "link", acceptLink(g.base, secret))
		}
	}
	g.identity.Mailing(m)
	return nil
}
