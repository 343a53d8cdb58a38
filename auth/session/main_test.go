package session

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Set("test.parallel", "8") // unless it is given: those that run beside others wait for leases
	os.Exit(m.Run())
}
