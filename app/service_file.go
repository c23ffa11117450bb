//go:build linux || darwin

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

func (s *service) installed() (bool, error) {
	_, err := os.Stat(s.place())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// write puts the entry at its place, which need not be there yet.
func (s *service) write(entry []byte) error {
	place := s.place()
	if !filepath.IsAbs(place) {
		return errors.New("this account has no home: HOME is not set")
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	return os.WriteFile(place, entry, 0o644)
}
