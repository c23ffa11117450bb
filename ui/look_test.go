package ui

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/theme"

	"roost/syncer"
)

// A text that Fyne looked up would stay in the language of the system.
func TestEveryTextIsSaidInTheLanguageThatWasChosen(t *testing.T) {
	for _, pattern := range []string{"*.go", "kit/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, name := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range parsed.Imports {
				if x.Path.Value == `"fyne.io/fyne/v2/lang"` {
					t.Errorf("%s imports %s, not roost/ui/lang", name, x.Path.Value)
				}
			}
		}
	}
}

// A restore that runs is not torn from its screen because somebody changes the language: that waits for its end.
func TestTheLanguageWaitsForARestore(t *testing.T) {
	d := sampleDesk(t, "en", theme.VariantLight)
	t.Cleanup(func() { worn = syncer.Look{} })
	browsingStates()["restore-running"](d)
	now := sampleNow()
	now.Look = syncer.Look{Language: "de", Theme: "system"}
	d.w.draw(now)
	d.sees("Restore Pictures")
	d.w.Show(Home)
	d.sees("Folders")
	restore := d.w.screens[Restore].(*restoring)
	restore.run.state, restore.run.total = runOver, outcome{files: 1206, targets: []string{"/home/ana/Pictures"}}
	d.w.draw(now)
	d.sees("Ordner")
	d.w.Show(Restore)
	d.sees("1.206")
}

// What a Roost that does not know of a look says, changes none.
func TestNoLookChangesNothing(t *testing.T) {
	d := sampleDesk(t, "es", theme.VariantDark)
	t.Cleanup(func() { worn = syncer.Look{} })
	now := sampleNow()
	d.w.draw(now)
	d.settle()
	before := drawing(d.w.over.Canvas())
	for _, look := range []syncer.Look{{}, {Language: "system", Theme: "system"}} {
		now.Look = look
		d.w.draw(now)
		d.settle()
		if after := drawing(d.w.over.Canvas()); after != before {
			t.Errorf("%+v: %s", look, firstDifference(after, before))
		}
	}
}
