package cmd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// fill sees to the demo data as --demo says, and to the password of its users.
func (g *gateway) fill(ctx context.Context, s serve, db *store.Store) error {
	empty, err := db.Empty(ctx)
	if err != nil {
		return err
	}
	if g.demo, err = db.Demo(ctx); err != nil {
		return err
	}
	if err := s.agrees(empty, g.demo); err != nil || !empty && !g.demo {
		return err
	}
	if g.password, err = demoPassword(s); err != nil {
		return err
	}
	if !empty {
		owner, err := db.CredentialOf(ctx, demo.Main().With(policy.Owner).Email)
		if err != nil {
			return fmt.Errorf("the demo's owner: %w", err)
		}
		if same, err := identity.Verify(g.password, owner.PasswordHash); err != nil || same {
			return err
		}
	}
	hash, err := g.identity.HashPassword(ctx, g.password)
	if err != nil {
		return fmt.Errorf("the demo password (--demo-password): %w", err)
	}
	if !empty {
		return demo.SetPassword(ctx, db, hash)
	}
	g.demo = true
	err = demo.Fill(ctx, db, hash, time.Now())
	if errors.Is(err, demo.ErrNotEmpty) {
		return g.fill(ctx, s, db) // a gateway that started at the same time has been faster
	}
	return err
}

// demoPassword is the password that was asked for, or one made up at the first
// start and kept beside the database.
func demoPassword(s serve) (string, error) {
	if s.DemoPassword != "" {
		return s.DemoPassword, nil
	}
	file := filepath.Join(s.Data, "demo-password")
	kept, err := readSecret(file)
	if err == nil {
		return kept, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("the demo password in %s: %w", file, err)
	}
	made := rand.Text()[:12]
	if err := os.WriteFile(file, []byte(made+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("the demo password cannot be kept: %w", err)
	}
	return made, nil
}
