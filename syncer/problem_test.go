package syncer

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryExportedErrorHasARow: whoever adds an error that callers branch on says what a person reads.
func TestEveryExportedErrorHasARow(t *testing.T) {
	table, err := os.ReadFile("problem.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, dir := range []string{".", "disk", "../watcher", "../vault", "../vault/archive", "../vault/format", "../vault/node", "../vault/node/code", "../vault/node/private", "../vault/catalog", "../vault/keystore"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				g, ok := d.(*ast.GenDecl)
				if !ok || g.Tok != token.VAR {
					continue
				}
				for _, s := range g.Specs {
					for _, n := range s.(*ast.ValueSpec).Names {
						if !strings.HasPrefix(n.Name, "Err") {
							continue
						}
						found++
						name := n.Name
						if dir != "." {
							name = f.Name.Name + "." + name
						}
						if !strings.Contains(string(table), "{"+name+",") {
							t.Errorf("%s has no row in the problem table", name)
						}
					}
				}
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d errors were found: does the test still look in the right place?", found)
	}
}

// TestNothingIsSaidTwice: the error's own words stand beside the row's only where they say more.
func TestNothingIsSaidTwice(t *testing.T) {
	for _, r := range problems {
		if p := Describe(r.err); p.Detail != "" {
			t.Errorf("%q is followed by %q", p.Title, p.Detail)
		}
		p := Describe(fmt.Errorf("%w: the reason", r.err))
		if says := p.Detailed || p.Exit == ExitUsage || p.Exit == ExitHome; says != (p.Detail == "The reason.") {
			t.Errorf("%q with a reason is followed by %q", p.Title, p.Detail)
		}
	}
}
