package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"roost/syncer"
	"roost/vault/keystore"
)

// call is one run of Roost: which command, with which arguments, and where its words go.
type call struct {
	streams
	arguments
	json    bool     // one JSON object instead of words; known even when the arguments make no sense
	command *command // nil without a verb
	do      action
	screen  terminal

	gentle     bool                         // other programs go first: there is no window that would be slow
	askFor     func(string) ([]byte, error) // the window's question for a passphrase; nil: there is no window
	unattended bool                         // nobody can be asked for a passphrase, terminal or not
	engineLog  *slog.Logger                 // nil: what the engine says beside its answers is discarded
}

// action does what a command line asks for. Its answer is what is known, also beside an error; nil when that is nothing.
type action func(ctx context.Context, c *call) (answer, error)

// parse finds the command and sorts its arguments.
func (c *call) parse(args []string) error {
	global, verb, rest, err := splitVerb(args)
	if err != nil {
		return usage(nil, "%v", err)
	}
	if verb == "help" { // which some type for --help
		return c.parse(asHelp(args, rest))
	}
	c.arguments = global
	switch {
	case global.has("version"):
		c.do = version
		return nil
	case verb == "" && global.has("help"):
		c.do = overview
		return nil
	case verb == "":
		c.do = openWindow
		return nil
	case global.has("hidden"):
		return usage(nil, "--hidden is for the app, which has no verb.")
	}
	if c.command = find(commands(), verb); c.command == nil {
		return usage(nil, "There is no verb %q.", verb)
	}
	given, err := parseArguments(rest, c.command.allFlags())
	if err != nil {
		return usage(c.command, "%v", err)
	}
	if given, err = global.with(given); err != nil {
		return usage(c.command, "%v", err)
	}
	if c.command.subs != nil {
		if given, err = c.parseSub(given); err != nil {
			return err
		}
	}
	c.arguments = given
	if given.has("help") {
		c.do = explain
		return nil
	}
	if n := len(given.rest); n < c.command.least {
		return usage(c.command, "%s is missing.", c.command.missing(n))
	} else if c.command.most >= 0 && n > c.command.most {
		return usage(c.command, "%q is one argument too many.", given.rest[c.command.most])
	}
	c.do = c.command.run
	return nil
}

// asHelp makes `roost help VERB` what it means: `roost VERB --help`. rest is what follows "help" in args.
func asHelp(args, rest []string) []string {
	out := slices.Concat(args[:len(args)-len(rest)-1], rest)
	if slices.Contains(rest, "--help") || slices.Contains(rest, "-h") {
		return out
	}
	return append(out, "--help")
}

// parseSub goes from a group of commands ("folder") to one of it ("folder add").
func (c *call) parseSub(given arguments) (arguments, error) {
	group := c.command
	if len(given.rest) == 0 {
		if given.has("help") {
			return given, nil
		}
		return given, usage(group, "Say what to do: %s.", strings.Join(group.subNames(), ", "))
	}
	sub := find(group.subs, given.rest[0])
	if sub == nil {
		return given, usage(group, "There is no verb %q.", "roost "+group.name+" "+given.rest[0])
	}
	c.command = sub
	given.rest = given.rest[1:]
	for _, name := range given.flagNames() {
		if !hasFlag(sub.allFlags(), name) {
			return given, usage(sub, "--%s is not a flag of this verb.", name)
		}
	}
	return given, nil
}

// keyEnv is the environment that chooses where the key is kept. The window, which makes a file for the key where there is no
// keyring, finds it again without being told.
func (c *call) keyEnv(home string) func(string) string {
	_, err := os.Lstat(filepath.Join(home, keystore.FileName))
	if c.askFor == nil || c.env("ROOST_KEYSTORE") != "" || err != nil {
		return c.env
	}
	return func(name string) string {
		if name == "ROOST_KEYSTORE" {
			return "file"
		}
		return c.env(name)
	}
}

// options are the engine's, as the flags and the environment choose them.
func (c *call) options(ctx context.Context) (syncer.Options, error) {
	home, err := homeDir(c.arguments, c.env)
	if err != nil {
		return syncer.Options{}, err
	}
	var ask func(string) ([]byte, error)
	switch {
	case c.askFor != nil:
		ask = c.askFor
	case !c.unattended && isTerminal(c.in):
		ask = c.screen.passphrases(ctx, c.in, c.err)
	}
	keys, err := keystore.FromEnv(home, c.keyEnv(home), ask)
	if err != nil {
		return syncer.Options{}, usage(nil, "%v.", err)
	}
	return syncer.Options{Home: home, Keys: keys, Log: c.engineLog, Gentle: c.gentle, AllowHTTP: c.has("allow-http")}, nil
}
