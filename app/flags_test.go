package main

import (
	"slices"
	"strings"
	"testing"
)

func TestFlagsMayStandAnywhere(t *testing.T) {
	flags := append(slices.Clone(globalFlags),
		flag{name: "to", arg: "DIR"}, flag{name: "in-place"}, flag{name: "local", arg: "DIR", bare: true})
	for _, tc := range []struct {
		line   string
		values map[string]string
		rest   string
	}{
		{"", map[string]string{}, ""},
		{"a b", map[string]string{}, "a b"},
		{"--json a --to d b", map[string]string{"json": "", "to": "d"}, "a b"},
		{"a b --to=d --json", map[string]string{"json": "", "to": "d"}, "a b"},
		{"--to=a=b", map[string]string{"to": "a=b"}, ""},
		{"--to=-x", map[string]string{"to": "-x"}, ""},
		{"--to - -", map[string]string{"to": "-"}, "-"},
		{"a -- --json -h", map[string]string{}, "a --json -h"},
		{"--json -- --", map[string]string{"json": ""}, "--"},
		{"--local", map[string]string{"local": ""}, ""},
		{"--local --json", map[string]string{"local": "", "json": ""}, ""},
		{"--local d --json", map[string]string{"local": "d", "json": ""}, ""},
		{"--local=d e", map[string]string{"local": "d"}, "e"},
		{"--local -- e", map[string]string{"local": ""}, "e"},
		{"-h", map[string]string{"help": ""}, ""},
	} {
		got, err := parseArguments(strings.Fields(tc.line), flags)
		if err != nil {
			t.Errorf("%q: %v", tc.line, err)
			continue
		}
		if rest := strings.Join(got.rest, " "); rest != tc.rest || len(got.values) != len(tc.values) {
			t.Errorf("%q: got %v %q, want %v %q", tc.line, got.values, rest, tc.values, tc.rest)
		}
		for name, want := range tc.values {
			if got.value(name) != want || !got.has(name) {
				t.Errorf("%q: --%s is %q, want %q", tc.line, name, got.value(name), want)
			}
		}
	}
}

func TestFlagsThatMakeNoSenseAreNamed(t *testing.T) {
	flags := append(slices.Clone(globalFlags), flag{name: "to", arg: "DIR"}, flag{name: "local", arg: "DIR", bare: true})
	for line, want := range map[string]string{
		"--nonsense":      "--nonsense",
		"--nonsense=x":    "--nonsense",
		"-x":              "-x",
		"-json":           "-json",
		"--jso":           "--jso",
		"--json=yes":      "--json takes no value",
		"--to":            "--to DIR",
		"--to --json":     "--to DIR",
		"--to=":           "--to is empty",
		"--local=":        "--local is empty",
		"--to a --to b":   "--to is given twice",
		"--json a --json": "--json is given twice",
		"---":             "---",
		"--=x":            "--",
	} {
		_, err := parseArguments(strings.Fields(line), flags)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", line, err, want)
		}
	}
	if _, err := parseArguments([]string{"--to", ""}, flags); err == nil {
		t.Error("an empty value was accepted")
	}
}

func TestOneOfNeedsExactlyOne(t *testing.T) {
	a := arguments{values: map[string]string{"to": "x"}}
	if got, err := a.oneOf("to", "in-place"); got != "to" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := a.oneOf("node", "local"); err == nil || !strings.Contains(err.Error(), "--node, --local") {
		t.Errorf("none: %v", err)
	}
	a.values["in-place"] = ""
	if _, err := a.oneOf("to", "in-place"); err == nil || !strings.Contains(err.Error(), "exclude") {
		t.Errorf("both: %v", err)
	}
}

func TestJSONIsKnownEvenFromALineThatMakesNoSense(t *testing.T) {
	for line, want := range map[string]bool{
		"nonsense --json":       true,
		"backup --foo --json":   true,
		"backup":                false,
		"folder add -- --json":  false,
		"folder add --json --x": true,
	} {
		if got := wantsJSON(strings.Fields(line)); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
