package kit

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

const manyRows = 100_000

// filesTable lists rows files, and counts how often a cell was asked for.
func filesTable(rows int) (table *Table, asked *int) {
	asked = new(int)
	table = NewTable("Files", []Column{{Title: "Name", Weight: 3}, {Title: "Size", Weight: 1, Align: fyne.TextAlignTrailing, Muted: true}},
		func() int { return rows },
		func(row, column int) Cell {
			*asked++
			if column == 0 {
				return Cell{Icon: "file", Text: fmt.Sprintf("photo-%06d.jpg", row)}
			}
			return Cell{Text: "4.2 MB"}
		})
	return table, asked
}

// A list asks for what is seen, so that a hundred thousand files are no slower than a hundred.
func TestATableOfManyRowsDrawsOnlyWhatIsSeen(t *testing.T) {
	useTheme(t, theme.VariantLight)
	table, asked := filesTable(manyRows)
	window(t, table.Root, fyne.NewSize(600, 500))
	for row := 0; row < manyRows; row += manyRows / 50 {
		table.ScrollTo(row)
	}
	if *asked == 0 || *asked > 5_000 {
		t.Errorf("50 screens of 14 rows asked for %d cells", *asked)
	}
}

func TestATableIsUsedWithTheKeyboardAlone(t *testing.T) {
	useTheme(t, theme.VariantLight)
	table, _ := filesTable(10)
	selected, opened := -1, -1
	table.OnSelect = func(row int) { selected = row }
	table.OnOpen = func(row int) { opened = row }
	c := window(t, table.Root, fyne.NewSize(600, 300)).Canvas()
	c.FocusNext()
	for _, key := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeySpace, fyne.KeyReturn} {
		c.Focused().TypedKey(&fyne.KeyEvent{Name: key})
	}
	if selected != 2 || opened != 2 {
		t.Errorf("selected %d, opened %d, want 2", selected, opened)
	}
}

// The row that the keyboard is at has the ring that every other control has, and no row under the mouse does.
func TestTheRowThatTheKeyboardIsAtHasARing(t *testing.T) {
	useTheme(t, theme.VariantLight)
	table, _ := filesTable(10)
	tree := NewTree("Folders", func(id string) []string {
		if id == "" {
			return []string{"Photos", "Work"}
		}
		return nil
	}, func(id string) bool { return id == "" }, func(id string) Cell { return Cell{Icon: "folder", Text: id} })
	both := Browser(tree, table)
	c := window(t, both, fyne.NewSize(800, 400)).Canvas()
	var name func(o fyne.CanvasObject) string
	name = func(o fyne.CanvasObject) string {
		switch x := o.(type) {
		case *cellView:
			return x.shown.Text
		case *fyne.Container:
			for _, child := range x.Objects {
				if said := name(child); said != "" {
					return said
				}
			}
		}
		return ""
	}
	ringed := func() (at []string) {
		for _, o := range test.LaidOutObjects(both) {
			row, ok := o.(*fyne.Container)
			if !ok || len(row.Objects) == 0 {
				continue
			}
			if r, ok := row.Objects[0].(*canvas.Rectangle); ok && r.StrokeWidth == 2 && r.StrokeColor == colour(ColourFocus) {
				at = append(at, name(row))
			}
		}
		return at
	}
	if at := ringed(); len(at) != 0 {
		t.Errorf("before the keyboard came there are rings at %v", at)
	}
	for _, x := range []struct {
		focus         fyne.Focusable
		first, second string
	}{{tree, "Photos", "Work"}, {table.list, "photo-000000.jpg", "photo-000001.jpg"}} {
		c.Focus(x.focus)
		first := ringed()
		x.focus.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
		if second := ringed(); !slices.Equal(first, []string{x.first}) || !slices.Equal(second, []string{x.second}) {
			t.Errorf("%T: the ring is at %q, and at %q one row further down", x.focus, first, second)
		}
	}
	table.list.OnHighlighted(5) // by the mouse
	if at := ringed(); len(at) != 1 {
		t.Errorf("with the mouse on another row there are rings at %v", at)
	}
	c.Unfocus()
	if at := ringed(); len(at) != 0 {
		t.Errorf("after the keyboard left there are rings at %v", at)
	}
}

func TestEnterSelectsInATree(t *testing.T) {
	useTheme(t, theme.VariantLight)
	var got string
	tree := NewTree("Folders", func(id string) []string {
		if id == "" {
			return []string{"Photos", "Work"}
		}
		return nil
	}, func(id string) bool { return id == "" }, func(id string) Cell { return Cell{Text: id} })
	tree.OnSelected = func(id string) { got = id }
	window(t, tree, fyne.NewSize(400, 400)).Canvas().Focus(tree)
	for _, key := range []fyne.KeyName{fyne.KeyDown, fyne.KeyReturn} {
		tree.TypedKey(&fyne.KeyEvent{Name: key})
	}
	if got != "Work" {
		t.Errorf("selected %q", got)
	}
}

func TestATreeAsksOnlyForWhatIsOpened(t *testing.T) {
	useTheme(t, theme.VariantLight)
	var asked []string
	tree := NewTree("Folders", func(id string) []string {
		asked = append(asked, id)
		if id == "" {
			return []string{"Photos", "Work"}
		}
		return []string{id + "/2024", id + "/2025"}
	}, func(string) bool { return true }, func(id string) Cell { return Cell{Icon: "folder", Text: id} })
	table, _ := filesTable(3)
	window(t, Browser(tree, table), fyne.NewSize(800, 400))
	for _, id := range asked {
		if id != "" {
			t.Fatalf("%s was read before it was opened", id)
		}
	}
	tree.OpenBranch("Photos")
	seen := map[string]bool{}
	for _, id := range asked {
		seen[id] = true
	}
	if !seen["Photos"] || seen["Work"] {
		t.Errorf("opening Photos read %v", asked)
	}
}

// First paint of 100,000 rows, and a scroll from one end of the list to the other.
func BenchmarkTableFirstPaint(b *testing.B) {
	useTheme(b, theme.VariantLight)
	for b.Loop() {
		c := software.NewCanvas()
		table, _ := filesTable(manyRows)
		c.SetContent(table.Root)
		c.Resize(fyne.NewSize(900, 600))
		c.Capture()
	}
}

func BenchmarkTableScroll(b *testing.B) {
	useTheme(b, theme.VariantLight)
	c := software.NewCanvas()
	table, _ := filesTable(manyRows)
	c.SetContent(table.Root)
	c.Resize(fyne.NewSize(900, 600))
	var slowest time.Duration
	row := 0
	for b.Loop() {
		row = (row + 7919) % manyRows
		start := time.Now()
		table.ScrollTo(row)
		slowest = max(slowest, time.Since(start))
	}
	b.ReportMetric(float64(slowest.Microseconds()), "µs-slowest")
}

// Who opens something with the keyboard goes on in what took its place, and not at the beginning of the window.
func TestTheKeyboardGoesOnInTheViewThatWasOpened(t *testing.T) {
	useTheme(t, theme.VariantLight)
	table, _ := filesTable(3)
	back := NewButton(Quiet, "chevron-left", "Back", func() {})
	view := VBox(4, NewParagraph("A file"), HBox(4, back, NewButton(Primary, "", "Restore", func() {})))
	body := container.NewStack(table.Root)
	table.OnOpen = func(int) { body.Objects = []fyne.CanvasObject{view}; body.Refresh() }
	side := NewButton(Secondary, "", "Home", func() {})
	c := window(t, VBox(4, side, Fixed(400, 300, body)), fyne.NewSize(600, 400)).Canvas()
	c.Focus(table.list)
	table.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if c.Focused() != back {
		t.Errorf("%T has the keyboard", c.Focused())
	}

	// What could do harm, were the key held down, does not get it.
	body.Objects = []fyne.CanvasObject{table.Root}
	body.Refresh()
	view.Objects = []fyne.CanvasObject{NewButton(Danger, "", "Delete", func() { t.Error("deleted") })}
	c.Focus(table.list)
	for range 3 {
		c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	}
	if c.Focused() != table.list {
		t.Errorf("%T has the keyboard", c.Focused())
	}
}
