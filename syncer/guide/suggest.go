package guide

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Suggestion is a folder that most people would miss.
type Suggestion struct {
	Path  string
	Usual bool // most people keep it; others only suggest itself
}

// kinds are the folders that systems make for a person: the name on most systems, and in the settings of Linux desktops.
var kinds = []struct {
	name, xdg string
	usual     bool
}{
	{"Documents", "XDG_DOCUMENTS_DIR", true},
	{"Pictures", "XDG_PICTURES_DIR", true},
	{"Desktop", "XDG_DESKTOP_DIR", true},
	{"Music", "XDG_MUSIC_DIR", true},
	{"Videos", "XDG_VIDEOS_DIR", true},
	{"Movies", "", true}, // macOS
	{"Downloads", "XDG_DOWNLOAD_DIR", false},
}

// Suggested lists the folders below home that exist, in the order of how much they are missed. None lies in another one.
func Suggested(home string) []Suggestion {
	named := map[string]string{}
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		named = userDirs(home)
	}
	var out []Suggestion
	for _, k := range kinds {
		path := filepath.Join(home, k.name)
		if given := named[k.xdg]; given != "" && k.xdg != "" {
			path = given
		}
		if fi, err := os.Stat(path); err != nil || !fi.IsDir() || path == home {
			continue // not on this computer
		}
		if !slices.ContainsFunc(out, func(s Suggestion) bool { return inside(path, s.Path) || inside(s.Path, path) }) {
			out = append(out, Suggestion{path, k.usual})
		}
	}
	return out
}

func inside(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// userDirs reads where a Linux desktop has these folders. Without the file, they have their usual names.
func userDirs(home string) map[string]string {
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		config = filepath.Join(home, ".config")
	}
	f, err := os.Open(filepath.Join(config, "user-dirs.dirs"))
	if err != nil {
		return nil
	}
	defer f.Close()
	return parseUserDirs(io.LimitReader(f, 64<<10), home)
}

// parseUserDirs reads lines of the form XDG_MUSIC_DIR="$HOME/Musik". Others are passed over, as is a folder that is the
// home itself, which says that there is none.
func parseUserDirs(r io.Reader, home string) map[string]string {
	dirs := map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if !ok || !strings.HasPrefix(name, "XDG_") || len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
			continue
		}
		value = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\$`, `$`, "\\`", "`").Replace(value[1 : len(value)-1])
		if rest, ok := strings.CutPrefix(value, "$HOME"); ok && (rest == "" || rest[0] == '/') {
			value = home + rest
		}
		if value = filepath.Clean(value); filepath.IsAbs(value) && value != filepath.Clean(home) {
			dirs[name] = value
		}
	}
	return dirs
}
