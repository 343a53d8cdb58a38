package demo_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

func TestFillTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := demo.Fill(t.Context(), s, "x", storetest.Now()); err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(start))
	s.Close()
}
