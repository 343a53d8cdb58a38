package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSecret bounds what is read of a file that holds a secret.
const maxSecret = 64 << 10

// secrets reads those secrets that are given as files.
func (s *serve) secrets() error {
	return readSecrets(
		secret{"--redis-url-file", s.RedisURLFile, &s.RedisURL},
		secret{"--demo-password-file", s.DemoPasswordFile, &s.DemoPassword},
		s.databaseFlags.secret())
}

// secret is one that may be given as a file: by which flag, in which, and where it goes.
type secret struct {
	flag, file string
	value      *string
}

func readSecrets(secrets ...secret) error {
	for _, secret := range secrets {
		if secret.file == "" {
			continue
		}
		value, err := readSecret(secret.file)
		if err != nil {
			return fmt.Errorf("%s: %w", secret.flag, err)
		}
		*secret.value = value
	}
	return nil
}

// readSecret is the text of a file, without the newline that editors put at its end.
func readSecret(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxSecret {
		return "", errors.New("the file is too long for a secret")
	}
	value := strings.TrimRight(string(text), "\r\n")
	if value == "" {
		return "", errors.New("the file is empty")
	}
	return value, nil
}
