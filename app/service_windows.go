package main

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"golang.org/x/sys/windows/registry"
)

// Nothing here was ever run: it compiles.

// runKey lists what Windows starts when this account logs in.
const runKey = `Software\Microsoft\Windows\CurrentVersion\Run`

func (s *service) place() string { return `HKEY_CURRENT_USER\` + runKey + `\` + s.name }

func (s *service) installed() (bool, error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if err == nil {
		_, _, err = key.GetStringValue(s.name)
		err = errors.Join(err, key.Close())
	}
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (s *service) install(context.Context) (next string, err error) {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return "", err
	}
	var words []string
	for _, arg := range s.arguments() {
		words = append(words, syscall.EscapeArg(arg))
	}
	err = key.SetStringValue(s.name, strings.Join(words, " "))
	if err = errors.Join(err, key.Close()); err != nil {
		return "", err
	}
	next = "It starts at the next log-in."
	if len(s.setting) > 0 {
		next += " Set for this account, in Windows: " + strings.Join(s.setting, ", ")
	}
	return next, nil
}

func (s *service) remove(context.Context) error {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err == nil {
		err = errors.Join(key.DeleteValue(s.name), key.Close())
	}
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	return err
}
