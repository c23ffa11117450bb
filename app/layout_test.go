package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers lists every package of the repository with the packages of the repository that it may
// import. A new package, or a new arrow between two, is a decision to take in this table.
var layers = map[string][]string{
	"app": {
		"app/early", "assets", "syncer", "syncer/disk", "syncer/guide", "syncer/report", "syncer/sheet", "ui", "watcher",
		"vault", "vault/archive", "vault/catalog", "vault/format", "vault/keystore", "vault/node", "vault/node/code", "packaging/kit",
		"packaging/kit/install",
	},
	"ui": {
		"assets", "syncer", "syncer/guide", "syncer/sheet", "ui/kit", "ui/lang",
		"packaging/kit", "packaging/kit/install", "vault/node/code",
	},
	"ui/kit":    {"assets"},
	"ui/reader": {"ui/kit"},
	"ui/lang":   {"assets"},
	"syncer": {
		"syncer/disk", "syncer/host", "syncer/ignore", "watcher",
		"vault", "vault/archive", "vault/catalog", "vault/format", "vault/keystore", "vault/node", "vault/node/code", "vault/node/nearby",
		"vault/node/private", "vault/plain",
	},
	"syncer/disk":           {"vault/format"},
	"syncer/guide":          {"syncer", "syncer/disk", "syncer/sheet", "vault/keystore"},
	"syncer/letters":        {"assets"},
	"syncer/sheet":          {"syncer/letters"},
	"syncer/report":         {"syncer", "syncer/letters"},
	"syncer/host":           {},
	"syncer/ignore":         {},
	"syncer/killtest":       {},
	"watcher":               {},
	"vault":                 {"vault/catalog", "vault/format", "vault/keystore", "vault/node"},
	"vault/archive":         {"vault/format", "vault/node"},
	"vault/plain":           {"vault/node"},
	"vault/keystore":        {"vault/format"},
	"vault/format":          {},
	"vault/node":            {"vault/node/private", "vault/node/quiet"},
	"vault/node/quiet":      {},
	"vault/node/private":    {"vault/node/quiet"},
	"vault/node/code":       {"vault/node/private"},
	"vault/node/nearby":     {"vault/node/code", "vault/node/private"},
	"packaging/kit":         {"vault/node/code"},
	"packaging/kit/install": {"packaging/kit", "syncer", "vault/node/code"},
	"packaging/roost-node":  {"packaging/kit", "vault/node/code", "vault/node/nearby", "vault/node/private", "vault/node/quiet"},
	"vault/node/nodetest":   {"vault/node"},
	"vault/catalog":         {},
	"assets":                {},
	"app/early":             {},
	"packaging/bench":       {},
}

// topLevel is what may lie in the root of the repository, beside dotfiles.
var topLevel = []string{
	"app", "ui", "watcher", "syncer", "vault", "assets", "packaging",
	"go.mod", "go.sum", "FyneApp.toml", "README.md", "Makefile", "LICENSE",
	"bin", "dist", // built, never committed
}

const (
	repoRoot   = ".."
	modulePath = "roost"
)

// goSource is one Go file with what it imports. Build constraints do not hide a file: what only
// another system or another tag compiles counts as well.
type goSource struct {
	pkg     string // path of its package below the module
	file    string // path below the repository
	test    bool
	imports []string
}

func TestImportsFollowTheLayers(t *testing.T) {
	for _, src := range goSources(t) {
		allowed, known := layers[src.pkg]
		if !known {
			t.Errorf("%s: package %s has no place in the layers", src.file, src.pkg)
			continue
		}
		if src.test { // a test may use its own package from outside, a node to test against, a place for keys, its code, a killer, and eyes
			allowed = append(slices.Clone(allowed), src.pkg, "vault/archive", "vault/keystore", "vault/node", "vault/node/nodetest", "syncer/killtest", "ui/reader", "vault/node/code")
		}
		for _, path := range src.imports {
			ours, ok := strings.CutPrefix(path, modulePath+"/")
			if ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s: %s must not import %s", src.file, src.pkg, ours)
			}
		}
	}
}

// TestOnlyTestsMakeCheapKeyFiles: the program itself never asks for less than keystore's own cost.
func TestOnlyTestsMakeCheapKeyFiles(t *testing.T) {
	for _, src := range goSources(t) {
		if src.test || src.pkg == "vault/keystore" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(repoRoot, src.file))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("CheapFiles")) {
			t.Errorf("%s makes cheap key files", src.file)
		}
	}
}

func TestFyneStopsAtTheWindow(t *testing.T) {
	starters := make(map[string]bool)
	for _, src := range goSources(t) {
		if !slices.ContainsFunc(src.imports, isFyne) || src.pkg == "ui" || strings.HasPrefix(src.pkg, "ui/") {
			continue
		}
		if src.pkg == "app" && !src.test {
			starters[src.file] = true
			continue
		}
		t.Errorf("%s: package %s must not import Fyne", src.file, src.pkg)
	}
	if len(starters) > 1 {
		t.Errorf("one file of app starts Fyne, these do: %v", starters)
	}
}

func TestHeadlessBuildHasNoWindow(t *testing.T) {
	for _, pkg := range goList(t, "-deps", "-tags", "headless", "./app") {
		if isFyne(pkg.ImportPath) || strings.HasPrefix(pkg.ImportPath, "github.com/go-gl/") {
			t.Errorf("the headless build contains %s", pkg.ImportPath)
		}
	}
}

func TestTopLevelHoldsOnlyWhatItMay(t *testing.T) {
	entries, err := os.ReadDir(repoRoot)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) {
			t.Errorf("%s has no place at the top level", name)
		}
	}
}

func isFyne(path string) bool { return strings.HasPrefix(path, "fyne.io/") }

// goSources reads the imports of every Go file of every package of the repository.
func goSources(t *testing.T) []goSource {
	t.Helper()
	base, err := filepath.Abs(repoRoot)
	if err != nil {
		t.Fatal(err)
	}
	var found []goSource
	for _, pkg := range goList(t, "-e", "./...") {
		for _, name := range slices.Concat(
			pkg.GoFiles, pkg.CgoFiles, pkg.IgnoredGoFiles, pkg.TestGoFiles, pkg.XTestGoFiles,
		) {
			path := filepath.Join(pkg.Dir, name)
			parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			file, err := filepath.Rel(base, path)
			if err != nil {
				t.Fatal(err)
			}
			src := goSource{
				pkg:  strings.TrimPrefix(pkg.ImportPath, modulePath+"/"),
				file: filepath.ToSlash(file),
				test: strings.HasSuffix(name, "_test.go"),
			}
			for _, spec := range parsed.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				src.imports = append(src.imports, imported)
			}
			found = append(found, src)
		}
	}
	if len(found) == 0 {
		t.Fatal("go list found no source file")
	}
	return found
}

// goPackage is what these tests need of a package that `go list -json` describes.
type goPackage struct {
	Dir, ImportPath string

	GoFiles, CgoFiles, IgnoredGoFiles []string
	TestGoFiles, XTestGoFiles         []string
}

// goList runs `go list -json` in the root of the repository.
func goList(t *testing.T, args ...string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json"}, args...)...)
	cmd.Dir = repoRoot
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var pkgs []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg goPackage
		err := dec.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatalf("read the answer of go list: %v", err)
		}
		pkgs = append(pkgs, pkg)
	}
}
