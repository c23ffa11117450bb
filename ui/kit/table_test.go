package kit

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
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
