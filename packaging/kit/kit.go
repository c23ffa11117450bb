// Package kit writes what makes another machine a storage: a folder with an install script, the programs, their services
// and a guide. No secret is in it: keys are made on that machine.
package kit

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"roost/vault/node/code"
)

// Platforms are the kinds of machine that there is a kit for.
var Platforms = []string{"pi", "server", "nas"}

// Options say what the kit is for.
type Options struct {
	Dir      string   // is made; or an earlier kit, which is replaced
	Platform string   // one of Platforms
	Name     string   // of the storage; "": the machine's own
	Limit    int64    // bytes that the devices may fill; 0: the disk
	Address  []string // host or host:port that work from elsewhere
	Port     int      // 0: 5443
	Private  bool     // it makes a private network, unless it is told to join one
	Parts    string   // the folder that make kit wrote; "": where FindParts finds it
}

// Written is a kit.
type Written struct {
	Dir   string
	Files []string // names in Dir, sorted
	Next  []string // what to do with it, one step each
}

var (
	// ErrNoParts: the programs for the other machine are not on this computer.
	ErrNoParts = errors.New("the programs for the other machine are missing")
	// ErrNotEmpty: the folder holds something else.
	ErrNotEmpty = errors.New("the folder holds something that is no node kit")
	// ErrWrite: its folder cannot be made or filled.
	ErrWrite = errors.New("write the node kit")
	// ErrOptions: what was asked for makes no sense; the text says why.
	ErrOptions = errors.New("there is no such node kit")
)

//go:embed files
var files embed.FS

const (
	sumsFile    = "SHA256SUMS" // of the parts, as sha256sum writes it
	defaultPort = 5443
)

// parts are the programs, for both kinds of processor.
var parts = []string{"ipfs-amd64", "ipfs-arm64", "roost-node-amd64", "roost-node-arm64"}

// FindParts returns the folder with the programs: what ROOST_KIT names, else kit beside our own executable.
func FindParts() (string, error) {
	dir := os.Getenv("ROOST_KIT")
	if dir == "" {
		self, err := os.Executable()
		if err == nil {
			self, err = filepath.EvalSymlinks(self)
		}
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrNoParts, err)
		}
		dir = filepath.Join(filepath.Dir(self), "kit")
	}
	if _, err := os.Stat(filepath.Join(dir, sumsFile)); err != nil {
		return "", fmt.Errorf("%w: %s has no %s", ErrNoParts, dir, sumsFile)
	}
	return dir, nil
}

// Write writes a kit. install.sh comes last, so that one that is there has everything that it needs beside it.
func Write(o Options) (*Written, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	var err error
	if o.Parts == "" {
		if o.Parts, err = FindParts(); err != nil {
			return nil, err
		}
	}
	sums, err := readSums(filepath.Join(o.Parts, sumsFile))
	if err != nil {
		return nil, err
	}
	if err := claim(o.Dir); err != nil {
		return nil, err
	}
	w := &Written{Dir: o.Dir}
	for _, name := range parts {
		if err := copyPart(filepath.Join(o.Dir, name), filepath.Join(o.Parts, name), sums[name]); err != nil {
			return nil, err
		}
		w.Files = append(w.Files, name)
	}
	names := map[string]string{"README.md": o.Platform + ".md"}
	last := "install.sh"
	if o.Platform == "nas" {
		names["docker-compose.yml"] = "docker-compose.yml"
		last = "start.sh"
	} else {
		for _, unit := range []string{"roost-node.service", "roost-proxy.service", "roost-announce.service"} {
			names[unit] = unit
		}
	}
	fill := o.fill(sums)
	for _, name := range append(slices.Sorted(maps.Keys(names)), last) {
		from := names[name]
		if name == last {
			from = last
		}
		text, err := files.ReadFile("files/" + from)
		if err != nil {
			panic(err) // it is embedded
		}
		if err := write(filepath.Join(o.Dir, name), strings.NewReader(fill.Replace(string(text))), name == last); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrWrite, err)
		}
		w.Files = append(w.Files, name)
	}
	slices.Sort(w.Files)
	w.Next = o.next()
	return w, nil
}

func (o *Options) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrOptions, fmt.Sprintf(format, args...))
	}
	if !slices.Contains(Platforms, o.Platform) {
		return wrong("a kit is for one of %s", strings.Join(Platforms, ", "))
	}
	if o.Port == 0 {
		o.Port = defaultPort
	}
	if o.Port < 1 || o.Port > 65535 {
		return wrong("a port is a number from 1 to 65535")
	}
	if o.Limit < 0 {
		return wrong("a limit is a size")
	}
	if o.Dir == "" {
		return wrong("it needs a folder")
	}
	c := code.Code{Name: o.Name, Addresses: []string{"https://localhost"}}
	for _, a := range o.Address {
		c.Addresses = append(c.Addresses, "https://"+a)
	}
	if err := c.Check(); err != nil {
		return wrong("%v", err)
	}
	if strings.ContainsAny(o.Name, "\"'\\$`{}#:") {
		return wrong("the name of a storage has letters, digits and blanks")
	}
	return nil
}

// fill puts what was chosen in the place of the files' @WORDS@.
func (o Options) fill(sums map[string]string) *strings.Replacer {
	var list, flags []string
	for _, name := range parts {
		list = append(list, sums[name]+" "+name)
	}
	add := func(flag, value string) {
		if value != "" {
			flags = append(flags, "--"+flag, "'"+strings.ReplaceAll(value, "'", `'\''`)+"'")
		}
	}
	limit := ""
	if o.Limit > 0 {
		limit = strconv.FormatInt(o.Limit, 10)
	}
	add("name", o.Name)
	add("limit", limit)
	add("address", strings.Join(o.Address, ","))
	add("port", strconv.Itoa(o.Port))
	if o.Private {
		flags = append(flags, "--private")
	}
	limits := "CPUWeight=80"
	if o.Platform == "pi" {
		limits = "CPUWeight=50\nMemoryHigh=50%"
	}
	name := o.Name
	if name == "" {
		name = "network drive"
	}
	return strings.NewReplacer(
		"@PLATFORM@", o.Platform, "@DEFAULTS@", strings.Join(flags, " "), "@SUMS@", strings.Join(list, "\n"),
		"@LIMITS@", limits, "@NAME@", name, "@LIMIT@", limit, "@PORT@", strconv.Itoa(o.Port),
	)
}

func (o Options) next() []string {
	if o.Platform == "nas" {
		return []string{
			"Copy " + o.Dir + " to the network drive.",
			"There, write ROOST_ADDRESS=its address into the file .env, and run: docker compose up -d",
			"Print the connection code: docker compose exec storage roost-node access show owner",
			"Here: roost node add --code-file -   (or roost setup --new --code-file -), and paste the code.",
		}
	}
	return []string{
		"Copy " + o.Dir + " to the other machine, on a USB stick or with scp -r.",
		"There: sudo sh " + filepath.Base(o.Dir) + "/install.sh",
		"It prints a connection code. Here: roost node add --code-file -   (or roost setup --new --code-file -), and paste it.",
	}
}

// claim makes the folder, or takes one that is empty or an earlier kit.
func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("%w: make the folder of the node kit: %w", ErrWrite, err)
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%w: look into the folder of the node kit: %w", ErrWrite, err)
	}
	isKit := slices.ContainsFunc(there, func(e fs.DirEntry) bool { return e.Name() == parts[0] })
	if len(there) > 0 && !isKit {
		return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
	}
	for _, script := range []string{"install.sh", "start.sh"} { // of a kit that is no longer whole from here on
		if err := os.Remove(filepath.Join(dir, script)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: replace the node kit: %w", ErrWrite, err)
		}
	}
	return nil
}

// readSums reads the sums of all parts.
func readSums(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoParts, err)
	}
	sums := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) != 2 {
			continue
		}
		if raw, err := hex.DecodeString(fields[0]); err == nil && len(raw) == sha256.Size {
			sums[strings.TrimPrefix(fields[1], "*")] = fields[0]
		}
	}
	for _, name := range parts {
		if sums[name] == "" {
			return nil, fmt.Errorf("%w: %s does not list %s", ErrNoParts, path, name)
		}
	}
	return sums, nil
}

// copyPart copies one program and proves that it arrived as it was built.
func copyPart(to, from, sum string) error {
	f, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoParts, err)
	}
	defer f.Close()
	h := sha256.New()
	if err := write(to, io.TeeReader(f, h), true); err != nil {
		return fmt.Errorf("%w: %w", ErrWrite, err)
	}
	if hex.EncodeToString(h.Sum(nil)) != sum {
		return errors.Join(fmt.Errorf("%w: %s is not what make kit built; run it again", ErrNoParts, from), os.Remove(to))
	}
	return nil
}

func write(path string, from io.Reader, executable bool) error {
	mode := fs.FileMode(0o644)
	if executable {
		mode = 0o755
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
