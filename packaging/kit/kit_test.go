package kit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// madeParts is what make kit writes, with small programs.
func madeParts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var sums strings.Builder
	for _, name := range parts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256([]byte(name)), name)
	}
	if err := os.WriteFile(filepath.Join(dir, sumsFile), []byte(sums.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestKitHasEverythingItsGuideNeeds(t *testing.T) {
	from := madeParts(t)
	for _, platform := range Platforms {
		dir := filepath.Join(t.TempDir(), "kit")
		o := Options{Dir: dir, Platform: platform, Name: "O'Neill", Limit: 5e11, Address: []string{"a.example.org:443"}, Parts: from}
		w, err := Write(o)
		if !errors.Is(err, ErrOptions) { // a quote has no place in the files
			t.Fatalf("%s: %+v, %v", platform, w, err)
		}
		o.Name = "Pi – Küche"
		for range 2 { // also over an earlier one
			if w, err = Write(o); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range w.Files {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || len(data) == 0 {
				t.Fatalf("%s: %s: %d bytes, %v", platform, name, len(data), err)
			}
			text := string(data)
			for _, word := range []string{"@PLATFORM@", "@DEFAULTS@", "@SUMS@", "@LIMITS@", "@NAME@", "@LIMIT@", "@PORT@"} {
				if strings.Contains(text, word) {
					t.Errorf("%s: %s still says %s", platform, name, word)
				}
			}
			if strings.HasSuffix(name, ".sh") {
				if out, err := exec.CommandContext(t.Context(), "sh", "-n", filepath.Join(dir, name)).CombinedOutput(); err != nil {
					t.Errorf("%s: %s: %v\n%s", platform, name, err, out)
				}
				if !strings.Contains(text, fmt.Sprintf("%x ipfs-arm64", sha256.Sum256([]byte("ipfs-arm64")))) {
					t.Errorf("%s: %s does not know its parts", platform, name)
				}
			}
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != len(w.Files) {
			t.Errorf("%s: %d files, %d are told; %v", platform, len(entries), len(w.Files), err)
		}
	}
}

// What would be copied to the other machine damaged is found here, and no script is left that would run on it.
func TestDamagedPartIsNotPassedOn(t *testing.T) {
	from, dir := madeParts(t), filepath.Join(t.TempDir(), "kit")
	o := Options{Dir: dir, Platform: "pi", Parts: from}
	if _, err := Write(o); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "ipfs-arm64"), []byte("ipfs-arm65"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(o); !errors.Is(err, ErrNoParts) {
		t.Errorf("%v, want %v", err, ErrNoParts)
	}
	for _, name := range []string{"install.sh", "ipfs-arm64"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestKitIsRefusedInWords(t *testing.T) {
	from, full := madeParts(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "diary"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	half := madeParts(t)
	if err := os.WriteFile(filepath.Join(half, sumsFile), []byte("no sums\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Options)
		want   error
	}{
		"platform":      {func(o *Options) { o.Platform = "toaster" }, ErrOptions},
		"no folder":     {func(o *Options) { o.Dir = "" }, ErrOptions},
		"port":          {func(o *Options) { o.Port = 70000 }, ErrOptions},
		"limit":         {func(o *Options) { o.Limit = -1 }, ErrOptions},
		"name":          {func(o *Options) { o.Name = "$(reboot)" }, ErrOptions},
		"long name":     {func(o *Options) { o.Name = strings.Repeat("a", 100) }, ErrOptions},
		"address":       {func(o *Options) { o.Address = []string{"a b"} }, ErrOptions},
		"full folder":   {func(o *Options) { o.Dir = full }, ErrNotEmpty},
		"no parts":      {func(o *Options) { o.Parts = full }, ErrNoParts},
		"parts unknown": {func(o *Options) { o.Parts = half }, ErrNoParts},
	} {
		o := Options{Dir: filepath.Join(t.TempDir(), "kit"), Platform: "pi", Parts: from}
		c.change(&o)
		if _, err := Write(o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestSizeIsReadAsPeopleWriteIt(t *testing.T) {
	for text, want := range map[string]int64{"500GB": 5e11, "1.5 TB": 15e11, "400g": 4e11, "12": 12, "0": 0} {
		if got, err := Size(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "much", "-1GB", "1.55TB", "99999999999999TB", "5 PB", "1e9"} {
		if got, err := Size(text); !errors.Is(err, ErrOptions) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
