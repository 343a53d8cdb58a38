package demo_test

import (
	"os"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
