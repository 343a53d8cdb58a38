package gen

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/fieldgate/fieldgate/auth/policy"
)

// Compile makes the table of rules of the configuration's schema, which is loaded.
type Compile func(*config.Config) (*policy.Table, error)

// Run generates what a schema needs: gqlgen's code with every check first in its function, the models, and the
// writers. It fails when anything that answers is left without its check or its writer; what was generated
// before is gone then, so that nothing old is served by mistake.
func Run(cfg *config.Config, compile Compile) error {
	written := WritersFile(cfg)
	if err := os.Remove(written); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cfg.SkipValidation = true // by gqlgen: its code is guarded only below
	w := NewWriters(compile)
	if err := api.Generate(cfg, api.AddPlugin(w)); err != nil {
		return err
	}
	plain, err := os.ReadFile(cfg.Exec.Filename)
	if err != nil {
		return err
	}
	guarded, err := Guard(plain, cfg.Schema, w.Table)
	if err != nil {
		return errors.Join(err, os.Remove(cfg.Exec.Filename), os.Remove(written))
	}
	return os.WriteFile(cfg.Exec.Filename, guarded, 0o644)
}

// WritersFile is where the writers stand: beside gqlgen's own code.
func WritersFile(cfg *config.Config) string {
	return filepath.Join(cfg.Exec.Dir(), "writers.go")
}

// Rules is the Compile for a matrix: that of a CSV file, or the published one when the file is "". With lint it
// refuses a schema that fails the lint.
func Rules(matrix string, lint bool) Compile {
	return func(cfg *config.Config) (*policy.Table, error) {
		m := policy.Published()
		if matrix != "" {
			text, err := os.ReadFile(matrix)
			if err != nil {
				return nil, err
			}
			if m, err = policy.ParseMatrix(bytes.NewReader(text)); err != nil {
				return nil, fmt.Errorf("%s: %w", matrix, err)
			}
		}
		table, faults := policy.Compile(cfg.Schema, m)
		if lint && len(faults) > 0 {
			return nil, faults
		}
		return table, nil
	}
}
