//go:build !headless

package main

import (
	"context"
	"time"

	"roost/syncer"
)

// statusPage is what the window shows, in words.
type statusPage struct {
	title    string
	folders  []string
	problems []string
}

func newStatusPage(s syncer.Status) statusPage {
	p := statusPage{title: stateTitle(s)}
	for _, f := range s.Folders {
		p.folders = append(p.folders, shown(f.Path)+"\n"+folderWords(f))
	}
	for _, problem := range s.Problems {
		p.problems = append(p.problems, problemWords(problem))
	}
	return p
}

// problemPage is shown while the home cannot be opened at all.
func problemPage(ctx context.Context, err error) statusPage {
	p := describe(ctx, err)
	return statusPage{title: sentence(p.Title), problems: []string{p.Text + " " + sentence(p.Action)}}
}

// wait ends early when ctx does.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
