package ignore_test

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"roost/syncer/ignore"
)

func text(s string) *ignore.File { return &ignore.File{Data: []byte(s)} }

// at enters the directory at a slash-separated path, which has no rules of its own.
func at(t testing.TB, d *ignore.Dir, dirs string) *ignore.Dir {
	t.Helper()
	for name := range strings.SplitSeq(strings.Trim(dirs, "/"), "/") {
		if name == "" {
			continue
		}
		if reason, skip := d.Skip(name, true, 0); skip {
			t.Fatalf("%s: %s is not entered: %v", dirs, name, reason)
		}
		d, _ = d.Enter(name, nil, false)
	}
	return d
}

func root(t testing.TB, o ignore.Options, rules string) *ignore.Dir {
	t.Helper()
	d, warnings := ignore.New(o).Root(text(rules))
	if len(warnings) > 0 {
		t.Fatal(warnings)
	}
	return d
}

func TestReasonNamesTheLineThatDecided(t *testing.T) {
	d := root(t, ignore.Options{}, "# mine\n*.iso\n\n!best.iso \n")
	d, warnings := d.Enter("videos", text("!*.iso\nlarge.iso"), false)
	if len(warnings) > 0 {
		t.Fatal(warnings)
	}
	for name, want := range map[string]ignore.Reason{
		"x.iso":     {File: "videos/.roostignore", Line: 1, Pattern: "!*.iso"},
		"large.iso": {File: "videos/.roostignore", Line: 2, Pattern: "large.iso"},
		"x.mp4":     {},
	} {
		if got, skip := d.Skip(name, false, 1); got != want || skip != (name == "large.iso") {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, skip, want)
		}
	}
	reason, _ := d.Skip("large.iso", false, 1)
	if got, want := reason.String(), "left out by videos/.roostignore, line 2: large.iso"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatAPersonWroteWinsOverPresetsAndTheLimit(t *testing.T) {
	d := root(t, ignore.Options{MaxFileSize: 100}, "!node_modules\n!*.iso\n!.DS_Store\nsmall")
	for _, c := range []struct {
		name  string
		isDir bool
		size  int64
		skip  bool
	}{
		{"node_modules", true, 0, false},
		{".cache", true, 0, true},
		{".DS_Store", false, 1, false},
		{"Thumbs.db", false, 1, true},
		{"film.iso", false, 101, false},
		{"film.mp4", false, 101, true},
		{"film.mp4", false, 100, false},
		{"films", true, 101, false},
		{"small", false, 1, true},
	} {
		if reason, skip := d.Skip(c.name, c.isDir, c.size); skip != c.skip {
			t.Errorf("%+v: skipped %v, %v", c, skip, reason)
		}
	}
}

func TestFilesOfRulesAreKeptWhateverTheySay(t *testing.T) {
	d := root(t, ignore.Options{}, "x")
	d, _ = d.Enter("sub", text("*\n.roostignore\n/.roostignore\n.*"), false)
	if reason, skip := d.Skip(ignore.FileName, false, 1<<30); skip {
		t.Errorf("left out: %v", reason)
	}
	if _, skip := d.Skip(ignore.FileName, true, 0); !skip { // a directory of that name is nothing special
		t.Error("a directory is kept for its name")
	}
}

// A file of rules that cannot be read as such must not leave out anything, and the person hears of it.
func TestRulesThatCannotBeReadLeaveNothingOutAndAreNamed(t *testing.T) {
	large := bytes.Repeat([]byte("*\n"), ignore.MaxFileSize/2+1)
	many := bytes.Repeat([]byte("*\n"), ignore.MaxPatterns+1)
	for fault, f := range map[ignore.Fault][]*ignore.File{
		ignore.IsFolder:   {{Fault: ignore.IsFolder}},
		ignore.IsLink:     {{Fault: ignore.IsLink}},
		ignore.Unreadable: {{Fault: ignore.Unreadable}},
		ignore.TooLarge:   {{Fault: ignore.TooLarge}, {Data: large}, {Data: many}},
		ignore.NotText:    {{Data: []byte("\xff\xfe*\x00\n\x00")}, {Data: []byte("*\n\x00")}},
	} {
		for _, file := range f {
			outer := root(t, ignore.Options{}, "secret")
			d, warnings := outer.Enter("sub", file, false)
			if len(warnings) != 1 || warnings[0].Fault != fault || warnings[0].File != "sub/.roostignore" || warnings[0].Line != 0 {
				t.Errorf("%v: warnings %+v", fault, warnings)
			}
			if _, skip := d.Skip("name", false, 1); skip {
				t.Errorf("%v: left out", fault)
			}
			if _, skip := d.Skip("secret", false, 1); !skip {
				t.Errorf("%v: the rules above are forgotten", fault)
			}
		}
	}
}

func TestLinesThatMatchNothingAreNamedAndTheOthersCount(t *testing.T) {
	lines := []string{"*.log", "[a", `x\`, "!", "/", "[[:bogus:]]", strings.Repeat("x", 9000), "# [a", "", "last"}
	d, warnings := ignore.New(ignore.Options{}).Root(text(strings.Join(lines, "\r\n")))
	var got []int
	for _, w := range warnings {
		got = append(got, w.Line)
		if long := w.Line == 7; long != (w.Fault == ignore.LongLine) || !long && (w.Fault != ignore.BadPattern || w.Text != lines[w.Line-1]) {
			t.Errorf("%+v", w)
		}
		if w.String() == "" {
			t.Errorf("%+v has no words", w)
		}
	}
	if slices.Sort(got); !slices.Equal(got, []int{2, 3, 4, 5, 6, 7}) {
		t.Errorf("lines %v were named", got)
	}
	for _, name := range []string{"x.log", "last"} {
		if _, skip := d.Skip(name, false, 1); !skip {
			t.Errorf("%s is kept", name)
		}
	}
}

func TestAFolderThatIsLeftOutAsAWholeIsNamed(t *testing.T) {
	for rules, line := range map[string]int{
		"*": 1, "\n# all\n/*\n": 3, "**": 1, "/**": 1, "x\n**/*": 2,
		"*\n!keep": 0, "*/": 0, "*.log": 0, "x": 0, "": 0,
	} {
		d, warnings := ignore.New(ignore.Options{}).Root(text(rules))
		switch {
		case line == 0 && len(warnings) == 0:
		case line > 0 && len(warnings) == 1 && warnings[0].Fault == ignore.Everything && warnings[0].Line == line:
			if _, skip := d.Skip("anything", false, 1); !skip {
				t.Errorf("%q leaves not everything out", rules)
			}
		default:
			t.Errorf("%q: %+v", rules, warnings)
		}
	}
	sub, _ := ignore.New(ignore.Options{}).Root(nil)
	if _, warnings := sub.Enter("sub", text("*"), false); len(warnings) > 0 {
		t.Errorf("below the folder it is no surprise: %v", warnings)
	}
}

// A line in one directory says nothing of its neighbours, also when several goroutines go down at once.
func TestRulesReachDownOnly(t *testing.T) {
	top := root(t, ignore.Options{}, "/top")
	left, _ := top.Enter("left", text("name"), false)
	right, _ := top.Enter("right", nil, false)
	for where, c := range map[string]struct {
		d    *ignore.Dir
		name string
		skip bool
	}{
		"its own": {left, "name", true}, "below": {at(t, left, "a/b"), "name", true}, "beside": {right, "name", false},
		"above": {top, "name", false}, "anchored, below": {left, "top", false}, "anchored": {top, "top", true},
	} {
		if _, skip := c.d.Skip(c.name, false, 1); skip != c.skip {
			t.Errorf("%s: %s skipped: %v", where, c.name, skip)
		}
	}
}

func FuzzRules(f *testing.F) {
	for _, s := range []string{"*\n!keep/", `\ x\\ `, "[a-\n[[:alpha:]]", "a/**/b\r\n/**/", "\xef\xbb\xbf#x", "!!\\!//", "***/[^]]"} {
		f.Add([]byte(s), "dir/name")
	}
	f.Fuzz(func(t *testing.T, rules []byte, name string) {
		d, warnings := ignore.New(ignore.Options{}).Root(&ignore.File{Data: rules})
		lines := strings.Split(string(rules), "\n")
		for _, w := range warnings {
			if w.Line < 0 || w.Line > len(lines) || w.Line == 0 && w.Text != "" || w.String() == "" {
				t.Errorf("%+v", w)
			}
		}
		for part := range strings.SplitSeq(path.Clean("/" + strings.ReplaceAll(name, "\x00", ""))[1:], "/") {
			if part == "" {
				return
			}
			for _, isDir := range []bool{true, false} {
				reason, skip := d.Skip(part, isDir, 1)
				if skip && reason == (ignore.Reason{}) {
					t.Errorf("%q is left out for no reason", part)
				}
				if reason.File != "" && !strings.Contains(lines[reason.Line-1], reason.Pattern) {
					t.Errorf("line %d is %q, not %q", reason.Line, lines[reason.Line-1], reason.Pattern)
				}
			}
			d, _ = d.Enter(part, nil, false)
		}
	})
}

// BenchmarkSkip: a folder has up to a million names.
func BenchmarkSkip(b *testing.B) {
	names := []string{"IMG_20240611_142233.jpg", "report.docx", "a", "node.go", "Makefile", "holiday in the mountains.mp4", ".bashrc", "data.QCOW3"}
	vm := map[string]bool{"vm-images": true}
	rules := ""
	for i := range 20 {
		rules += fmt.Sprintf("*.x%d\n/build%d/\ndocs/**/tmp%d\n", i, i, i)
	}
	for name, c := range map[string]struct {
		o     ignore.Options
		rules string
	}{
		"presets": {}, "all presets and a limit": {ignore.Options{Presets: vm, MaxFileSize: 1 << 30}, ""}, "60 lines": {ignore.Options{}, rules},
	} {
		b.Run(name, func(b *testing.B) {
			d := at(b, root(b, c.o, c.rules), "home/pictures/2024")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, skip := d.Skip(names[i%len(names)], false, 1000); skip {
					b.Fatal(names[i%len(names)])
				}
			}
		})
	}
}

func BenchmarkEnter(b *testing.B) {
	d := at(b, root(b, ignore.Options{}, ""), "home/pictures")
	b.ReportAllocs()
	for b.Loop() {
		d.Enter("2024", nil, false)
	}
}
