package cmd

import (
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
)

// keysCmd is the command keys: without a further word it lists.
type keysCmd struct {
	keyFlags
	Data string   `help:"The data folder, whose keys/ holds the signing keys." default:"./data" type:"path" env:"FIELDGATE_DATA"`
	List listKeys `cmd:"" default:"1" help:"List the signing keys: the last by name signs, all verify (the default)."`
	New  newKey   `cmd:"" help:"Add a signing key, which signs from the next start on; and a key of the audit trail, if there is none."`
}

type listKeys struct{}

// Run lists the keys, the one that signs last.
func (listKeys) Run(o output, k *keysCmd) error {
	dir, flag := k.folder(k.Data)
	keys, err := token.ListKeys(dir)
	if err != nil {
		return fmt.Errorf("%s (%s): %w", dir, flag, err)
	}
	if len(keys) == 0 {
		return fmt.Errorf("there is no signing key in %s (%s): fieldgate keys new makes one, and so does the first start of a gateway with a database of its own", dir, flag)
	}
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FILE\tKEY ID\tUSE")
	for i, key := range keys {
		use := "verifies"
		if i == len(keys)-1 {
			use = "signs, verifies"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", key.Name, key.ID, use)
	}
	return w.Flush()
}

type newKey struct{}

// Run adds a key.
func (newKey) Run(o output, k *keysCmd) error {
	dir, flag := k.folder(k.Data)
	key, err := token.AddKey(dir, time.Now())
	if err != nil {
		return fmt.Errorf("%s (%s): %w", dir, flag, err)
	}
	made, err := k.makeAuditKey(k.Data)
	if err != nil {
		return err
	}
	if made {
		path, _ := k.auditFile(k.Data)
		if _, err := fmt.Fprintf(o.out, "%s is the key of the audit trail, which was missing.\n", path); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(o.out, `%s  %s

It signs from the gateway's next start on. The older keys verify what they have signed:
take their files away %s after the last gateway that signs with them has stopped.
`, filepath.Join(dir, key.Name), key.ID, token.TTL+token.Leeway)
	return err
}
