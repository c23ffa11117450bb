package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// versionNumber is Roost's own; FyneApp.toml has the same.
const versionNumber = "0.1.0"

func versionCommand() *command {
	return &command{
		name: "version", run: version,
		help: "Says which Roost this is, and what it was built from.",
	}
}

type versionAnswer struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // "" when it was built outside a checkout
	Go      string `json:"go"`
	System  string `json:"system"`
}

func version(context.Context, *call) (answer, error) {
	a := versionAnswer{Version: versionNumber, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, s := range build.Settings {
			if s.Key == "vcs.revision" {
				a.Commit = s.Value
			}
		}
	}
	return a, nil
}

func (a versionAnswer) people(w io.Writer) {
	commit := ""
	if a.Commit != "" {
		commit = fmt.Sprintf("commit %.12s, ", a.Commit)
	}
	fmt.Fprintf(w, "roost %s (%s%s, %s)\n", a.Version, commit, a.Go, a.System)
}
