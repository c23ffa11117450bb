package main

import (
	"path/filepath"
	"runtime"
)

// appID is Roost's name among the programs of a desktop.
const appID = "io.github.roost.Roost"

// homeDir is Roost's folder on this computer: --home, ROOST_HOME, or where the system keeps such things.
func homeDir(a arguments, env func(string) string) (string, error) {
	dir := a.value("home")
	if dir == "" {
		dir = env("ROOST_HOME")
	}
	if dir == "" {
		dir = defaultHome(runtime.GOOS, env)
	}
	if dir == "" {
		return "", usage(nil, "It is not known where Roost's folder should be: give --home DIR.")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", computerError("Roost's folder could not be found", err)
	}
	return abs, nil
}

// defaultHome is "" where the environment does not say.
func defaultHome(system string, env func(string) string) string {
	below := func(base string, parts ...string) string {
		if base == "" {
			return ""
		}
		return filepath.Join(append([]string{base}, parts...)...)
	}
	switch system {
	case "windows":
		return below(env("LOCALAPPDATA"), "Roost")
	case "darwin":
		return below(env("HOME"), "Library", "Application Support", "Roost")
	}
	if data := env("XDG_DATA_HOME"); filepath.IsAbs(data) { // a relative one has to be ignored, says the standard
		return below(data, "roost")
	}
	return below(env("HOME"), ".local", "share", "roost")
}
