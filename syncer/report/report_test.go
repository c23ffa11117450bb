package report

import (
	"bytes"
	"compress/zlib"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"roost/syncer"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// sample is a space with everything that one can have.
func sample() *syncer.Space {
	s := &syncer.Space{
		Used: 320e9, Quota: 500e9, RepoSize: 410e9, Reclaimable: 12e9,
		Folders: []syncer.FolderSpace{
			{Path: "/home/me/Photos", Device: "Laptop", Bytes: 200e9, Files: 41_204, Versions: 30, Newest: 190e9, Older: 3e9},
			{Path: "/home/me/M\xfcsik", Device: "Desktop", Bytes: 80e9, Files: 9_000, Versions: 2},
		},
		Storages: []syncer.StorageSpace{
			{Name: "Pi", Used: 320e9, RepoSize: 410e9, Quota: 500e9, Limit: 500e9, Newest: true, Sent: 7e9, Received: 1e9, Full: &syncer.Forecast{
				Full: now.AddDate(0, 0, 49), Earliest: now.AddDate(0, 0, 35), Latest: now.AddDate(0, 0, 70), PerDay: 18e8,
			}},
			{Name: "=attic", Stale: true, RepoSize: 1e9},
		},
		Devices: []syncer.DeviceSpace{{Name: "Laptop", Here: true, Used: 300e9, Alone: 250e9, Versions: 30}, {Name: "Desktop", Used: 70e9}},
		Kept: &syncer.Kept{
			Time: now.Add(-time.Hour), Versions: 32, Newest: 250e9, Older: 60e9, Index: 1e8, Logical: 280e9, AllLogical: 6e12, Dedup: 20e9, Compression: 9e9,
			Files: []syncer.LargeItem{{Device: "Laptop", Path: "/home/me/Photos/film.mkv", Bytes: 9e9, Files: 1}},
			Dirs:  []syncer.LargeItem{{Device: "Laptop", Path: "/home/me/Photos/2024", Bytes: 90e9, Files: 700}},
		},
	}
	for i := range 60 {
		s.Growth = append(s.Growth, syncer.GrowthPoint{Time: now.AddDate(0, 0, i-59), Bytes: int64(200+2*i) * 1e9, Rough: i < 20})
	}
	return s
}

func TestTheTableHasEveryNumberOnce(t *testing.T) {
	var b bytes.Buffer
	if err := CSV(&b, sample(), now); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rows {
		key := strings.Join(r[:5], "|")
		if seen[key] {
			t.Errorf("twice: %v", r)
		}
		seen[key] = true
	}
	for _, want := range [][]string{
		{"about", "name", "device", "time", "measure", "value"},
		{"backup", "", "", "2026-06-01T12:00:00Z", "used", "320000000000"},
		{"storage", "Pi", "", "2026-06-01T12:00:00Z", "limit", "500000000000"},
		{"forecast", "Pi", "", "2026-06-01T12:00:00Z", "full", "2026-07-20T12:00:00Z"},
		{"storage", "'=attic", "", "2026-06-01T12:00:00Z", "repo_size", "1000000000"}, // no formula for who opens it
		{"folder", `/home/me/M\xfcsik`, "Desktop", "2026-06-01T12:00:00Z", "files", "9000"},
		{"versions", "", "", "2026-06-01T11:00:00Z", "older", "60000000000"},
		{"growth", "", "", "2026-04-03T12:00:00Z", "used_roughly", "200000000000"},
		{"growth", "", "", "2026-06-01T12:00:00Z", "used", "318000000000"},
	} {
		found := false
		for _, r := range rows {
			found = found || strings.Join(r, "|") == strings.Join(want, "|")
		}
		if !found {
			t.Errorf("there is no row %v", want)
		}
	}
}

type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAReportThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := CSV(full{}, sample(), now); !errors.Is(err, errFull) {
		t.Errorf("the table: %v", err)
	}
	if err := PDF(full{}, sample(), Page{Date: now}); !errors.Is(err, errFull) {
		t.Errorf("the page: %v", err)
	}
}

// content unpacks the streams of a PDF.
func content(t testing.TB, pdf []byte) string {
	t.Helper()
	var all strings.Builder
	for _, m := range regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`).FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestThePageSaysWhatMatters(t *testing.T) {
	var b bytes.Buffer
	if err := PDF(&b, sample(), Page{Device: "Laptop", Date: now}); err != nil {
		t.Fatal(err)
	}
	said := content(t, b.Bytes())
	for _, want := range []string{
		"What your backup takes", "Laptop", "2026-06-01", "410 GB of 500 GB", "Full in about 7 weeks \\(5 weeks to 10 weeks\\)", "320 GB", "60 GB",
		"/home/me/Photos \\(Laptop\\)", "film.mkv", "It did not answer", "worked out",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestItIsAlwaysOnePage however much there is, also of names that are no text.
func TestItIsAlwaysOnePage(t *testing.T) {
	long := sample()
	for i := range 200 {
		name := strings.Repeat(fmt.Sprintf("very/long\x00/näme\xff %d ", i), 20)
		long.Folders = append(long.Folders, syncer.FolderSpace{Path: name, Device: name})
		long.Storages = append(long.Storages, syncer.StorageSpace{Name: name, RepoSize: 5, Quota: 3, Stale: true})
		long.Kept.Files = append(long.Kept.Files, syncer.LargeItem{Path: name})
	}
	greek := sample()
	for i := range 200 {
		name := strings.Repeat(fmt.Sprintf("Φωτογραφίες/%d ", i), 20)
		greek.Folders = append(greek.Folders, syncer.FolderSpace{Path: name, Device: name})
		greek.Storages = append(greek.Storages, syncer.StorageSpace{Name: name, RepoSize: 5, Quota: 3})
		greek.Kept.Files = append(greek.Kept.Files, syncer.LargeItem{Path: name})
	}
	for name, s := range map[string]*syncer.Space{"much": long, "nothing": {}, "the usual": sample(), "another script": greek} {
		var b bytes.Buffer
		if err := PDF(&b, s, Page{Date: now}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "/Type /Page\n"); n != 1 {
			t.Errorf("%s: %d pages", name, n)
		}
		for _, m := range placed.FindAllStringSubmatch(content(t, b.Bytes()), -1) {
			var x, y float64
			if _, err := fmt.Sscan(m[1], &x); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Sscan(m[2], &y); err != nil || y < 20 || x > 595-56 {
				t.Errorf("%s: text at %s of the page's left, %s of its bottom (%v)", name, m[1], m[2], err)
				break
			}
		}
	}
}

// placed finds where text begins, and where the outline of a letter that is drawn does, in points.
var placed = regexp.MustCompile(`(?m)(?:BT |^)([\d.]+) (-?[\d.]+) (?:Td|m$)`)

// A standard font has no Greek; Inter, which comes with Roost, draws it on every computer.
func TestNamesStandInTheirOwnScript(t *testing.T) {
	s := sample()
	s.Folders = []syncer.FolderSpace{{Path: "/home/me/Φωτογραφίες", Device: "Laptop"}}
	s.Kept.Files = []syncer.LargeItem{{Path: "/home/me/Μουσική"}}
	s.Storages = []syncer.StorageSpace{{Name: "Αποθήκη"}}
	var b bytes.Buffer
	if err := PDF(&b, s, Page{Device: "Ηλίας", Date: now}); err != nil {
		t.Fatal(err)
	}
	said := content(t, b.Bytes())
	drawn := len(regexp.MustCompile(`(?m)^f$`).FindAllString(said, -1))
	if want := len([]rune("/home/me/Φωτογραφίες (Laptop)/home/me/ΜουσικήΑποθήκηComputer:Ηλίας")); drawn < want {
		t.Errorf("%d letters are drawn, want %d", drawn, want)
	}
	if strings.Contains(said, "(/home") || strings.Contains(said, "...") {
		t.Error("a name stands in a font that lacks its letters")
	}
}

func TestATimeIsSaidAsSomebodyWould(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "a day", day: "a day", 2 * day: "2 days", 13 * day: "13 days", 14 * day: "2 weeks", 49 * day: "7 weeks", 51 * day: "7 weeks",
		90 * day: "3 months", 400 * day: "13 months", 800 * day: "2 years", 1500 * day: "4 years",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
