package main

import (
	"path/filepath"
	"testing"
)

func TestHomeIsWhereTheSystemKeepsSuchThings(t *testing.T) {
	abs := func(name string) string { // absolute on the system that runs the test
		path, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tc := range []struct {
		system string
		env    map[string]string
		want   string
	}{
		{"linux", map[string]string{"HOME": "/home/ana"}, filepath.Join("/home/ana", ".local", "share", "roost")},
		{"linux", map[string]string{"HOME": "/home/ana", "XDG_DATA_HOME": abs("data")}, filepath.Join(abs("data"), "roost")},
		{"linux", map[string]string{"HOME": "/home/ana", "XDG_DATA_HOME": "data"}, filepath.Join("/home/ana", ".local", "share", "roost")},
		{"linux", nil, ""},
		{"darwin", map[string]string{"HOME": "/Users/ana"}, filepath.Join("/Users/ana", "Library", "Application Support", "Roost")},
		{"windows", map[string]string{"LOCALAPPDATA": `C:\Local`}, filepath.Join(`C:\Local`, "Roost")},
		{"windows", nil, ""},
	} {
		got := defaultHome(tc.system, func(name string) string { return tc.env[name] })
		if got != tc.want {
			t.Errorf("%s %v: %q, want %q", tc.system, tc.env, got, tc.want)
		}
	}
	env := func(string) string { return abs("elsewhere") }
	if got, err := homeDir(arguments{values: map[string]string{"home": "here"}}, env); err != nil || got != abs("here") {
		t.Errorf("--home: %q, %v", got, err)
	}
	if got, err := homeDir(arguments{}, env); err != nil || got != abs("elsewhere") {
		t.Errorf("ROOST_HOME: %q, %v", got, err)
	}
	if _, err := homeDir(arguments{}, func(string) string { return "" }); err == nil {
		t.Error("a home that is nowhere was accepted")
	}
}
