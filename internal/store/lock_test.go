package store

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestLock(t *testing.T) {
	const alone, shared = true, false
	for _, row := range []struct {
		name          string
		first, second bool
		locked        bool
	}{
		{"alone and alone", alone, alone, true},
		{"alone and shared", alone, shared, true},
		{"shared and alone", shared, alone, true},
		{"shared and shared", shared, shared, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lock")
			release, err := Lock(t.Context(), path, row.first)
			if err != nil {
				t.Fatal(err)
			}
			second, err := Lock(t.Context(), path, row.second)
			if errors.Is(err, ErrLocked) != row.locked || !row.locked && err != nil {
				t.Errorf("the second: %v, want locked %v", err, row.locked)
			}
			if second != nil {
				if err := second(); err != nil {
					t.Error(err)
				}
			}
			if err := release(); err != nil {
				t.Fatal(err)
			}
			again, err := Lock(t.Context(), path, alone)
			if err != nil {
				t.Fatalf("after the release: %v", err)
			}
			if err := again(); err != nil {
				t.Error(err)
			}
		})
	}
}
