package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/store"
)

// auditCmd is the command audit.
type auditCmd struct {
	databaseFlags
	keyFlags
	Data    string `help:"The folder of the database and the keys." default:"./data" type:"path" env:"FIELDGATE_DATA"`
	Account string `help:"The SID of the account, instead of all of them." placeholder:"AC…"`

	Verify verifyAudit `cmd:"" help:"Say whether each account's audit trail is as it was written. It exits with 1 when one is not."`
	Export exportAudit `cmd:"" help:"Print audit trails, each event as a line of JSON."`
}

// open opens the database, which must be there, and says which accounts are asked for.
func (a *auditCmd) open(ctx context.Context, o store.Options) (*store.Store, []string, error) {
	if err := readSecrets(a.secret()); err != nil {
		return nil, nil, err
	}
	if a.fresh(a.Data) {
		return nil, nil, fmt.Errorf("there is no database in %s", a.place(a.Data))
	}
	db, err := a.databaseFlags.open(ctx, a.Data, o)
	if err != nil {
		return nil, nil, err
	}
	accounts, err := db.AuditAccounts(ctx)
	if err == nil && a.Account != "" {
		if !slices.Contains(accounts, a.Account) {
			err = fmt.Errorf("there is no account %s in %s", a.Account, a.place(a.Data))
		}
		accounts = []string{a.Account}
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, accounts, nil
}

// verifyAudit is the command audit verify.
type verifyAudit struct {
	Against string `help:"A file of audit events as lines of JSON, as audit export prints them and --audit-log writes them: the last one of each account must be in its trail. A database that was set back shows by it." type:"existingfile" placeholder:"FILE"`
}

// Run prints a line for each account, and one for each fault.
func (v verifyAudit) Run(ctx context.Context, o output, a *auditCmd) error {
	keys, err := a.auditKeys(a.Data)
	if err != nil {
		return err
	}
	known, err := v.known()
	if err != nil {
		return err
	}
	db, accounts, err := a.open(ctx, store.Options{Audit: keys})
	if err != nil {
		return err
	}
	defer db.Close()
	if a.Account == "" {
		for account := range known {
			if !slices.Contains(accounts, account) {
				accounts = append(accounts, account)
			}
		}
		slices.Sort(accounts)
	}
	faulty := 0
	for _, account := range accounts {
		want, told := known[account]
		found := !told
		records, last, faults, err := db.VerifyAudit(ctx, account, func(r audit.Record) {
			found = found || r.Sequence == want.Sequence && r.SID == want.SID && r.MAC == want.MAC
		})
		if err != nil {
			return err
		}
		if !found {
			faults = append(faults, fmt.Sprintf("event %d of %s is not in the trail", want.Sequence, v.Against))
		}
		state := "OK"
		if len(faults) > 0 {
			faulty++
			state = fmt.Sprintf("%d faults", len(faults))
		}
		if _, err := fmt.Fprintf(o.out, "%s  %d events to %d  %s\n", account, records, last, state); err != nil {
			return err
		}
		for _, fault := range faults {
			if _, err := fmt.Fprintf(o.out, "  %s\n", fault); err != nil {
				return err
			}
		}
	}
	if faulty > 0 {
		return fmt.Errorf("%d of %d audit trails are not as they were written", faulty, len(accounts))
	}
	return nil
}

// known are the last events of each account in the file.
func (v verifyAudit) known() (map[string]audit.Record, error) {
	if v.Against == "" {
		return nil, nil
	}
	file, err := os.Open(v.Against)
	if err != nil {
		return nil, fmt.Errorf("--against: %w", err)
	}
	defer file.Close()
	known := map[string]audit.Record{}
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("--against: %w", err)
		}
		if len(line) > 0 {
			// Only what says where the event is: its other fields are words for people.
			var r struct {
				Account  string `json:"account"`
				Sequence int64  `json:"sequence"`
				SID      string `json:"sid"`
				MAC      string `json:"mac"`
			}
			if json.Unmarshal(line, &r) != nil {
				return nil, fmt.Errorf("--against: line %d of %s is no audit event", n, v.Against)
			}
			if r.Account != "" && r.Sequence >= known[r.Account].Sequence {
				known[r.Account] = audit.Record{Account: r.Account, Sequence: r.Sequence, SID: r.SID, MAC: r.MAC}
			}
		}
		if err != nil {
			return known, nil
		}
	}
}

// exportAudit is the command audit export.
type exportAudit struct {
	After int64 `help:"Only events after this sequence." placeholder:"SEQUENCE"`
}

// Run prints the events of each account, in the order of their sequences.
func (e exportAudit) Run(ctx context.Context, o output, a *auditCmd) error {
	db, accounts, err := a.open(ctx, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	out := bufio.NewWriter(o.out)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, account := range accounts {
		if err := db.AuditTrail(ctx, account, e.After, func(r audit.Record) error { return lines.Encode(r) }); err != nil {
			return err
		}
	}
	return out.Flush()
}
