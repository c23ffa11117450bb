package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAPathThatIsNotUTF8IsShownAndGivenExactly(t *testing.T) {
	for raw, want := range map[string]string{
		"plain":         `{"path":"plain"}`,
		"Grüße/写真.jpg":  `{"path":"Grüße/写真.jpg"}`,
		"a\nb":          `{"path":"a\nb"}`,
		`back\x41slash`: `{"path":"back\\x41slash"}`,
		"\ufffd":        `{"path":"` + "\ufffd" + `"}`,
		"latin \xe9":    `{"path":"latin \\xe9","path_b64":"bGF0aW4g6Q=="}`,
		"\xff\xfe/ü":    `{"path":"\\xff\\xfe/ü","path_b64":"//4vw7w="}`,
	} {
		got, err := json.Marshal(newPath(raw))
		if err != nil || string(got) != want {
			t.Errorf("%q: got %s, want %s", raw, got, want)
		}
	}
}

func TestNamesCannotPaintTheTerminal(t *testing.T) {
	for raw, want := range map[string]string{
		"plain ü":          "plain ü",
		"\x1b[2Jgone":      `\x1b[2Jgone`,
		"a\rb\nc":          `a\x0db\x0ac`,
		"exe.\u202egpj":    `exe.\u202egpj`,
		"\u2066x\u2069":    `\u2066x\u2069`,
		"\u0085":           `\u0085`,
		"\x7f":             `\x7f`,
		"latin \xe9":       `latin \xe9`,
		"family 👩‍👩‍👧.jpg": "family 👩‍👩‍👧.jpg",
	} {
		if got := shown(raw); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func FuzzPathsInJSON(f *testing.F) {
	f.Add("plain")
	f.Add("latin \xe9/\xf0\x9f")
	f.Fuzz(func(t *testing.T, raw string) {
		text, err := json.Marshal(newPath(raw))
		if err != nil {
			t.Fatal(err)
		}
		var back jsonPath
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		exact := back.Path
		if back.Exact != nil {
			exact = string(back.Exact)
		}
		if exact != raw {
			t.Errorf("%q came back as %q", raw, exact)
		}
		if s := shown(raw); !utf8.ValidString(s) || strings.ContainsAny(s, "\x1b\r\n") {
			t.Errorf("%q is shown as %q", raw, s)
		}
	})
}

func TestLatestOfAFolderOfAnotherSystemStaysAsItIs(t *testing.T) {
	for _, dir := range []string{`C:\Users\Ana\Documents`, `D:/Photos`, `\\nas\share`} {
		if got, err := versionArg("latest:" + dir); err != nil || got != "latest:"+dir {
			t.Errorf("%s: %q, %v", dir, got, err)
		}
	}
	if got, err := versionArg("latest:docs"); err != nil || !strings.HasSuffix(got, "docs") || got == "latest:docs" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := versionArg("ab12"); err != nil || got != "ab12" {
		t.Errorf("%q, %v", got, err)
	}
}
