//go:build !linux

package watcher

import (
	"errors"
	"syscall"
)

// limitOf makes a refusal to watch a [limitError] if that is what it is.
func limitOf(err error) error {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return &limitError{limit: "the number of open files", cause: err}
	}
	return err
}
