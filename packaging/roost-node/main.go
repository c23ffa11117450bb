//go:build linux

// Command roost-node runs on a machine that is somebody's storage: it makes the settings of its two services, Kubo and
// Caddy, and the keys that let people in. install.sh of the node kit puts it there.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const help = `Usage:
  roost-node access add NAME [--add-only] [--locked]   a key for one more device or person, and its code
  roost-node access show NAME [--locked]               the code again, as text and as a picture
  roost-node access list                               who has a key
  roost-node access remove NAME                        that key opens nothing any longer
  roost-node network                                   who may connect to this storage, beside those with a key?
  roost-node network make                              a private network; its code, and the owner's, let others join
  roost-node network join FILE                         join with the code in FILE; - is standard input
  roost-node network show | leave                      the code of the network; be quiet again
  roost-node check                                     does this storage answer?
  roost-node announce                                  tell the local network of this storage until stopped: its service
  roost-node configure [--name N] [--limit 500GB] [--address HOST[:PORT],…] [--port N] [--listen IP]
             [--public-host HOST] [--platform pi|server|nas] [--data DIR] [--private | --join FILE]
             [--announce on|off]
                                                       change the settings; install.sh calls it

One key for each device: if one is lost, the others need not change. --add-only makes a key that cannot delete, so
that nobody who takes over that computer can either; free up space from a device whose key may.
--locked asks for a password without which the code is useless, to send it by mail.
`

// exit codes
const (
	failed = 1
	misuse = 2
)

// errUsage: the command line makes no sense.
var errUsage = errors.New("see roost-node --help")

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "roost-node:", err)
	if errors.Is(err, errUsage) {
		os.Exit(misuse)
	}
	os.Exit(failed)
}

func run(args []string, out, notes io.Writer) error {
	m := machine{etc: from("ROOST_NODE_ETC", "/etc/roost-node"), run: from("ROOST_NODE_RUN", "/run/roost-node"), out: out, notes: notes}
	flags, rest, err := split(args)
	if err != nil {
		return err
	}
	verb := strings.Join(rest[:min(2, len(rest))], " ")
	name := ""
	if len(rest) == 3 {
		name = rest[2]
	}
	switch {
	case len(args) == 0, flags.has("help"), verb == "help":
		_, err := io.WriteString(out, help)
		return err
	case verb == "configure":
		return m.configure(flags)
	case verb == "check":
		return m.check()
	case verb == "announce" && len(rest) == 1:
		return m.announce()
	case verb == "network" && len(rest) == 1:
		return m.tellNetwork()
	case verb == "network make" && len(rest) == 2:
		if err := m.changeNetwork(options{"private": ""}); err != nil {
			return err
		}
		return m.showNetwork()
	case verb == "network join" && name != "":
		return m.changeNetwork(options{"join": name})
	case verb == "network leave" && len(rest) == 2:
		return m.changeNetwork(options{"quiet": ""})
	case verb == "network show" && len(rest) == 2:
		return m.showNetwork()
	case verb == "access list":
		return m.listAccess()
	case verb == "access add" && name != "":
		return m.addAccess(name, flags.has("add-only"), flags.has("locked"))
	case verb == "access show" && name != "":
		return m.showAccess(name, flags.has("locked"))
	case verb == "access remove" && name != "":
		return m.removeAccess(name)
	}
	return errUsage
}

// machine is where things are.
type machine struct {
	etc, run   string
	out, notes io.Writer
}

func (m machine) path(name string) string { return filepath.Join(m.etc, name) }

func from(variable, otherwise string) string {
	if v := os.Getenv(variable); v != "" {
		return v
	}
	return otherwise
}

// options are the --flags of a command line; switches have the value "".
type options map[string]string

func (o options) has(name string) bool {
	_, given := o[name]
	return given
}

var (
	switches = []string{"help", "add-only", "locked", "private"}
	settable = []string{"name", "limit", "address", "port", "listen", "public-host", "platform", "data", "user", "join", "announce"}
)

func split(args []string) (options, []string, error) {
	flags := options{}
	var rest []string
	for i := 0; i < len(args); i++ {
		name, flag := strings.CutPrefix(args[i], "--")
		name, value, attached := strings.Cut(name, "=")
		switch {
		case !flag:
			rest = append(rest, args[i])
			continue
		case slices.Contains(switches, name) && !attached:
		case slices.Contains(settable, name) && attached:
		case slices.Contains(settable, name) && i+1 < len(args):
			i++
			value = args[i]
		default:
			return nil, nil, fmt.Errorf("%s is not understood: %w", args[i], errUsage)
		}
		flags[name] = value // of two, the later one: the kit's own come first
	}
	return flags, rest, nil
}
