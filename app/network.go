package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"roost/syncer"
	"roost/vault/node/code"
)

func nodeNetworkCommand() *command {
	return &command{
		name: "node network", most: 1, run: nodeNetwork, ownHelp: true,
		usage: []string{"[NAME] [--make | --code-file F | --leave] […]"},
		help: `network: who may connect to a storage that this computer runs. Nobody: it is quiet, as usual. Or, in a private network, storages
that have the network's key. On another machine that Roost set up: sudo roost-node network.`,
		flags: []flag{
			{name: "make", help: "make a private network"},
			{name: "code-file", arg: "F", help: "join: a code, a picture, or a swarm.key; - is stdin"},
			{name: "leave", help: "be quiet again; what is stored stays"},
			{name: "port", arg: "N", help: "where the others find it, over TCP: 5444"},
			{name: "listen", arg: "IP", help: "at this address of this computer only"},
			{name: "show", help: "show the network's code, with which one more joins"},
			{name: "key-out", arg: "F", help: "write the key to a new file F, for any IPFS program"},
		},
	}
}

type networkAnswer struct {
	Name      string   `json:"name"`
	Level     string   `json:"level"` // quiet or private
	Port      int      `json:"port,omitempty"`
	Listen    string   `json:"listen,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Members   []string `json:"members,omitempty"`
	Code      string   `json:"code,omitempty"` // a secret; with --show
	KeyFile   string   `json:"key_file,omitempty"`
}

func nodeNetwork(ctx context.Context, c *call) (answer, error) {
	kind := ""
	for _, name := range []string{"make", "code-file", "leave"} {
		if c.has(name) && kind != "" {
			return nil, usage(c.command, "Give one of --make, --code-file and --leave.")
		}
		if c.has(name) {
			kind = name
		}
	}
	ch := syncer.NetworkChange{Make: kind == "make", Leave: kind == "leave", Listen: c.value("listen")}
	if len(c.rest) > 0 {
		ch.Storage = c.rest[0]
	}
	for _, name := range []string{"port", "listen"} {
		if c.has(name) && (kind == "" || ch.Leave) {
			return nil, usage(c.command, "--%s goes with --make or --code-file.", name)
		}
	}
	var err error
	if c.has("port") {
		if ch.Port, err = strconv.Atoi(c.value("port")); err != nil || ch.Port < 1 {
			return nil, usage(c.command, "%q is no port.", c.value("port"))
		}
	}
	if kind == "code-file" {
		text, passphrase, err := c.codeText(ctx)
		if err != nil {
			return nil, err
		}
		ch.Join, ch.Password = []byte(text), passphrase
	}
	var file *wordsFile
	if c.has("key-out") {
		if file, err = createWordsFile(c.command, c.value("key-out")); err != nil {
			return nil, err
		}
	}
	var n *syncer.Network
	err = c.work(ctx, func(e engine) (err error) {
		if kind == "" {
			n, err = e.Network(ctx, ch.Storage)
		} else {
			n, err = e.SetNetwork(ctx, ch)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, file.discard())
	}
	return c.networkSaid(n, file)
}

// networkSaid gives the secrets to who asked for them, and to nobody else.
func (c *call) networkSaid(n *syncer.Network, file *wordsFile) (answer, error) {
	a := networkAnswer{Name: n.Storage, Level: n.Level, Port: n.Port, Listen: n.Listen, Addresses: n.Addresses, Members: n.Members}
	if (c.has("show") || c.has("key-out")) && n.Level != syncer.LevelPrivate {
		return a, errors.Join(usage(c.command, "%s is in no private network, so there is no code.", n.Storage), file.discard())
	}
	if c.has("show") {
		a.Code = n.Code
	}
	if file != nil {
		if err := file.write([]string{strings.TrimSpace(n.KeyFile)}); err != nil {
			return a, computerError("the key could not be written to the file", err)
		}
		a.KeyFile = c.value("key-out")
	}
	return a, nil
}

func (a networkAnswer) people(w io.Writer) {
	if a.Level == syncer.LevelQuiet {
		fmt.Fprintf(w, "%s is quiet: it looks for nobody, tells nobody, and gives what it holds to who has its key.\n", shown(a.Name))
		return
	}
	fmt.Fprintf(w, "%s is in a private network, at port %d. Only who has the network's key can connect.\n", shown(a.Name), a.Port)
	for _, at := range a.Addresses {
		fmt.Fprintf(w, "  here    %s\n", at)
	}
	for _, at := range a.Members {
		fmt.Fprintf(w, "  member  %s\n", at)
	}
	if a.KeyFile != "" {
		fmt.Fprintf(w, "The key is in %s. It is a secret.\n", shown(a.KeyFile))
	}
	if a.Code == "" {
		return
	}
	fmt.Fprintf(w, "\nThe network's code, for one more storage and nobody else:\n\n%s\n", a.Code)
	if picture, err := code.Terminal(a.Code); err == nil { // a code that is too long for a picture is there as text
		fmt.Fprintf(w, "\n%s", picture)
	}
}
