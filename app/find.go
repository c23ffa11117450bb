package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

func findCommand() *command {
	return &command{
		name: "find", usage: []string{"PATTERN"}, least: 1, most: 1, run: findFiles,
		help: `Looks for files and folders by name in every version of every device. In PATTERN, * stands for any letters and
? for one; put it in quotes.`,
	}
}

type findAnswer struct {
	Matches []matchJSON `json:"matches"`
}

type matchJSON struct {
	Snapshot string `json:"snapshot"`
	jsonPath
	Time stamp `json:"time"` // of the version
	Size int64 `json:"size"`
	raw  string
}

func findFiles(ctx context.Context, c *call) (a answer, err error) {
	err = c.look(ctx, func(e engine) error {
		matches, err := e.Find(ctx, c.rest[0])
		if err != nil {
			return err
		}
		list := findAnswer{Matches: []matchJSON{}}
		for _, m := range matches {
			list.Matches = append(list.Matches, matchJSON{m.Snapshot.String(), newPath(m.Path), stamp(m.Time), m.Size, m.Path})
		}
		a = list
		return nil
	})
	return a, err
}

func (a findAnswer) people(w io.Writer) {
	if len(a.Matches) == 0 {
		fmt.Fprintln(w, "No version has such a file.")
		return
	}
	for _, m := range a.Matches {
		fmt.Fprintf(w, "%.8s  %s  %8s  %s\n", m.Snapshot, when(time.Time(m.Time)), size(m.Size), shown(m.raw))
	}
}
