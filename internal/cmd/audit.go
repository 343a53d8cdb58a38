package cmd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

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
	Reseal resealAudit `cmd:"" help:"Have the trail of --account go on whose end is not as it was written, or whose key is lost. An event says so, and what is wrong before it still shows."`
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
	Against string `help:"A file of audit events as lines of JSON, as audit export prints them and --audit-log writes them: each must be in its account's trail. A database that was set back shows by it." type:"existingfile" placeholder:"FILE"`
}

// Run prints a line for each account, and one for each fault.
func (v verifyAudit) Run(ctx context.Context, o output, a *auditCmd) error {
	keys, err := a.auditKeys(a.Data)
	if err != nil {
		return err
	}
	known, unread, err := v.known()
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
		lost := known[account]
		var resealed []audit.Record
		records, last, faults, err := db.VerifyAudit(ctx, account, func(r audit.Record) {
			delete(lost, entryOf(r))
			if r.Coordinate == audit.Resealed {
				resealed = append(resealed, r)
			}
		})
		if err != nil {
			return err
		}
		if len(lost) > 0 {
			faults = append(faults, fmt.Sprintf("%d events of %s are not in the trail, from event %d on", len(lost), v.Against, first(lost)))
		}
		state := "OK"
		if len(faults) > 0 {
			faulty++
			state = fmt.Sprintf("%d faults", len(faults))
		}
		if _, err := fmt.Fprintf(o.out, "%s  %d events to %d  %s\n", account, records, last, state); err != nil {
			return err
		}
		for _, r := range resealed {
			if _, err := fmt.Fprintf(o.out, "  event %d has resealed the trail, in which there were %d faults\n", r.Sequence, r.Count); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(o.out, faultLines(faults)); err != nil {
			return err
		}
	}
	for _, line := range unread {
		if _, err := fmt.Fprintf(o.out, "line %d of %s is no audit event, and was passed over\n", line, v.Against); err != nil {
			return err
		}
	}
	if faulty > 0 {
		return fmt.Errorf("%d of %d audit trails are not as they were written", faulty, len(accounts))
	}
	return nil
}

// entry is where an event stands in its account's trail, and what it follows on: its MAC is of all that.
type entry struct {
	sequence int64
	mac      string
}

func entryOf(r audit.Record) entry { return entry{r.Sequence, r.MAC} }

func first(entries map[entry]bool) int64 {
	lowest := int64(math.MaxInt64)
	for e := range entries {
		lowest = min(lowest, e.sequence)
	}
	return lowest
}

// known are the events of each account in the file. Those that were written after a database was set back do not hide the
// ones that it has lost. unread are the numbers of lines that are no events, as one that a crash has torn.
func (v verifyAudit) known() (known map[string]map[entry]bool, unread []int, err error) {
	if v.Against == "" {
		return nil, nil, nil
	}
	file, err := os.Open(v.Against)
	if err != nil {
		return nil, nil, fmt.Errorf("--against: %w", err)
	}
	defer file.Close()
	known = map[string]map[entry]bool{}
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, fmt.Errorf("--against: %w", err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			// Only what says where the event is: its other fields are words for people.
			var r struct {
				Account  string `json:"account"`
				Sequence int64  `json:"sequence"`
				MAC      string `json:"mac"`
			}
			switch {
			case json.Unmarshal(line, &r) != nil:
				unread = append(unread, n)
			case r.Account != "" && r.MAC != "": // others are in no trail
				if known[r.Account] == nil {
					known[r.Account] = map[entry]bool{}
				}
				known[r.Account][entry{r.Sequence, r.MAC}] = true
			}
		}
		if err != nil {
			break
		}
	}
	if len(known) == 0 {
		return nil, nil, fmt.Errorf("--against: no event of an account is in %s", v.Against)
	}
	return known, unread, nil
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
		if err := db.AuditTrail(ctx, account, e.After+1, func(r audit.Record) error { return lines.Encode(r) }); err != nil {
			return err
		}
	}
	return out.Flush()
}

// resealAudit is the command audit reseal.
type resealAudit struct{}

// Run prints what was wrong, and which event says so.
func (resealAudit) Run(ctx context.Context, o output, a *auditCmd) error {
	if a.Account == "" {
		return errors.New("audit reseal takes the SID of one account (--account)")
	}
	keys, err := a.auditKeys(a.Data)
	if err != nil {
		return err
	}
	db, _, err := a.open(ctx, store.Options{Audit: keys})
	if err != nil {
		return err
	}
	defer db.Close()
	made, faults, err := db.ResealAudit(ctx, a.Account)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.out, "%s goes on with event %d, which says that there were %d faults:\n%s", a.Account, made.Sequence, len(faults), faultLines(faults))
	return err
}

// faultLines are faults, one to a line: the first of them, for under another key every event is one.
func faultLines(faults []string) string {
	const most = 100
	var lines strings.Builder
	for _, fault := range faults[:min(len(faults), most)] {
		fmt.Fprintf(&lines, "  %s\n", fault)
	}
	if more := len(faults) - most; more > 0 {
		fmt.Fprintf(&lines, "  and %d more\n", more)
	}
	return lines.String()
}

// openAuditLog opens the file of --audit-log, and ends a line in it that a crash has torn.
func openAuditLog(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() == 0 || !torn(path, info.Size()) {
		return file, nil
	}
	if _, err := file.WriteString("\n"); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// torn says whether the last line of a file of this size has no end. What cannot be read is taken to be whole.
func torn(path string, size int64) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	last := make([]byte, 1)
	_, err = file.ReadAt(last, size-1)
	return err == nil && last[0] != '\n'
}
