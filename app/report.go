//go:build !headless

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"slices"
	"time"

	"roost/syncer/disk"
)

// report is what somebody who helps needs to know, and may know: no recovery word, key, token or address, and no name of a
// file, a folder, a storage or a device. Each of its fields is a number, a time, a state, or a name that Roost gave.
type report struct {
	Made     time.Time         `json:"made"`
	Version  string            `json:"version"`
	Commit   string            `json:"commit"`
	Go       string            `json:"go"`
	System   string            `json:"system"`
	Key      string            `json:"key"`       // where it is kept: "file" or "keyring"
	HomeFree int64             `json:"home_free"` // bytes on the disk of Roost's home; -1: not known
	Errors   []string          `json:"errors"`    // problems with the making of this report
	Settings map[string]string `json:"settings"`
	State    string            `json:"state"`
	Watching bool              `json:"watching"`
	Saved    time.Time         `json:"saved"`
	Queue    int64             `json:"queue"`
	Folders  []reportFolder    `json:"folders"`
	Storages []reportStorage   `json:"storages"`
	Problems []reportProblem   `json:"problems"`
	Activity []reportActivity  `json:"activity"` // newest first

	zipped []byte
}

type reportFolder struct {
	State    string    `json:"state"`
	Mode     string    `json:"mode"`
	Low      bool      `json:"low"`
	Watched  bool      `json:"watched"`
	Saved    time.Time `json:"saved"`
	Changed  time.Time `json:"changed"`
	NextTry  time.Time `json:"next_try"`
	Files    int64     `json:"files"`
	Bytes    int64     `json:"bytes"`
	Skipped  int64     `json:"skipped"`
	Waiting  int64     `json:"waiting"`
	Held     bool      `json:"held"`
	HasRules bool      `json:"has_rules"`
}

type reportStorage struct {
	Reached   string        `json:"reached"` // "here", "http" or "https"
	State     string        `json:"state"`
	Confirmed time.Time     `json:"confirmed"`
	Asked     time.Time     `json:"asked"`
	Latency   time.Duration `json:"latency"` // nanoseconds
	Used      int64         `json:"used"`
	Limit     int64         `json:"limit"`
	Sent      int64         `json:"sent"` // this month
}

type reportProblem struct {
	Code     string    `json:"code"`
	Severity string    `json:"severity"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
}

type reportActivity struct {
	Time    time.Time `json:"time"`
	Kind    string    `json:"kind"`
	Files   int64     `json:"files"`
	Bytes   int64     `json:"bytes"`
	Skipped int       `json:"skipped"`
}

// mostTold is how much of what happened is in a report.
const mostTold = 200

// report gathers all of it; e may be nil. What cannot be asked is missing, and why stands in Errors.
func (d thisDesktop) report(ctx context.Context, e engine) (*report, error) {
	about := d.About()
	r := &report{
		Made: time.Now(), Version: about.Version, Commit: about.Commit, Go: runtime.Version(), System: about.System, Key: "keyring", HomeFree: -1,
		Errors: []string{}, Settings: map[string]string{}, Folders: []reportFolder{}, Storages: []reportStorage{}, Problems: []reportProblem{},
		Activity: []reportActivity{},
	}
	if d.Locked() {
		r.Key = "file"
	}
	if free, err := disk.FreeSpace(d.home); err == nil {
		r.HomeFree = free
	}
	if e != nil {
		r.ask(ctx, e)
	} else {
		r.Errors = append(r.Errors, "no engine runs")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return r, r.zip(d.Log())
}

// ask fills in what the engine knows.
func (r *report) ask(ctx context.Context, e engine) {
	failed := func(what string, err error) bool {
		if err != nil {
			r.Errors = append(r.Errors, what+": "+kindOf(err))
		}
		return err != nil
	}
	settings, err := e.Settings(ctx)
	if !failed("settings", err) {
		for _, s := range settings {
			r.Settings[s.Key] = s.Value
		}
	}
	s, err := e.Status(ctx)
	if !failed("status", err) {
		r.State, r.Watching, r.Saved, r.Queue = s.State, s.Watching, s.Saved, s.Queue
		for _, f := range s.Folders {
			rules, err := e.Rules(ctx, f.Path)
			r.Folders = append(r.Folders, reportFolder{
				State: f.State, Mode: f.Mode, Low: f.Low, Watched: f.Watched, Saved: f.Time, Changed: f.Changed, NextTry: f.NextTry, Files: f.Files, Bytes: f.Bytes,
				Skipped: f.Skipped, Waiting: f.Waiting, Held: f.Held != nil, HasRules: err == nil && rules != "",
			})
		}
		for _, x := range s.Storages {
			r.Storages = append(r.Storages, reportStorage{
				Reached: reached(x.URL), State: x.State, Confirmed: x.Confirmed, Asked: x.Asked, Latency: x.Latency, Used: x.Used, Limit: x.Limit, Sent: x.Sent,
			})
		}
		for _, p := range s.Problems {
			r.Problems = append(r.Problems, reportProblem{Code: p.Code, Severity: p.Severity, Since: p.Since, Until: p.Until})
		}
	}
	activity, err := e.Activity(ctx, mostTold)
	if !failed("activity", err) {
		for _, a := range activity {
			r.Activity = append(r.Activity, reportActivity{a.Time, a.Kind, a.Files, a.Bytes, len(a.Skipped)})
		}
	}
}

// reached is how a storage is reached, without where it is.
func reached(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || !slices.Contains([]string{"http", "https"}, u.Scheme):
		return "here"
	case u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1":
		return "here"
	default:
		return u.Scheme
	}
}

// zip packs the report with the log of the home.
func (r *report) zip(log string) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, data []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: r.Made})
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = add("report.json", append(text, '\n'))
	}
	for _, path := range []string{log, olderLog(log)} {
		data, rerr := os.ReadFile(path)
		if errors.Is(rerr, fs.ErrNotExist) {
			continue
		}
		name := logName
		if path != log {
			name = olderLog(logName)
		}
		err = errors.Join(err, rerr)
		if rerr == nil {
			err = errors.Join(err, add(name, data))
		}
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return fmt.Errorf("make the report: %w", err)
	}
	r.zipped = b.Bytes()
	return nil
}
