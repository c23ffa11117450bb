package ignore_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"roost/syncer/ignore"
)

// tree is a directory with names and files of rules. A path that ends in a slash is a directory.
type tree struct {
	rules map[string]string // by directory, "" or with a slash at its end
	paths []string
}

// verdict is what was said of a path: left out or not, and by which line of which file; line 0 is none.
type verdict struct {
	ignored bool
	file    string // directory of the file that decided, as in tree.rules
	line    int
}

// ours walks the tree as a backup does.
func (tr tree) ours() (map[string]verdict, []ignore.Warning) {
	verdicts := map[string]verdict{}
	none := map[string]bool{}
	for _, p := range ignore.Presets() {
		none[p.Name] = false
	}
	file := func(dir string) *ignore.File {
		text, ok := tr.rules[dir]
		if !ok {
			return nil
		}
		return &ignore.File{Data: []byte(text)}
	}
	root, warnings := ignore.New(ignore.Options{Presets: none}).Root(file(""))
	var walk func(d *ignore.Dir, at string)
	walk = func(d *ignore.Dir, at string) {
		for _, path := range tr.paths {
			rest, below := strings.CutPrefix(path, at)
			name, isDir := strings.CutSuffix(rest, "/")
			if !below || name == "" || strings.Contains(name, "/") {
				continue
			}
			reason, skip := d.Skip(name, isDir, 1)
			v := verdict{skip, strings.TrimSuffix(reason.File, ignore.FileName), reason.Line}
			verdicts[path] = v
			switch {
			case isDir && skip:
				for _, inner := range tr.paths { // git names the line that left the directory out
					if strings.HasPrefix(inner, path) {
						verdicts[inner] = v
					}
				}
			case isDir:
				inner, more := d.Enter(name, file(path), false)
				warnings = append(warnings, more...)
				walk(inner, path)
			}
		}
	}
	walk(root, "")
	return verdicts, warnings
}

// repository is where git is asked.
type repository struct{ dir string }

func newRepository(t testing.TB) repository {
	t.Helper()
	r := repository{t.TempDir()}
	r.git(t, "", "init", "--quiet")
	for key, value := range map[string]string{"core.ignoreCase": "false", "core.excludesFile": os.DevNull, "core.precomposeUnicode": "false"} {
		r.git(t, "", "config", key, value)
	}
	if err := os.WriteFile(filepath.Join(r.dir, ".git", "info", "exclude"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r repository) git(t testing.TB, in string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(in)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 1 && args[0] == "check-ignore" {
		err = nil // nothing is ignored
	}
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, &stderr)
	}
	return string(out)
}

// put makes the tree in the repository's directory under name, without what the file system does not take.
func (r repository) put(t testing.TB, name string, tr *tree) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(r.dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	tr.paths = slices.DeleteFunc(tr.paths, func(path string) bool {
		if runtime.GOOS == "windows" && (strings.ContainsAny(path, "\\*?<>|:\"\n\r\t") || strings.Contains(path+"/", " /") || path == "NUL") {
			return true // it takes some of these, and makes something else of them
		}
		where := filepath.Join(r.dir, name, filepath.FromSlash(path))
		var err error
		if strings.HasSuffix(path, "/") {
			err = os.MkdirAll(where, 0o700)
		} else {
			err = os.WriteFile(where, nil, 0o600)
		}
		if err != nil && runtime.GOOS == "linux" { // which takes any bytes
			t.Fatal(err)
		}
		return err != nil
	})
	for dir, text := range tr.rules {
		if err := os.WriteFile(filepath.Join(r.dir, name, filepath.FromSlash(dir), ".gitignore"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// ask returns what git says of every path of the trees, by the names of their directories.
func (r repository) ask(t testing.TB, trees map[string]*tree) map[string]map[string]verdict {
	t.Helper()
	var in strings.Builder
	answers := map[string]map[string]verdict{}
	for name, tr := range trees {
		answers[name] = map[string]verdict{}
		for _, path := range tr.paths {
			in.WriteString(name + "/" + strings.TrimSuffix(path, "/") + "\x00")
		}
	}
	out := r.git(t, in.String(), "check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin")
	fields := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	if len(fields)%4 != 0 {
		t.Fatalf("git's answer has %d fields", len(fields))
	}
	for f := range slices.Chunk(fields, 4) { // file, line, pattern, path
		name, path, _ := strings.Cut(f[3], "/")
		if !slices.Contains(trees[name].paths, path) {
			path += "/"
		}
		var v verdict
		if f[0] != "" {
			line, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			dir := strings.TrimSuffix(strings.TrimPrefix(f[0], name+"/"), ".gitignore")
			v = verdict{!strings.HasPrefix(f[2], "!"), dir, line}
		}
		answers[name][path] = v
	}
	return answers
}

// compare demands the same verdict for every path of every tree.
func compare(t *testing.T, trees map[string]*tree) {
	t.Helper()
	r := newRepository(t)
	for name, tr := range trees {
		r.put(t, name, tr)
	}
	answers := r.ask(t, trees)
	var asked, ignored int
	for name, tr := range trees {
		ours, _ := tr.ours()
		for _, path := range tr.paths {
			git, known := answers[name][path]
			if !known {
				t.Fatalf("git says nothing of %q", path)
			}
			asked++
			if git.ignored {
				ignored++
			}
			if got := ours[path]; got != git {
				t.Errorf("%s: %q with %q: we say %+v, git %+v", name, path, tr.rules, got, git)
			}
		}
	}
	t.Logf("%d paths, %d of them ignored", asked, ignored)
	if asked == 0 || ignored == 0 || ignored == asked {
		t.Error("that shows nothing")
	}
}

func TestTrickyLinesMeanWhatTheyMeanToGit(t *testing.T) {
	paths := []string{
		"a", "b", "foo", "foo ", "foo  ", `foo\`, "foo\t", "#x", "!x", " x", "x", "é", "\xff", "a\nb", `a\b`, "[a]", "*", "?", "-", "]", "^", "ab", "aB",
		"a-b", "a]b", "foo.log", "keep.log", "foo\r", "NUL", "**",
		"dir/", "dir/foo", "dir/foo.log", "dir/sub/", "dir/sub/foo", "dir/sub/keep.log", "dir/sub/dir/", "dir/sub/dir/foo",
		"keep/", "keep/foo", "keep/sub/", "keep/sub/foo", "keep/x.log",
		"x.d/", "x.d/foo/", "x.d/foo/bar", "x.d/a/", "x.d/a/b/", "x.d/a/b/foo", "x.d/b/", "x.d/b/foo",
	}
	trees := map[string]*tree{}
	for _, text := range []string{
		// spaces and ends of lines
		"foo ", "foo  ", `foo\ `, `foo\  `, `foo\\ `, "foo\t", " x", "foo\r\n", "foo\r", "foo \r\n", "\ufefffoo", "foo/ ", `foo\ /`, "   ", "\n\n#foo\nfoo",
		// first letters
		"#x", `\#x`, "!x", `\!x`, "*\n!#x", "*\n!!x", "*\n!\\!x", "*\n!\\#x", "!", "/", "!/", "//", "///", "\\", "*\n!\\", " #x", "#", "\\/", "!\\/",
		// anchors
		"/foo", "foo/", "/dir/", "dir/foo", "dir/sub/", "/dir/sub/foo", "sub/foo", "/sub", "sub/dir/", "dir//foo", "//foo", "foo//", "/dir/foo/", "./foo", "../a", "dir/.", "/*", "/*/", "*/", "/*/*", "*/*/",
		// stars
		"**", "**/", "/**", "**/foo", "/**/foo", "dir/**", "dir/**/", "dir/**/foo", "**/sub/**", "**/sub/**/foo", "***/foo", "dir/***", "d**r/foo", "dir/**foo", "**foo", "foo**", "**/**", "**/*", "*/**", "a/**/b", "x.d/**/b", "x.d/**/b/", "x.d/**/b/**", "**/a/**/foo", "dir/**/**/foo", "dir\\/foo", `dir/\**`, "*?", "?", "??", "?oo*", "*.*", "*.l?g",
		// what brings back
		"*\n!keep/", "*\n!keep", "*\n!keep/\n!keep/foo", "*.log\n!keep.log", "*.log\n!keep", "dir\n!dir/foo", "dir/*\n!dir/sub", "dir/**\n!dir/sub/", "/*\n!/dir\n/dir/*\n!/dir/sub", "*\n!*/", "*\n!*/\n!*.log", "!foo\nfoo", "foo\n!foo\nfoo", "foo*\n!foo", "**\n!dir/**", "dir/\n!dir", "!foo/\nfoo", "*\n!**/", "*\n!**/foo",
		// brackets
		"[ab]", "[a-b]", "[!a]", "[^a]", "[]]", "[!]]", "[]-a]", "[a-]", "[-a]", "[--0]", "[[]", `[\]]`, `[\[a\]]`, `a[\]]b`, "a[]]b", "a[!]]b", "a[^-]b", "[a", "[", "[]", "[!", "[!]", "[^]", "a[", "[[:alpha:]]", "[[:upper:]]", "a[[:upper:]]", "[[:alpha:]-z]", "[[:bogus:]]", "[[:alpha]", "[[:alpha:]", "[![:alpha:]]", "[[:punct:]]", "[[:space:]]x", "a[[:cntrl:]]b", `[\a-\b]`, "[a-a]", "[*]", "[?]", `[\\]`, `[\*]`, "[a]b", "[a-b-c]", "[!a-b]", "[^!a]", "[[:alpha:][:digit:]]", "[a-[:alpha:]]", "[[-a]", "[:alpha:]",
		// bytes
		"é", "\xff", "?", "[\xff]", "[é]", "[\xc3]\xa9", "a\\\\b", `a\b`, "a?b", "a*b", "a[\x01-\x20]b", `foo\\`, `foo\`, `\f\o\o`, `\**`, `\*\*`, `\?`, `\[a\]`, "fo\\o/", "*\\", "AB", "Ab",
	} {
		trees[fmt.Sprintf("case%d", len(trees))] = &tree{map[string]string{"": text}, slices.Clone(paths)}
	}
	compare(t, trees)
}

// What we do otherwise than git 2.39, which nobody should notice. It takes two stars after a beginning without wildcards
// for two that stand alone, against its own manual; finds no directory for two stars before a protected slash; lets the
// first letter of a range that runs backwards match. It also reads a slash in brackets, and a class without its end:
// there we warn and leave nothing out.
func TestWhereTheManualCountsAndNotGit(t *testing.T) {
	tr := tree{paths: []string{"a", "b", "foo", "dir/", "dir/sub/", "dir/sub/foo", "dir/sub/dir/", "dir/sub/dir/foo"}}
	for line, want := range map[string][]string{
		"dir/s**/foo": {"dir/sub/foo"},
		`**\/foo`:     {"dir/sub/dir/foo", "dir/sub/foo", "foo"},
		"[b-a]":       nil,
		"f[/o]o":      nil,

		"fo[[:alph][[:alpha:]]": nil,
	} {
		tr.rules = map[string]string{"": line}
		verdicts, warnings := tr.ours()
		var got []string
		for path, v := range verdicts {
			if v.ignored {
				got = append(got, path)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) || (len(warnings) > 0) != (line[0] == 'f') {
			t.Errorf("%s left out %q, want %q; warnings %v", line, got, want, warnings)
		}
	}
}

// Lines in directories below take precedence, and mean paths from there.
func TestInnerFilesDecideAsTheyDoForGit(t *testing.T) {
	paths := []string{
		"foo", "x.log", "dir/", "dir/foo", "dir/x.log", "dir/sub/", "dir/sub/foo", "dir/sub/x.log", "dir/sub/deep/", "dir/sub/deep/foo",
		"dir/sub/deep/x.log", "other/", "other/foo", "other/x.log",
	}
	trees := map[string]*tree{}
	for _, rules := range []map[string]string{
		{"": "*.log", "dir/": "!*.log"},
		{"": "*.log", "dir/": "!*.log", "dir/sub/": "*.log", "dir/sub/deep/": "!x.log"},
		{"": "dir", "dir/": "!foo"},
		{"": "dir/*", "dir/": "!sub"},
		{"": "dir/*", "dir/": "!sub", "dir/sub/": "/foo"},
		{"dir/": "/foo"},
		{"dir/": "sub/foo"},
		{"dir/": "**/foo"},
		{"dir/": "dir/foo"},
		{"dir/": "*"},
		{"dir/": "/sub/"},
		{"": "*", "dir/": "!*"},
		{"": "*\n!*/", "dir/sub/": "!foo"},
		{"": "", "dir/": "foo"},
		{"": "!foo", "dir/": "foo", "dir/sub/": "!/foo"},
	} {
		trees[fmt.Sprintf("case%d", len(trees))] = &tree{rules, slices.Clone(paths)}
	}
	compare(t, trees)
}

// Whatever lines and names come together, git and we agree. A seed that does not is in the failure.
func TestAnyLinesMeanWhatTheyMeanToGit(t *testing.T) {
	const seeds = 300
	trees := map[string]*tree{}
	for seed := range uint64(seeds) {
		trees[fmt.Sprintf("seed%d", seed)] = randomTree(rand.New(rand.NewPCG(seed, 7)))
	}
	compare(t, trees)
}

// randomTree makes few names of few letters, so that patterns of the same letters often match.
func randomTree(rnd *rand.Rand) *tree {
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	word := func(most int, from ...string) string {
		var b strings.Builder
		for range 1 + rnd.IntN(most) {
			b.WriteString(pick(from...))
		}
		return b.String()
	}
	tr := &tree{rules: map[string]string{}}
	dirs := []string{""}
	seen := map[string]bool{}
	for range 24 {
		dir := dirs[rnd.IntN(len(dirs))]
		name := word(3, "a", "a", "b", "c", ".", "-", " ", "]", "[", "!", "#", `\`, "\n", "\xff", "é", "*")
		if strings.Trim(name, ".") == "" || seen[dir+name] || strings.Count(dir, "/") > 3 {
			continue
		}
		seen[dir+name] = true
		if rnd.IntN(3) == 0 {
			dirs = append(dirs, dir+name+"/")
			name += "/"
		}
		tr.paths = append(tr.paths, dir+name)
	}
	// Lines without what TestWhereTheManualCountsAndNotGit is about.
	atoms := []string{
		"a", "a", "b", "c", ".", "-", " ", "?", "*", "*", "[ab]", "[!a]", "[a-c]", "[]-]", "[^]a]", "[[:alpha:]]", "[\xc3]",
		"[[:punct:]a]", `[\]]`, "]", `\a`, `\*`, `\[`, `\ `, `\\`, `\`, "!", "#", "\xff", "é",
	}
	name := func(atoms ...string) string {
		text := word(4, atoms...)
		for strings.Contains(text, "**") {
			text = strings.ReplaceAll(text, "**", "*")
		}
		return text
	}
	line := func() string {
		if rnd.IntN(4) == 0 {
			return pick("", "!") + name(append(atoms, "[", "[a", "[[:alpha", "[!", "[[:bogus:]]")...) + pick("", "", "/", " ")
		}
		parts := []string{name(atoms...)}
		for rnd.IntN(2) == 0 {
			parts = append(parts, pick("**", "***", name(atoms...), name(atoms...), name(atoms...)))
		}
		text := pick("", "", "", "", "!", "!", "/", "#", "!/", "**/", " ") + strings.Join(parts, pick("/", "/", "/", "/", "//"))
		return text + pick("", "", "", "", "/", "/", "/**", "/*", " ", "\r", `\ `, `\`, `\/x`)
	}
	for _, dir := range dirs {
		if dir != "" && rnd.IntN(3) > 0 {
			continue
		}
		var b strings.Builder
		for range 1 + rnd.IntN(5) {
			b.WriteString(line() + pick("\n", "\n", "\n", "\r\n", "\n\n"))
		}
		tr.rules[dir] = b.String()
	}
	return tr
}
