package main

import (
	"os"
	"path/filepath"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/vault/keystore"
)

// starter is what takes this computer through the first steps in the window. The passphrase, where one is needed, is asked
// for there. Who gets it closes it.
func (c *call) starter() (*guide.Guide, error) {
	home, err := homeDir(c.arguments, c.env)
	if err != nil {
		return nil, err
	}
	a, err := guide.New(guide.Options{
		Engine:  syncer.Options{Home: home, Log: c.engineLog, AllowHTTP: c.has("allow-http")},
		Runtime: runtimeDir(c.env, home),
		Keys: func(ask func(string) ([]byte, error)) (keystore.Store, error) {
			return keystore.FromEnv(home, c.env, ask)
		},
	})
	if err != nil {
		return nil, computerError("Roost's temporary files could not be cleared", err)
	}
	return a, nil
}

// runtimeDir is where files lie that must not outlive the session: in memory, where the system has such a place, else in
// the home, which nobody else may read either.
func runtimeDir(env func(string) string, home string) string {
	dir := env("XDG_RUNTIME_DIR")
	if filepath.IsAbs(dir) {
		if fi, err := os.Stat(dir); err == nil && fi.IsDir() {
			return filepath.Join(dir, "roost")
		}
	}
	return home
}
