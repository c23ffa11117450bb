package kit

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

var numbers = regexp.MustCompile(`-?\d+(\.\d+)?`)

// TestATrendStaysInItsPicture whatever it is given, and draws what is to come only where that is known.
func TestATrendStaysInItsPicture(t *testing.T) {
	past := func(n int, step float64) (out []TrendPoint) {
		for i := range n {
			out = append(out, TrendPoint{float64(i), 100 + step*float64(i)})
		}
		return out
	}
	for _, c := range []struct {
		name   string
		data   TrendData
		lines  int // paths
		dashed int
	}{
		{"nothing", TrendData{}, 0, 0},
		{"one point", TrendData{Past: past(1, 1)}, 0, 0},
		{"two at one time", TrendData{Past: []TrendPoint{{1, 5}, {1, 6}}}, 0, 0},
		{"a line", TrendData{Past: past(30, 1)}, 2, 0},
		{"partly worked out", TrendData{Past: past(30, 1), Rough: 10}, 3, 0},
		{"all worked out", TrendData{Past: past(30, 1), Rough: 30}, 2, 0},
		{"with a limit in sight", TrendData{Past: past(30, 1), Most: 160}, 3, 1},
		{"with a limit far away", TrendData{Past: past(30, 1), Most: 1e6}, 2, 0},
		{"full soon", TrendData{Past: past(30, 1), Most: 160, Full: 60, Early: 50, Late: 75}, 5, 2},
		{"full in years", TrendData{Past: past(30, 1), Most: 1e5, Full: 9e4, Early: 8e4, Late: 2e5}, 5, 2},
		{"zeros", TrendData{Past: []TrendPoint{{0, 0}, {1, 0}, {2, 0}}}, 2, 0},
	} {
		svg := trendSVG(c.data, fyne.NewSize(300, 130), trendColours{"#111111", "#222222", "#333333"})
		dec := xml.NewDecoder(strings.NewReader(svg))
		lines, dashed := 0, 0
		for {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", c.name, err, svg)
			}
			e, ok := token.(xml.StartElement)
			if !ok || e.Name.Local != "path" {
				continue
			}
			lines++
			for _, a := range e.Attr {
				if a.Name.Local == "stroke-dasharray" {
					dashed++
				}
				if a.Name.Local != "d" {
					continue
				}
				for _, text := range numbers.FindAllString(a.Value, -1) {
					if n, err := strconv.ParseFloat(text, 64); err != nil || n < 0 || n > 300 || math.IsNaN(n) {
						t.Errorf("%s: %s lies outside: %s", c.name, text, a.Value)
					}
				}
			}
		}
		if lines != c.lines || dashed != c.dashed || strings.Contains(svg, "NaN") {
			t.Errorf("%s: %d lines of which %d dashed, want %d and %d", c.name, lines, dashed, c.lines, c.dashed)
		}
	}
}
