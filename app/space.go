package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"roost/syncer"
	spacereport "roost/syncer/report" // report is a function here
)

func spaceCommand() *command {
	return &command{
		name: "space", usage: []string{"[--csv FILE] [--pdf FILE]"}, run: space, beside: []string{"pins"},
		about: "what your backup takes; what the storage keeps",
		help: `Says how much of each storage your backup takes, what older versions cost beside the newest, how it grows, when a storage
will be full, and what could be freed. A storage's limit is set with: roost node limit.

--csv and --pdf also write it to a new file: a table, or one page to print.`,
		flags: []flag{
			{name: "csv", arg: "FILE", help: "also write a table for a spreadsheet"},
			{name: "pdf", arg: "FILE", help: "also write a page to print"},
		},
	}
}

type spaceAnswer struct {
	Used        int64         `json:"used"`        // bytes of this backup, each once
	Quota       int64         `json:"quota"`       // that the first storage may hold; 0: no limit is known
	RepoSize    int64         `json:"repo_size"`   // of the whole first storage
	Reclaimable int64         `json:"reclaimable"` // bytes that could be freed, with what removed versions will free
	Folders     []folderSpace `json:"folders"`
	Stale       bool          `json:"stale"` // the storage could not be asked
	Removed     removedSpace  `json:"removed"`

	Storages []storageSpace `json:"storages"`
	Devices  []deviceSpace  `json:"devices"`
	Versions *keptJSON      `json:"versions"` // null: nobody has looked yet
	Growth   []growthJSON   `json:"growth"`
	Largest  largestJSON    `json:"largest"`

	space *syncer.Space
	now   time.Time
	files []string // that it was written to
}

// removedSpace is what the removed versions, which can be brought back until then, will free.
type removedSpace struct {
	Versions int    `json:"versions"`
	Bytes    *int64 `json:"bytes"` // null: nobody has weighed them yet
	Until    *stamp `json:"until,omitempty"`
}

type folderSpace struct {
	jsonPath
	Bytes    int64  `json:"bytes"`
	Files    int64  `json:"files"`
	Device   string `json:"device"`
	Versions int    `json:"versions"`
	Newest   int64  `json:"newest_content"` // bytes of different content that the newest version needs
	Older    int64  `json:"older_content"`  // that only older versions need
	raw      string
}

type storageSpace struct {
	Name     string        `json:"name"`
	Stale    bool          `json:"stale"`
	Used     int64         `json:"used"`
	RepoSize int64         `json:"repo_size"`
	Quota    int64         `json:"quota"`
	Limit    int64         `json:"limit"` // as set with node limit; 0: none
	Disk     int64         `json:"disk"`  // that it could hold by the free room on its disk; 0: not known
	Newest   bool          `json:"holds_newest"`
	Sent     int64         `json:"sent_this_month"`
	Received int64         `json:"received_this_month"`
	Forecast *forecastJSON `json:"forecast"` // null: nothing can be said
}

type forecastJSON struct {
	Full     stamp `json:"full"`
	Earliest stamp `json:"earliest"`
	Latest   stamp `json:"latest"`
	PerDay   int64 `json:"per_day"`
	Rough    bool  `json:"rough"`
}

type deviceSpace struct {
	Name     string `json:"name"`
	Here     bool   `json:"this_device"`
	Used     int64  `json:"used"`
	Alone    int64  `json:"used_by_no_other"`
	Versions int    `json:"versions"`
	Newest   stamp  `json:"newest"`
}

type keptJSON struct {
	Time        stamp `json:"time"`
	Current     bool  `json:"current"`
	Incomplete  bool  `json:"incomplete"`
	Count       int   `json:"count"`
	Newest      int64 `json:"newest"`
	Older       int64 `json:"older"`
	Index       int64 `json:"index"`
	Logical     int64 `json:"logical"`
	AllLogical  int64 `json:"logical_of_all"`
	Dedup       int64 `json:"saved_by_dedup"`
	Compression int64 `json:"saved_by_compression"`
}

type growthJSON struct {
	Time  stamp `json:"time"`
	Bytes int64 `json:"bytes"`
	Rough bool  `json:"rough"`
}

type largestJSON struct {
	Files   []largeJSON `json:"files"`
	Folders []largeJSON `json:"folders"`
}

type largeJSON struct {
	jsonPath
	Device string `json:"device"`
	Bytes  int64  `json:"bytes"`
	Files  int64  `json:"files"`
}

// surveyPatience is how long this verb waits for the versions to be looked through. What is not known by then is what the last
// look found.
const surveyPatience = 30 * time.Second

func space(ctx context.Context, c *call) (a answer, err error) {
	writers, err := c.reportFiles()
	if err != nil {
		return nil, err
	}
	err = c.look(ctx, func(e engine) error {
		s, err := e.Space(ctx)
		if err == nil && !s.Stale && (s.Kept == nil || !s.Kept.Current) {
			c.survey(ctx, e)
			s, err = e.Space(ctx)
		}
		if err != nil {
			return err
		}
		list := newSpaceAnswer(s, time.Now())
		for _, w := range writers {
			if err := w.write(s, list.now); err != nil {
				return err
			}
			list.files = append(list.files, w.name)
		}
		a = list
		return nil
	})
	return a, err
}

// survey has the versions looked through, as far as there is patience for it. When it fails, the answer says as of when it is.
func (c *call) survey(ctx context.Context, e engine) {
	ctx, cancel := context.WithTimeout(ctx, surveyPatience)
	defer cancel()
	m := c.meter()
	defer m.end()
	if err := e.Survey(ctx, m.report()); err != nil && c.engineLog != nil {
		c.engineLog.Info("the versions could not be looked through", "reason", err)
	}
}

// reportFile is a file that a report is written to.
type reportFile struct {
	name  string
	write func(*syncer.Space, time.Time) error
}

// reportFiles are those that the flags name. A file that is there already is not written over.
func (c *call) reportFiles() (out []reportFile, err error) {
	device, _ := os.Hostname() // without one, the page names none
	for _, kind := range []struct {
		flag  string
		write func(io.Writer, *syncer.Space, time.Time) error
	}{
		{"csv", spacereport.CSV},
		{"pdf", func(w io.Writer, s *syncer.Space, now time.Time) error {
			for _, d := range s.Devices {
				if d.Here && d.Name != "" {
					device = d.Name
				}
			}
			return spacereport.PDF(w, s, spacereport.Page{Device: device, Date: now})
		}},
	} {
		if !c.has(kind.flag) {
			continue
		}
		name := c.value(kind.flag)
		if _, err := os.Lstat(name); err == nil {
			return nil, usage(c.command, "%s is there already. Choose a new name.", name)
		}
		out = append(out, reportFile{name, func(s *syncer.Space, now time.Time) error {
			f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return computerError("the report could not be written", err)
			}
			err = kind.write(f, s, now)
			if cerr := f.Close(); err == nil {
				err = cerr
			}
			if err != nil {
				return computerError("the report could not be written", err)
			}
			return nil
		}})
	}
	return out, nil
}

func newSpaceAnswer(s *syncer.Space, now time.Time) spaceAnswer {
	a := spaceAnswer{
		Used: s.Used, Quota: s.Quota, RepoSize: s.RepoSize, Reclaimable: s.Reclaimable, Folders: []folderSpace{}, Stale: s.Stale,
		Storages: []storageSpace{}, Devices: []deviceSpace{}, Growth: []growthJSON{}, Largest: largestJSON{[]largeJSON{}, []largeJSON{}},
		space: s, now: now,
	}
	a.Removed.Versions = s.Removed.Versions
	if s.Removed.Known {
		a.Removed.Bytes = &s.Removed.Bytes
	}
	if !s.Removed.Until.IsZero() {
		until := stamp(s.Removed.Until)
		a.Removed.Until = &until
	}
	for _, f := range s.Folders {
		a.Folders = append(a.Folders, folderSpace{newPath(f.Path), f.Bytes, f.Files, f.Device, f.Versions, f.Newest, f.Older, f.Path})
	}
	for _, x := range s.Storages {
		j := storageSpace{x.Name, x.Stale, x.Used, x.RepoSize, x.Quota, x.Limit, x.Disk, x.Newest, x.Sent, x.Received, nil}
		if f := x.Full; f != nil {
			j.Forecast = &forecastJSON{stamp(f.Full), stamp(f.Earliest), stamp(f.Latest), f.PerDay, f.Rough}
		}
		a.Storages = append(a.Storages, j)
	}
	for _, d := range s.Devices {
		a.Devices = append(a.Devices, deviceSpace{d.Name, d.Here, d.Used, d.Alone, d.Versions, stamp(d.Newest)})
	}
	for _, p := range s.Growth {
		a.Growth = append(a.Growth, growthJSON{stamp(p.Time), p.Bytes, p.Rough})
	}
	if k := s.Kept; k != nil {
		a.Versions = &keptJSON{
			stamp(k.Time), k.Current, k.Incomplete, k.Versions, k.Newest, k.Older, k.Index, k.Logical, k.AllLogical, k.Dedup, k.Compression,
		}
		a.Largest = largestJSON{newLarge(k.Files), newLarge(k.Dirs)}
	}
	return a
}

func newLarge(items []syncer.LargeItem) []largeJSON {
	out := []largeJSON{}
	for _, x := range items {
		out = append(out, largeJSON{newPath(x.Path), x.Device, x.Bytes, x.Files})
	}
	return out
}

// mostLargest is how many large files the answer in words names.
const mostLargest = 5

func (a spaceAnswer) people(w io.Writer) {
	if a.Stale {
		fmt.Fprintln(w, "Your storage cannot be reached. This is what was known before:")
	}
	fmt.Fprintf(w, "Your backup takes %s.\n", size(a.Used))
	for _, x := range a.space.Storages {
		storageWords(w, x, a.now)
	}
	if k := a.space.Kept; k != nil {
		if !k.Current {
			fmt.Fprintf(w, "As of %s:\n", when(k.Time))
		}
		fmt.Fprintf(w, "The newest versions need %s; what only older ones need is %s more, for %s in all.\n", size(k.Newest), size(k.Older), many(int64(k.Versions), "version", "versions"))
		if k.Dedup+k.Compression > 0 {
			fmt.Fprintf(w, "%s are saved because they are there already, %s by compression.\n", size(k.Dedup), size(k.Compression))
		}
		fmt.Fprintf(w, "%s could be freed.\n", size(a.Reclaimable))
	}
	if x := a.space.Removed; x.Versions > 0 {
		about := ""
		if x.Known {
			about = fmt.Sprintf(", about %s,", size(x.Bytes))
		}
		fmt.Fprintf(w, "%s%s can be brought back until %s.\n", many(int64(x.Versions), "removed version", "removed versions"), about, when(x.Until))
	}
	if k := a.space.Kept; k != nil {
		if k.Incomplete {
			fmt.Fprintln(w, "Something could not be read, and is not counted. See: roost verify")
		}
	}
	for _, f := range a.Folders {
		device := ""
		if len(a.space.Devices) > 1 {
			device = " on " + shown(f.Device)
		}
		fmt.Fprintf(w, "  %s%s: %s, %s, %s\n", shown(f.raw), device, files(f.Files), size(f.Bytes), many(int64(f.Versions), "version", "versions"))
	}
	if k := a.space.Kept; k != nil && len(k.Files) > 0 {
		fmt.Fprintln(w, "The largest files:")
		for _, x := range k.Files[:min(len(k.Files), mostLargest)] {
			fmt.Fprintf(w, "  %s: %s\n", shown(x.Path), size(x.Bytes))
		}
	}
	for _, name := range a.files {
		fmt.Fprintf(w, "Written to %s.\n", shown(name))
	}
}

// storageWords says how full a storage is, and when it will be.
func storageWords(w io.Writer, x syncer.StorageSpace, now time.Time) {
	fmt.Fprintf(w, "Stored on %s in all: %s", shown(x.Name), size(x.RepoSize))
	switch {
	case x.Limit > 0:
		fmt.Fprintf(w, "; its limit is %s", size(x.Limit))
	case x.Quota > 0:
		fmt.Fprintf(w, "; it names %s as its most", size(x.Quota))
	}
	if x.Disk > 0 {
		fmt.Fprintf(w, "; %s are free on its disk", size(x.Disk-x.RepoSize))
	}
	fmt.Fprint(w, ".")
	if x.Stale {
		fmt.Fprint(w, " It did not answer; this is what was known before.")
	}
	if x.Full != nil {
		fmt.Fprintf(w, " %s.", spacereport.FullWords(x.Full, now))
	}
	fmt.Fprintf(w, " %s were sent to it this month.\n", size(x.Sent))
}
