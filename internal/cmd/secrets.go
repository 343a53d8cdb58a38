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
	for _, secret := range []struct {
		flag, file string
		value      *string
	}{
		{"--redis-url-file", s.RedisURLFile, &s.RedisURL},
		{"--demo-password-file", s.DemoPasswordFile, &s.DemoPassword},
	} {
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
