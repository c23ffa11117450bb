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
	"roost/packaging/kit/install"
)

func nodeKitCommand() *command {
	return &command{
		name: "node kit",
		usage: []string{
			"--out DIR [--platform pi|server|nas] [--name N] [--limit 400GB] [--address H] [--port N] [--private]",
			"--install USER@HOST[:PORT] [--password-file F] [--host-key SHA256:…] [--code-out F] [--data DIR] [--join FILE | --join-with U@H] […]",
		},
		help: `kit: write into DIR what makes another machine a storage. That is a small computer with Debian (pi), a rented
server, or a network drive with containers (nas). Its README says what to do with it, in three steps. --install does them: it logs
in there over SSH, once, and brings the connection code back.`,
		flags: []flag{
			{name: "out", arg: "DIR", help: "where the kit is written, such as a USB stick"},
			{name: "platform", arg: "P", help: "pi, server or nas; pi unless said otherwise"},
			{name: "name", arg: "N", help: "what the new storage is called"},
			{name: "limit", arg: "SIZE", help: "how much of the new storage may be filled"},
			{name: "address", arg: "H,…", help: "host names that will lead there from elsewhere"},
			{name: "port", arg: "N", help: "where the new storage answers: 5443"},
			{name: "private", help: "it makes a private network, which others can join"},
			{name: "install", arg: "U@H", help: "install it there over SSH; the user may use sudo"},
			{name: "password-file", arg: "F", help: "the file with the password; - is standard input"},
			{name: "host-key", arg: "K", help: "the key that the machine has to show: SHA256:…"},
			{name: "data", arg: "DIR", help: "where everything is kept there: a folder on a drive"},
			{name: "join", arg: "F", help: "join the network of a storage, by its code in F"},
			{name: "join-with", arg: "U@H", help: "the same, by logging in there: it may make one"},
			{name: "code-out", arg: "F", help: "write the connection code to a new file F"},
		},
		ownHelp: true, run: nodeKit,
	}
}

type kitAnswer struct {
	Dir      string   `json:"dir"`
	Platform string   `json:"platform"`
	Files    []string `json:"files"`
	Next     []string `json:"next"`
}

func nodeKit(ctx context.Context, c *call) (answer, error) {
	for _, name := range []string{"password-file", "host-key", "code-out", "data", "join", "join-with"} {
		if c.has(name) && !c.has("install") {
			return nil, usage(c.command, "--%s goes with --install.", name)
		}
	}
	if c.has("install") {
		if c.has("out") {
			return nil, usage(c.command, "Give one of --out and --install: what is installed needs no folder here.")
		}
		return installKit(ctx, c)
	}
	if !c.has("out") {
		return nil, usage(c.command, "Say where to write it: --out DIR.")
	}
	o, err := kitOptions(c)
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(c.value("out")); err != nil {
		return nil, computerError("the folder for the kit could not be found", err)
	}
	w, err := kit.Write(o)
	if err != nil {
		return nil, kitError(c, err)
	}
	return kitAnswer{Dir: w.Dir, Platform: o.Platform, Files: w.Files, Next: w.Next}, nil
}

// kitOptions are what the flags say of the kit.
func kitOptions(c *call) (kit.Options, error) {
	o := kit.Options{Platform: "pi", Name: c.value("name"), Private: c.has("private")}
	if c.has("platform") {
		o.Platform = c.value("platform")
	}
	var err error
	if c.has("limit") {
		if o.Limit, err = kit.Size(c.value("limit")); err != nil {
			return o, usage(c.command, "%v", err)
		}
	}
	if c.has("port") {
		if o.Port, err = strconv.Atoi(c.value("port")); err != nil {
			return o, usage(c.command, "%q is no port.", c.value("port"))
		}
	}
	if c.has("address") {
		o.Address = strings.Split(c.value("address"), ",")
	}
	return o, nil
}

// kitError says why a kit could not be written, or installed.
func kitError(c *call, err error) error {
	if errors.Is(err, kit.ErrOptions) || errors.Is(err, kit.ErrNotEmpty) {
		return usage(c.command, "%v", err)
	}
	if own, ok := errors.AsType[*install.Error](install.InWords(err)); ok {
		return &problemError{cause: err, problem: own.Problem()}
	}
	return err
}

func (a kitAnswer) people(w io.Writer) {
	fmt.Fprintf(w, "The kit is in %s. No secret is in it; its README.md says more.\n\n", shown(a.Dir))
	for i, step := range a.Next {
		fmt.Fprintf(w, "  %d. %s\n", i+1, shown(step))
	}
}
