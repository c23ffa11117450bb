package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"roost/syncer"
	"roost/vault/format"
	"roost/vault/node"
)

// storageFlags say which storage is meant.
var storageFlags = []flag{
	{name: "node", arg: "URL", help: "a Kubo node that runs by itself: https://host:port"},
	{name: "token-file", arg: "F", help: "the file with the token that the node asks for"},
	{name: "code-file", arg: "F", help: "the file with a connection code, text or picture"},
	{name: "local", arg: "DIR", bare: true, help: "a storage run by Roost in DIR, else in its home"},
	{name: "cluster", arg: "URL", help: "REST API of the IPFS Cluster that the node is in"},
	{name: "cluster-token-file", arg: "F", help: "the file with what that asks for: USER:PASSWORD"},
	{name: "cluster-copies", arg: "N", help: "members that shall hold everything, else all"},
	{name: "cluster-cert", arg: "HEX", help: "SHA-256 of the certificate that it shows"},
}

// setupStorageFlags leave out what is said of a cluster later, or with node add: a help fits a screen.
var setupStorageFlags = storageFlags[:len(storageFlags)-2]

func setupCommand() *command {
	return &command{
		name: "setup",
		usage: []string{
			"--new [--node URL [--token-file F] | --code-file F | --local [DIR]] [--words-out F] [--name N]",
			"--recover (--node URL [--token-file F] | --code-file F | --local DIR) [--words-file F] [--replace NAME] [--name N]",
			"--recover --find-by-words --node URL [--token-file F] [--words-file F] [--replace NAME] [--name N]",
		},
		about: "start a backup, or get one back with its 24 words",
		help: `A new backup gets 24 recovery words: with them and the storage, everything comes back on any computer; without
them, nothing does. They are shown, or written to a new file that only you may read (--words-out).

--recover makes this computer one more device of a backup that exists. It changes nothing on the storage. The computer
gets its own name, with a number where another one has that, or the one in --name. With --replace it takes the place of
another computer, once every folder here is saved and a test restore went well. Nothing is deleted before.

With --find-by-words the node is any IPFS node of yours, and is asked where the storage is. That works where a computer
of yours was told to leave a note (roost set find-by-words on) and ran within the last two days. A storage that lets
everybody in is used as it is; from one that gives its blocks away, the node fetches all of them and is the storage from
then on.`,
		flags: append([]flag{
			{name: "new", help: "start a new backup"},
			{name: "recover", help: "get a backup back"},
			{name: "words-out", arg: "F", help: "write the new words to F instead of showing them"},
			{name: "words-file", arg: "F", help: "read the words from F; - is standard input"},
			{name: "find-by-words", help: "ask the node where the storage is"},
			{name: "replace", arg: "NAME", help: "the computer that this one takes the place of"},
			{name: "name", arg: "N", help: "what this computer is called in the backup"},
		}, setupStorageFlags...),
		run: setup,
	}
}

type setupAnswer struct {
	Words       []string      `json:"words,omitempty"` // of a new backup
	Fingerprint string        `json:"fingerprint"`
	Device      string        `json:"device"`
	Devices     []deviceJSON  `json:"devices"`
	Problems    []problemJSON `json:"problems"`          // what of the backup cannot be used
	Storage     string        `json:"storage,omitempty"` // that was found by the words

	recovered bool
	replaces  string
	wordsFile string
	local     string
}

type deviceJSON struct {
	Name   string `json:"name"`
	Newest stamp  `json:"newest"`
}

func setup(ctx context.Context, c *call) (answer, error) {
	mode, err := c.oneOf("new", "recover")
	if err != nil {
		return nil, usage(c.command, "%v", err)
	}
	recovering := mode == "recover"
	if recovering && c.has("words-out") {
		return nil, usage(c.command, "--words-out is for a new backup.")
	}
	if !recovering && c.has("replace") {
		return nil, usage(c.command, "--replace is for getting a backup back.")
	}
	if !recovering && c.has("find-by-words") {
		return nil, usage(c.command, "--find-by-words is for getting a backup back.")
	}
	if c.has("find-by-words") && c.has("local") {
		return nil, usage(c.command, "--find-by-words asks a node that others reach: --node, or --code-file.")
	}
	if !recovering && c.has("words-file") {
		return nil, usage(c.command, "--words-file is for getting a backup back: a new one makes its own words.")
	}
	if c.value("words-file") == "-" && c.value("code-file") == "-" {
		return nil, usage(c.command, "Standard input holds the words or the code: give one of them in a file.")
	}
	opts, err := c.options(ctx)
	if err != nil {
		return nil, err
	}
	how := syncer.SetupOptions{LocalDir: syncer.OwnStorage(opts.Home)} // a new backup without a word about it
	if recovering || c.namesStorage() {
		if how, err = c.storage(ctx, opts.Home); err != nil {
			return nil, err
		}
	}
	if recovering {
		if c.has("local") && c.value("local") == "" {
			return nil, usage(c.command, "Say where the storage is: --local DIR.")
		}
		if how.Words, err = c.recoveryWords(ctx); err != nil {
			return nil, err
		}
		// Words that are none must never make a new backup.
		if _, err := format.EntropyFromWords(how.Words); err != nil {
			return nil, err
		}
	}
	how.Replaces, how.Device, how.FindByWords = c.value("replace"), strings.TrimSpace(c.value("name")), c.has("find-by-words")
	if c.has("name") && (how.Device == "" || len(how.Device) > format.MaxDeviceName) {
		return nil, usage(c.command, "A computer's name has 1 to %d bytes.", format.MaxDeviceName)
	}
	var m *meter
	if how.FindByWords {
		m = c.meter()
		how.Report = m.report()
	}
	defer m.end()
	var sheet *wordsFile
	if c.has("words-out") {
		if sheet, err = createWordsFile(c.command, c.value("words-out")); err != nil {
			return nil, err
		}
	}
	useLargePages()
	got, err := syncer.Setup(ctx, opts, how)
	m.end()
	if err != nil {
		return nil, errors.Join(err, sheet.discard())
	}
	a := setupAnswer{
		Words: got.Words, Fingerprint: got.Fingerprint, Device: got.Device, Devices: []deviceJSON{}, Problems: c.warn(got.Problems),
		Storage: got.Storage, recovered: recovering, replaces: how.Replaces, wordsFile: c.value("words-out"), local: how.LocalDir,
	}
	for _, d := range got.Devices {
		a.Devices = append(a.Devices, deviceJSON{d.Name, stamp(d.Newest)})
	}
	if err := sheet.write(got.Words); err != nil {
		a.wordsFile = "" // they are shown instead
		return a, computerError("the backup is set up, but its recovery words could not be written to the file", err)
	}
	return a, nil
}

// storage reads which storage the flags mean.
func (c *call) storage(ctx context.Context, home string) (syncer.SetupOptions, error) {
	var how syncer.SetupOptions
	kind, err := c.oneOf("node", "code-file", "local")
	if err != nil {
		return how, usage(c.command, "%v", err)
	}
	if kind != "node" && c.has("token-file") {
		return how, usage(c.command, "--token-file goes with --node.")
	}
	if err := c.cluster(&how, kind); err != nil {
		return how, err
	}
	how.AllowHTTP = c.has("allow-http")
	if kind == "local" {
		how.AllowHTTP = false
		dir := c.value("local")
		if dir == "" {
			dir = filepath.Join(home, "storage")
		}
		if how.LocalDir, err = filepath.Abs(dir); err != nil {
			return how, computerError("the storage's folder could not be found", err)
		}
		return how, nil
	}
	if kind == "code-file" {
		given, err := c.connectionCode(ctx)
		if err != nil {
			return how, err
		}
		how.UseCode(given)
	} else {
		how.URL = c.value("node")
	}
	if name := c.value("token-file"); name != "" {
		if how.Token, err = readToken(name); err != nil {
			return how, usage(c.command, "The token could not be read: %v", err)
		}
	}
	err = how.Reachable()
	switch {
	case errors.Is(err, node.ErrInsecure):
		return how, usage(c.command, "%v: use https, or allow it with --allow-http", err)
	case err != nil:
		return how, usage(c.command, "%v", err)
	}
	return how, nil
}

// namesStorage tells whether a flag says which storage is meant.
func (c *call) namesStorage() bool {
	return slices.ContainsFunc(storageFlags, func(f flag) bool { return c.has(f.name) })
}

// cluster reads which cluster the storage is a member of, if it is.
func (c *call) cluster(how *syncer.SetupOptions, kind string) error {
	if !c.has("cluster") {
		for _, f := range storageFlags {
			if strings.HasPrefix(f.name, "cluster-") && c.has(f.name) {
				return usage(c.command, "--%s goes with --cluster.", f.name)
			}
		}
		return nil
	}
	if kind == "local" {
		return usage(c.command, "--cluster goes with --node or --code-file: a cluster has Kubos of its own.")
	}
	how.ClusterURL, how.ClusterFingerprint = c.value("cluster"), c.value("cluster-cert")
	if text := c.value("cluster-copies"); text != "" {
		n, err := readCopies(text)
		if err != nil {
			return usage(c.command, "%v", err)
		}
		how.ClusterCopies = n
	}
	if name := c.value("cluster-token-file"); name != "" {
		var err error
		if how.ClusterToken, err = readToken(name); err != nil {
			return usage(c.command, "The cluster's token could not be read: %v", err)
		}
	}
	return nil
}

// readCopies reads how many members of a cluster shall hold everything: a number, or all, which is 0.
func readCopies(text string) (int, error) {
	if strings.EqualFold(text, "all") {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > node.MostCopies {
		return 0, fmt.Errorf("%q is no number of copies. It is one between 1 and %d, or all", text, node.MostCopies)
	}
	return n, nil
}

// maxToken is in bytes.
const maxToken = 64 << 10

func readToken(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > maxToken:
		return "", fmt.Errorf("%s is too long for a token", name)
	case strings.TrimSpace(string(b)) == "":
		return "", fmt.Errorf("%s is empty", name)
	}
	return strings.TrimSpace(string(b)), nil
}

// wordsFile is a file for the words that is made before there are any, so that what cannot be written is known early.
// A nil one is none: nothing happens.
type wordsFile struct{ file *os.File }

// createWordsFile makes the file. An empty one is made anew: a setup that was cut off left it.
func createWordsFile(c *command, name string) (*wordsFile, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if fi, lerr := os.Lstat(name); lerr == nil && fi.Mode().IsRegular() && fi.Size() == 0 && os.Remove(name) == nil {
			f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, usage(c, "%s exists, and is not overwritten.", name)
	case errors.Is(err, fs.ErrNotExist):
		return nil, usage(c, "The folder of %s does not exist.", name)
	case err != nil:
		return nil, computerError("the file for the recovery words could not be made", err)
	}
	return &wordsFile{f}, nil
}

// write writes the words on one line.
func (w *wordsFile) write(words []string) error {
	if w == nil {
		return nil
	}
	_, err := w.file.WriteString(strings.Join(words, " ") + "\n")
	if err == nil {
		err = w.file.Sync()
	}
	return errors.Join(err, w.file.Close())
}

// discard removes the file again.
func (w *wordsFile) discard() error {
	if w == nil {
		return nil
	}
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}

func (a setupAnswer) people(w io.Writer) {
	if a.recovered {
		fmt.Fprintf(w, "Your backup is here. This computer is one more device of it, %q.\n\n", a.Device)
		for _, d := range a.Devices {
			fmt.Fprintf(w, "  %s, newest version: %s\n", shown(d.Name), when(time.Time(d.Newest)))
		}
		if a.Storage != "" {
			fmt.Fprintf(w, "\nThe words led to it. Its storage is %s from now on.\n", shown(a.Storage))
		}
		if a.replaces != "" {
			fmt.Fprintf(w, "\nIt takes the place of %s once its folders are saved and a test restore went well.\n", shown(a.replaces))
		}
		fmt.Fprintf(w, "\nIts four words: %s\n", a.Fingerprint)
		fmt.Fprintln(w, "Next: roost snapshots, then roost restore latest --to DIR")
		return
	}
	fmt.Fprintf(w, "Your backup is set up. This computer is %q in it.\n\n", a.Device)
	if a.wordsFile != "" {
		fmt.Fprintf(w, "The recovery words are in %s.\nPrint them, or write them down, and keep them away from this computer.\n", a.wordsFile)
	} else {
		fmt.Fprint(w, "These are your recovery words. Write them down and keep the sheet safe:\n\n", wordGrid(a.Words), "\n")
	}
	fmt.Fprintln(w, "With them and your storage everything comes back on any computer. Without\nthem nobody can bring it back.")
	if a.local != "" {
		fmt.Fprintf(w, "\nThe storage is on this computer: %s\nIt helps when a file is lost, not when the disk or the computer is.\n", a.local)
	}
	fmt.Fprintf(w, "\nIts four words: %s\n", a.Fingerprint)
	fmt.Fprintln(w, "Next: roost folder add DIR, then roost backup")
}
