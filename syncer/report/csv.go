// Package report writes down what a backup takes: as a table for a spreadsheet, and as a page to print.
package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"roost/syncer"
)

// CSV writes a space as one table with a number in each row: what it is about, its name, the device, the time and the measure.
// Sizes are bytes.
func CSV(w io.Writer, s *syncer.Space, now time.Time) error {
	t := &table{Writer: csv.NewWriter(w), now: now}
	t.row("about", "name", "device", "time", "measure", "value")
	t.sizes("backup", "", "", "used", s.Used, "reclaimable", s.Reclaimable)
	for _, x := range s.Storages {
		t.sizes("storage", x.Name, "", "used", x.Used, "repo_size", x.RepoSize, "quota", x.Quota, "limit", x.Limit, "disk", x.Disk,
			"sent_this_month", x.Sent, "received_this_month", x.Received)
		if f := x.Full; f != nil {
			t.sizes("forecast", x.Name, "", "per_day", f.PerDay)
			t.at("forecast", x.Name, "earliest", f.Earliest)
			t.at("forecast", x.Name, "full", f.Full)
			t.at("forecast", x.Name, "latest", f.Latest)
		}
	}
	for _, x := range s.Devices {
		t.sizes("device", x.Name, x.Name, "used", x.Used, "used_by_no_other", x.Alone, "versions", int64(x.Versions))
	}
	for _, x := range s.Folders {
		t.sizes("folder", x.Path, x.Device, "bytes", x.Bytes, "files", x.Files, "versions", int64(x.Versions),
			"content_of_newest", x.Newest, "content_of_older", x.Older)
	}
	if k := s.Kept; k != nil {
		t.now = k.Time
		t.sizes("versions", "", "", "versions", int64(k.Versions), "newest", k.Newest, "older", k.Older, "index", k.Index, "logical", k.Logical,
			"logical_of_all", k.AllLogical, "saved_by_dedup", k.Dedup, "saved_by_compression", k.Compression)
		for _, x := range k.Files {
			t.sizes("large_file", x.Path, x.Device, "bytes", x.Bytes)
		}
		for _, x := range k.Dirs {
			t.sizes("large_folder", x.Path, x.Device, "bytes", x.Bytes, "files", x.Files)
		}
	}
	for _, p := range s.Growth {
		measure := "used"
		if p.Rough {
			measure = "used_roughly"
		}
		t.now = p.Time
		t.sizes("growth", "", "", measure, p.Bytes)
	}
	t.Flush()
	if err := t.Error(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// table is a CSV on its way; its writer keeps the first error.
type table struct {
	*csv.Writer
	now time.Time // that rows are about
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = cell(c)
	}
	_ = t.Write(cells) // Error has it
}

// sizes writes a row for each measure.
func (t *table) sizes(about, name, device string, measures ...any) {
	for i := 0; i+1 < len(measures); i += 2 {
		t.row(about, name, device, stamp(t.now), measures[i].(string), strconv.FormatInt(measures[i+1].(int64), 10))
	}
}

func (t *table) at(about, name, measure string, when time.Time) {
	t.row(about, name, "", stamp(t.now), measure, stamp(when))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// cell is text that a spreadsheet takes for text: a name that begins like a formula is quoted, as its own import would do, and
// bytes that are no UTF-8 are written as \xNN.
func cell(text string) string {
	if !utf8.ValidString(text) {
		var b strings.Builder
		for i := 0; i < len(text); {
			r, n := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && n <= 1 {
				fmt.Fprintf(&b, `\x%02x`, text[i])
			} else {
				b.WriteString(text[i : i+n])
			}
			i += n
		}
		text = b.String()
	}
	if text != "" && strings.IndexByte("=+-@\t\r", text[0]) >= 0 {
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return "'" + text
		}
	}
	return text
}
