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

// A restore that runs stays on its screen when somebody changes the language.
func TestTheLanguageChangesBesideARestore(t *testing.T) {
	d := sampleDesk(t, "en", theme.VariantLight)
	t.Cleanup(func() { worn = syncer.Look{} })
	browsingStates()["restore-running"](d)
	now := sampleNow()
	now.Restore = d.w.now.Restore
	now.Look = syncer.Look{Language: "de", Theme: "system"}
	d.w.draw(now)
	d.sees("Restore Pictures", "Anhalten", "500 von 1.206")
	d.w.Show(Home)
	d.sees("Ordner", "Restore Pictures", "Sehen, wie weit es ist")
	now.Restore = sampleRun(syncer.ErrandOver, syncer.Restored{Files: 1206, Targets: []string{"/home/ana/Pictures"}})
	d.w.Show(Restore)
	d.w.draw(now)
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
