package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roost/packaging/kit/install"
	"roost/vault/node/code"
)

type installAnswer struct {
	Target    string   `json:"target"`
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	Code      string   `json:"code,omitempty"`      // a secret; not where a file has it
	CodeFile  string   `json:"code_file,omitempty"` // that has it
}

// installKit has another machine become a storage, and answers with its connection code.
func installKit(ctx context.Context, c *call) (_ answer, err error) {
	target, err := install.ParseTarget(c.value("install"))
	if err != nil {
		return nil, usage(c.command, "%v.", err)
	}
	if c.value("platform") == "nas" {
		return nil, usage(c.command, "A network drive takes its kit as a container: write it with --out.")
	}
	if c.has("host-key") && !strings.HasPrefix(c.value("host-key"), "SHA256:") {
		return nil, usage(c.command, "A key is given as SHA256:…, as ssh-keygen -l prints it.")
	}
	home, err := homeDir(c.arguments, c.env)
	if err != nil {
		return nil, err
	}
	o := install.Options{
		Target: target, Known: filepath.Join(home, install.KnownFile), HostKey: c.value("host-key"), Data: c.value("data"), Agent: c.env("SSH_AUTH_SOCK"),
	}
	if c.has("join") && (c.has("join-with") || c.has("private")) || c.has("join-with") && c.has("private") {
		return nil, usage(c.command, "Give one of --private, --join and --join-with: it makes a network or joins one.")
	}
	if err := c.askInstall(&o); err != nil {
		return nil, err
	}
	k, err := kitOptions(c)
	if err != nil {
		return nil, err
	}
	if o.Join, err = c.networkToJoin(ctx, o); err != nil {
		return nil, err
	}
	var file *wordsFile
	if c.has("code-out") {
		if file, err = createWordsFile(c.command, c.value("code-out")); err != nil {
			return nil, err
		}
	}
	got, err := install.Fresh(ctx, k, o)
	if err != nil {
		return nil, errors.Join(kitError(c, err), file.discard())
	}
	return c.installed(target, got, file)
}

// networkToJoin is the private network of another storage, from its code or from that machine itself; nil: of none.
func (c *call) networkToJoin(ctx context.Context, o install.Options) (*code.Network, error) {
	switch {
	case c.has("join"):
		if c.value("join") == "-" && c.value("password-file") == "-" {
			return nil, usage(c.command, "Standard input holds the code or the password: give one of them in a file.")
		}
		text, passphrase, err := c.codeTextIn(ctx, c.value("join"))
		if err != nil {
			return nil, err
		}
		n, err := code.ParseNetwork(strings.TrimSpace(text), passphrase)
		if err != nil {
			return nil, err
		}
		return &n, nil
	case c.has("join-with"):
		first, err := install.ParseTarget(c.value("join-with"))
		if err != nil {
			return nil, usage(c.command, "%v.", err)
		}
		o.Target, o.HostKey = first, ""                                        // which was said of the new one
		if o.Report = c.installReport(first); c.value("password-file") == "" { // one from a file is for both
			if err := c.askInstall(&o); err != nil {
				return nil, err
			}
		}
		n, err := install.NetworkOf(ctx, o)
		if err != nil {
			return nil, kitError(c, err)
		}
		return &n, nil
	}
	return nil, nil
}

// installed gives the code to the person.
func (c *call) installed(target install.Target, got code.Code, file *wordsFile) (answer, error) {
	text, err := got.Encode()
	if err != nil {
		return nil, errors.Join(err, file.discard())
	}
	a := installAnswer{Target: target.String(), Name: got.Name, Addresses: got.Addresses, CodeFile: c.value("code-out")}
	if file == nil {
		a.Code = text
		return a, nil
	}
	if err := file.write([]string{text}); err != nil {
		a.Code, a.CodeFile = text, "" // it is shown instead
		return a, computerError("it is installed, but its connection code could not be written to the file", err)
	}
	return a, nil
}

// askInstall sets who is asked for the password and whether the machine is the right one, and who hears how far it is.
func (c *call) askInstall(o *install.Options) error {
	person, target := !c.unattended && isTerminal(c.in), o.Target.String()
	switch name := c.value("password-file"); {
	case name != "":
		word, err := c.readPassword(name)
		if err != nil {
			return usage(c.command, "The password could not be read: %v", err)
		}
		o.Password = func(context.Context) (string, error) { return word, nil }
	case person:
		o.Password = func(ctx context.Context) (string, error) {
			word, err := c.screen.passphrases(ctx, c.in, c.err)("Password of " + target + ": ")
			return string(word), err
		}
	}
	if person && c.value("password-file") != "-" {
		o.Trust = c.trustMachine
	}
	o.Report = c.installReport(o.Target)
	return nil
}

// installReport says how far an installation is.
func (c *call) installReport(target install.Target) func(install.Progress) {
	stage, began := install.Stage(-1), time.Now()
	return func(p install.Progress) {
		switch {
		case p.Stage == install.Installing:
			fmt.Fprintf(c.err, "  %d/%d %s\n", p.Done, p.Total, shown(p.Words))
		case p.Stage != stage && p.Stage == install.Connecting:
			fmt.Fprintf(c.err, "Logging in to %s\n", target)
		case p.Stage != stage && p.Stage == install.Copying:
			fmt.Fprintf(c.err, "Copying %s\n", size(p.Total))
			began = time.Now()
		case p.Stage == install.Copying && p.Done >= p.Total:
			fmt.Fprintf(c.err, "Copied, %s\n", rate(p.Total, time.Since(began)))
		}
		stage = p.Stage
	}
}

func (c *call) readPassword(name string) (string, error) {
	in := io.Reader(c.in)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	text, err := readLimited(in, maxToken)
	return strings.TrimRight(text, "\r\n"), err
}

// trustMachine asks whether a machine is the one that is meant. One that shows another key than the last time is not: who
// set it up anew says so with --host-key.
func (c *call) trustMachine(ctx context.Context, h install.Host) (bool, error) {
	if h.Before != "" {
		return false, nil
	}
	fmt.Fprintf(c.err, "%s is not known yet. It shows this key (%s):\n  %s\nThe machine tells its own with: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n"+
		"Type yes if it is this machine: ", shown(h.Address), shown(h.Kind), h.Fingerprint)
	text, err := c.readWords(ctx, "The answer", func() (string, error) { return readLines(c.in, 1) })
	return strings.EqualFold(strings.TrimSpace(text), "yes"), err
}

func (a installAnswer) people(w io.Writer) {
	fmt.Fprintf(w, "%s is a storage now, %q.\n\n", shown(a.Target), a.Name)
	file := "-"
	if a.CodeFile != "" {
		file = a.CodeFile
		fmt.Fprintf(w, "Its connection code is in %s. Who has it can use the storage: keep it to yourself.\n", shown(file))
	} else {
		fmt.Fprintf(w, "Its connection code, which nobody else should have:\n\n%s\n\n", a.Code)
	}
	fmt.Fprintf(w, "Next: roost setup --new --code-file %s   (or roost node add --code-file %s)\n", shown(file), shown(file))
}
