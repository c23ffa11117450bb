//go:build !headless

package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// arguments name the home only where it is not the usual one, so that the entry is true of every account.
func (l atLogin) arguments() []string {
	if l.home == defaultHome(runtime.GOOS, l.env) {
		return append([]string{l.binary}, l.does...)
	}
	return l.service.arguments()
}

// place is a file of the desktop's own folder for such entries.
func (l atLogin) place() string {
	config := l.env("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) { // a relative one has to be ignored, says the standard
		config = filepath.Join(l.env("HOME"), ".config")
	}
	return filepath.Join(config, "autostart", appID+strings.TrimPrefix(l.name, "roost")+".desktop")
}

func (l atLogin) Starts() (bool, error) {
	_, err := os.Stat(l.place())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (l atLogin) Start(_ context.Context, on bool) error {
	place := l.place()
	if !filepath.IsAbs(place) {
		return computerError("it could not be set to start at log-in", errors.New("this account has no home: HOME is not set"))
	}
	if !on {
		if err := os.Remove(place); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return computerError("it could not be set not to start at log-in", err)
		}
		return nil
	}
	err := os.MkdirAll(filepath.Dir(place), 0o755)
	if err == nil {
		err = os.WriteFile(place, []byte(l.entry()), 0o644)
	}
	if err != nil {
		return computerError("it could not be set to start at log-in", err)
	}
	return nil
}

// entry is the file.
func (l atLogin) entry() string {
	words := l.arguments()
	if len(l.setting) > 0 {
		words = append(append([]string{"env"}, l.setting...), words...)
	}
	for i, word := range words {
		words[i] = execWord(word)
	}
	return `[Desktop Entry]
Type=Application
Name=Roost
Comment=Keeps your folders safe on storage you own
Icon=` + appID + `
Exec=` + strings.Join(words, " ") + `
X-GNOME-Autostart-enabled=true
`
}

// execWord quotes a word of an entry's Exec line: for its shell-like quotes, and once more because every value of the file
// reads a backslash as the begin of an escape.
func execWord(word string) string {
	word = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`, `%`, `%%`).Replace(word)
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(`"` + word + `"`)
}
