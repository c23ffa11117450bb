package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHelpFitsAScreen(t *testing.T) {
	a, err := overview(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	fitsScreen(t, "roost --help", a, 23)
}

func TestEveryVerbHasItsOwnHelp(t *testing.T) {
	all := commands()
	for _, c := range commands() {
		all = append(all, c.subs...)
	}
	for _, c := range all {
		a, err := explain(t.Context(), &call{command: c})
		if err != nil {
			t.Fatal(err)
		}
		fitsScreen(t, "roost "+c.name+" --help", a, 40)
		var text bytes.Buffer
		a.people(&text)
		unwrapped := strings.Join(strings.Fields(text.String()), " ")
		for _, line := range c.usageLines() {
			if !strings.Contains(unwrapped, line) {
				t.Errorf("help of %s does not show %q", c.name, line)
			}
		}
		if c.subs == nil && (c.help == "" || c.run == nil) {
			t.Errorf("%s has no help or does nothing", c.name)
		}
	}
}

// fitsScreen leaves one column and, of a whole screen, one line for the prompt.
func fitsScreen(t *testing.T, name string, a answer, lines int) {
	t.Helper()
	var text bytes.Buffer
	a.people(&text)
	all := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	if len(all) > lines {
		t.Errorf("%s has %d lines", name, len(all))
	}
	for _, line := range all {
		if n := utf8.RuneCountInString(line); n > 79 {
			t.Errorf("%s has %d columns: %s", name, n, line)
		}
	}
}

func TestVersionIsThePackagesVersion(t *testing.T) {
	toml, err := os.ReadFile("../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\nVersion = %q\n", versionNumber); !strings.Contains(string(toml), want) {
		t.Errorf("FyneApp.toml has another version than %s", versionNumber)
	}
}
