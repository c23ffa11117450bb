package ignore_test

import (
	"strings"
	"testing"

	"roost/syncer/ignore"
)

// left says which preset leaves name out in the folder at dirs.
func left(t *testing.T, o ignore.Options, dirs, name string) string {
	t.Helper()
	name, isDir := strings.CutSuffix(name, "/")
	reason, skip := at(t, root(t, o, ""), dirs).Skip(name, isDir, 1)
	if skip != (reason.Preset != "") {
		t.Errorf("%s in %s: skipped %v for %+v", name, dirs, skip, reason)
	}
	return reason.Preset
}

func TestPresetsLeaveOutWhatTheyShow(t *testing.T) {
	for _, p := range ignore.Presets() {
		if p.Name == "" || p.About == "" || len(p.Names) == 0 {
			t.Errorf("%+v cannot be shown", p)
		}
		for _, switched := range []bool{true, false} {
			o := ignore.Options{Presets: map[string]bool{p.Name: switched, "no such preset": true}}
			want := ""
			if switched {
				want = p.Name
			}
			for _, name := range p.Names {
				name = strings.ReplaceAll(name, "*", "1000")
				dirs := ""
				if i := strings.LastIndexByte(strings.TrimSuffix(name, "/"), '/'); i >= 0 {
					dirs, name = name[:i], name[i+1:]
				}
				for _, above := range []string{"", "home/me/"} {
					if got := left(t, o, above+dirs, name); got != want {
						t.Errorf("%s in %q: left out by %q, want %q", name, above+dirs, got, want)
					}
				}
				other := name + "/" // what is a file for a directory, and the other way round
				if strings.HasSuffix(name, "/") {
					other = strings.TrimSuffix(name, "/")
				}
				if got := left(t, o, dirs, other); got != "" {
					t.Errorf("%s is left out by %q", other, got)
				}
			}
		}
		if got := left(t, ignore.Options{}, "", lastName(p.Names[0])); (got != "") != p.Default {
			t.Errorf("%s by default: %s left out by %q", p.Name, p.Names[0], got)
		}
	}
}

func lastName(name string) string {
	name = strings.ReplaceAll(name, "*", "1000")
	whole, isDir := strings.CutSuffix(name, "/")
	whole = whole[strings.LastIndexByte(whole, '/')+1:]
	if isDir {
		whole += "/"
	}
	return whole
}

func TestPresetsLeaveWhatOnlyLooksAlike(t *testing.T) {
	all := map[string]bool{}
	for _, p := range ignore.Presets() {
		all[p.Name] = true
	}
	for name, dirs := range map[string]string{
		"cache/": "", ".cache": "", "Caches/": "Documents", "Trash/": "local/share", ".trash/": "", "share/": ".local", "node_modules": "",
		"x.vmdk.txt": "", "vmdk": "", "Node_modules/": "", "photo.raw": "", "Temp/": "AppData", "x.thisisaverylongextension": "", ".": "", "x.": "",
	} {
		if got := left(t, ignore.Options{Presets: all}, dirs, name); got != "" {
			t.Errorf("%s in %q is left out by %q", name, dirs, got)
		}
	}
	if got := left(t, ignore.Options{Presets: all}, "", "Windows 11.VHDX"); got != "vm-images" {
		t.Errorf("an extension in capitals is left out by %q", got)
	}
}

// Who picks ~/Library wants no more of its caches than who picks all of the home.
func TestPresetsOfSeveralNamesCountWhereTheFolderIsPartOfThem(t *testing.T) {
	for path, name := range map[string]string{
		"/Users/me/Library": "Caches/", "/Users/me/Library/": "Caches/", "C:/Users/me/AppData/Local": "Temp/", "/home/me/.local/share": "Trash/",
	} {
		if left(t, ignore.Options{Path: path}, "", name) == "" {
			t.Errorf("%s is kept in %s", name, path)
		}
		if got := left(t, ignore.Options{Path: path}, "sub", name); got != "" {
			t.Errorf("sub/%s is left out by %q in %s", name, got, path)
		}
	}
}

func TestATaggedCacheIsKeptAsAnEmptyOne(t *testing.T) {
	d := root(t, ignore.Options{}, "!precious")
	cache, _ := d.Enter("cache", nil, true)
	for name, want := range map[string]string{"data": "caches", "CACHEDIR.TAG": "", "precious": "", ".roostignore": ""} {
		if got, skip := cache.Skip(name, false, 1); got.Preset != want || skip != (want != "") {
			t.Errorf("%s: skipped %v, %v", name, skip, got)
		}
	}
	if _, skip := cache.Skip("sub", true, 0); !skip {
		t.Error("a directory in a cache is kept")
	}
	off, _ := ignore.New(ignore.Options{Presets: map[string]bool{"caches": false}}).Root(nil)
	if off, _ = off.Enter("cache", nil, true); off != nil {
		if got, skip := off.Skip("data", false, 1); skip {
			t.Errorf("the preset is off, and yet: %v", got)
		}
	}
}

func TestOnlyTheRightSignatureMakesACache(t *testing.T) {
	const signature = "Signature: 8a477f597d28d172789f06886806bc55"
	for head, want := range map[string]bool{
		signature: true, signature + "\n# a comment": true, signature + "x": true,
		"": false, "Signature: ": false, " " + signature: false, strings.ToUpper(signature): false, signature[:len(signature)-1]: false,
	} {
		if got := ignore.IsCacheTag([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
	if ignore.CacheTagSize != len(signature) {
		t.Errorf("a reader would stop after %d bytes", ignore.CacheTagSize)
	}
}
