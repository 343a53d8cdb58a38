package cmd

import (
	"errors"

	"github.com/fieldgate/fieldgate/internal/engine"
)

// socketFlags say how many WebSockets there may be.
type socketFlags struct {
	Sockets           int `help:"How many WebSockets may be open at once." default:"10000" env:"FIELDGATE_SOCKETS"`
	SocketsPerAddress int `help:"How many of them may be of guests at one address. Behind a proxy all come from its address." default:"100" env:"FIELDGATE_SOCKETS_PER_ADDRESS"`
}

// check says what is wrong with them.
func (f socketFlags) check() error {
	if f.Sockets < 0 || f.SocketsPerAddress < 0 {
		return errors.New("--sockets and --sockets-per-address take how many there may be, 0 for none")
	}
	return nil
}

// socketLimits are the engine's with them.
func (f socketFlags) socketLimits() engine.SocketLimits {
	limits := engine.DefaultSocketLimits()
	limits.Open, limits.OfAddress = f.Sockets, f.SocketsPerAddress
	return limits
}
