//go:build !headless

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// readExec is what a desktop makes of an Exec line: first the escapes of a value, then the quotes.
func readExec(t *testing.T, entry string) (words []string) {
	t.Helper()
	_, line, found := strings.Cut(entry, "\nExec=")
	line, _, ended := strings.Cut(line, "\n")
	if !found || !ended {
		t.Fatalf("no Exec in %q", entry)
	}
	line = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(line)
	for line != "" {
		if line[0] != '"' {
			t.Fatalf("an open word in %q", line)
		}
		var word strings.Builder
		i := 1
		for ; line[i] != '"'; i++ {
			if line[i] == '\\' {
				i++
			}
			if line[i] == '%' { // a field code, unless it is doubled
				if i++; line[i] != '%' {
					t.Fatalf("a field code in %q", line)
				}
			}
			word.WriteByte(line[i])
		}
		words = append(words, word.String())
		line = strings.TrimPrefix(line[i+1:], " ")
	}
	return words
}

func TestTheAppStartsHiddenAtLogIn(t *testing.T) {
	person := t.TempDir()
	env := func(name string) string { return map[string]string{"HOME": person}[name] }
	odd := "/home/ana/10% \"off\" $HOME `x` \\ a\n\tb/home"
	l := atLogin{service{
		name: "roost-window", binary: "/opt/Röst App/roost", home: odd, does: []string{"--hidden"}, env: env, setting: []string{"ROOST_KEYSTORE=file"},
	}}
	starts := func(want bool) {
		t.Helper()
		if is, err := l.Starts(); err != nil || is != want {
			t.Errorf("it starts: %v, %v", is, err)
		}
	}
	starts(false)
	for range 2 {
		if err := l.Start(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		starts(true)
	}
	entry, err := os.ReadFile(l.place())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := readExec(t, string(entry)), []string{"env", "ROOST_KEYSTORE=file", l.binary, "--home", odd, "--hidden"}; !slices.Equal(got, want) {
		t.Errorf("it starts %q, want %q", got, want)
	}
	l.home = person + "/.local/share/roost" // the usual one
	if got, want := l.arguments(), []string{l.binary, "--hidden"}; !slices.Equal(got, want) {
		t.Errorf("with the usual home it starts %q", got)
	}
	for range 2 {
		if err := l.Start(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		starts(false)
	}
}
