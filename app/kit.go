package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"roost/packaging/kit"
	"roost/syncer"
)

func nodeKitCommand() *command {
	return &command{
		name:  "node kit",
		usage: []string{"--out DIR [--platform pi|server|nas] [--name N] [--limit 400GB] [--address H] [--port N]"},
		help: `kit: write into DIR what makes another machine a storage: a small computer with Debian (pi), a rented server, or
a network drive with containers (nas). Its README says what to do with it, in three steps.`,
		flags: []flag{
			{name: "out", arg: "DIR", help: "where the kit is written, such as a USB stick"},
			{name: "platform", arg: "P", help: "pi, server or nas; pi unless said otherwise"},
			{name: "name", arg: "N", help: "what the new storage is called"},
			{name: "limit", arg: "SIZE", help: "how much of the new storage may be filled"},
			{name: "address", arg: "H,…", help: "host names that will lead there from elsewhere"},
			{name: "port", arg: "N", help: "where the new storage answers: 5443"},
		},
		run: nodeKit,
	}
}

type kitAnswer struct {
	Dir      string   `json:"dir"`
	Platform string   `json:"platform"`
	Files    []string `json:"files"`
	Next     []string `json:"next"`
}

func nodeKit(_ context.Context, c *call) (answer, error) {
	if !c.has("out") {
		return nil, usage(c.command, "Say where to write it: --out DIR.")
	}
	o := kit.Options{Platform: "pi", Name: c.value("name")}
	if c.has("platform") {
		o.Platform = c.value("platform")
	}
	var err error
	if o.Dir, err = filepath.Abs(c.value("out")); err != nil {
		return nil, computerError("the folder for the kit could not be found", err)
	}
	if c.has("limit") {
		if o.Limit, err = kit.Size(c.value("limit")); err != nil {
			return nil, usage(c.command, "%v", err)
		}
	}
	if c.has("port") {
		if o.Port, err = strconv.Atoi(c.value("port")); err != nil {
			return nil, usage(c.command, "%q is no port.", c.value("port"))
		}
	}
	if c.has("address") {
		o.Address = strings.Split(c.value("address"), ",")
	}
	w, err := kit.Write(o)
	switch {
	case errors.Is(err, kit.ErrOptions), errors.Is(err, kit.ErrNotEmpty):
		return nil, usage(c.command, "%v", err)
	case errors.Is(err, kit.ErrNoParts):
		return nil, &problemError{cause: err, problem: syncer.Problem{
			Code: "no_kit", Severity: "needs_you", Title: "The programs for the other machine are not complete on this computer",
			Text: sentence(err.Error()), Exit: syncer.ExitHome,
			Action: "Run make kit where Roost is built, or name the folder that it wrote in ROOST_KIT.",
		}}
	case err != nil:
		return nil, computerError("the kit could not be written", err)
	}
	return kitAnswer{Dir: w.Dir, Platform: o.Platform, Files: w.Files, Next: w.Next}, nil
}

func (a kitAnswer) people(w io.Writer) {
	fmt.Fprintf(w, "The kit is in %s. No secret is in it; its README.md says more.\n\n", shown(a.Dir))
	for i, step := range a.Next {
		fmt.Fprintf(w, "  %d. %s\n", i+1, shown(step))
	}
}
